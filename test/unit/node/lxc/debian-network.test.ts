import { describe, expect, it } from 'vitest';
import type { NetworkInterface } from '../../../../local/node/backend/backend.ts';
import { debianInterfaces, networkdUnit, onLink } from '../../../../local/node/backend/lxc/debian-network.ts';

const eth0: NetworkInterface = {
  index: 0,
  name: 'eth0',
  bridge: 'vmbr0',
  hwaddr: 'bc:24:11:00:00:01',
  ip: '10.91.0.42/16',
  gw: '10.91.0.1',
  linkDown: false,
};

describe('/etc/network/interfaces', () => {
  it('has a fixed address with its gateway', () => {
    expect(debianInterfaces([eth0])).toBe(
      [
        'auto lo',
        'iface lo inet loopback',
        '',
        'auto eth0',
        'iface eth0 inet static',
        '\taddress 10.91.0.42/16',
        '\tgateway 10.91.0.1',
        '',
      ].join('\n'),
    );
  });

  it('reaches a gateway outside of its own network by a route to it', () => {
    const text = debianInterfaces([{ ...eth0, ip: '192.0.2.10/32', gw: '198.51.100.1' }]);
    expect(text).toContain('\tpost-up ip route add 198.51.100.1 dev eth0\n');
    expect(text).toContain('\tpost-up ip route add default via 198.51.100.1 dev eth0\n');
    expect(text).not.toContain('\tgateway');
  });

  it('says dhcp, manual, and IPv6', () => {
    const { gw: _, ip: __, ...bare } = eth0;
    expect(debianInterfaces([{ ...bare, ip: 'dhcp', ip6: 'auto' }])).toContain(
      'iface eth0 inet dhcp\n\niface eth0 inet6 auto\n',
    );
    expect(debianInterfaces([bare])).toContain('iface eth0 inet manual\n');
    const six = debianInterfaces([{ ...bare, ip6: '2001:db8::2/64', gw6: '2001:db8::1' }]);
    expect(six).toContain('iface eth0 inet6 static\n\taddress 2001:db8::2/64\n\tgateway 2001:db8::1\n');
  });

  it('keeps what people wrote for other interfaces, and drops what was ours', () => {
    const existing = `${debianInterfaces([eth0, { ...eth0, index: 1, name: 'lan' }])}\nauto wg0\niface wg0 inet static\n\taddress 10.0.0.1/24\n\nsource /etc/network/interfaces.d/*\n`;
    const text = debianInterfaces([eth0], existing, ['lan']);
    expect(text).toContain('auto wg0\niface wg0 inet static\n\taddress 10.0.0.1/24\n');
    expect(text).toContain('source /etc/network/interfaces.d/*');
    expect(text).not.toContain('lan');
    expect(text.match(/auto eth0/g)).toHaveLength(1);
  });

  it('is the same when it is written again', () => {
    const once = debianInterfaces([eth0], 'auto wg0\niface wg0 inet manual\n');
    expect(debianInterfaces([eth0], once)).toBe(once);
  });
});

describe('a gateway', () => {
  it.each([
    ['10.91.0.42/16', '10.91.255.1', true],
    ['10.91.0.42/24', '10.91.1.1', false],
    ['10.91.0.42/32', '10.91.0.42', true],
    ['200.1.1.1/0', '9.9.9.9', true],
    ['dhcp', '9.9.9.9', true],
  ])('of %s at %s is on the link: %s', (cidr, gateway, expected) => {
    expect(onLink(cidr, gateway)).toBe(expected);
  });
});

describe('systemd-networkd', () => {
  it('gets address and gateway', () => {
    const unit = networkdUnit(eth0);
    expect(unit).toContain('[Match]\nName=eth0\n');
    expect(unit).toContain('DHCP=no\n');
    expect(unit).toContain('Address=10.91.0.42/16\n');
    expect(unit).toContain('Gateway=10.91.0.1\n');
  });

  it('gets dhcp', () => {
    expect(networkdUnit({ ...eth0, ip: 'dhcp' })).toMatch(/DHCP=ipv4\n(?!.*Address=)/s);
  });
});
