import { describe, expect, it } from 'vitest';
import {
  mirrorsOf,
  parseAptProxies,
  parseAptSources,
  templateProxies,
  templateSources,
} from '../../../../local/node/backend/lxc/apt-sources.ts';
import { referencedBytes } from '../../../../local/node/backend/lxc/btrfs-trees.ts';
import { dnsmasqCommand } from '../../../../local/node/backend/lxc/dnsmasq.ts';
import { iptablesChanges, nftChanges } from '../../../../local/node/backend/lxc/firewall-rules.ts';
import { parseInterfaces } from '../../../../local/node/backend/lxc/guest-interfaces.ts';
import { fingerprint, hostKeyComment } from '../../../../local/node/backend/lxc/host-keys.ts';
import { parseNetwork } from '../../../../local/node/backend/lxc/host-network.ts';
import { chooseIdRange, grantsRange } from '../../../../local/node/backend/lxc/id-range.ts';
import { bridgeAddress, hostInterface } from '../../../../local/node/backend/lxc/interface-names.ts';
import { startLogLines } from '../../../../local/node/backend/lxc/lxc-log.ts';
import { quoteCommand, runChecked, runCommand } from '../../../../local/node/backend/lxc/run-command.ts';
import { volumeFolder } from '../../../../local/node/backend/lxc/volume-store.ts';

describe('subordinate ids', () => {
  it.each([
    ['', '', 100000],
    ['root:100000:65536\n', 'root:100000:65536\n', 100000],
    ['me:100000:65536\n', 'me:100000:65536\n', 165536],
    ['me:100000:65536\nyou:165536:65536\n', '', 231072],
    ['root:100000:65536\n', '', 165536],
    ['root:500000:1000000\n', 'root:500000:1000000\n', 500000],
    ['# nothing\nbroken\n', '', 100000],
  ])('%j and %j start at %i', (subuid, subgid, start) => {
    expect(chooseIdRange(subuid, subgid)).toEqual({ start, count: 65536 });
  });

  it('are granted by a range around them', () => {
    expect(grantsRange('root:100000:200000\n', { start: 165536, count: 65536 })).toBe(true);
    expect(grantsRange('me:100000:200000\n', { start: 165536, count: 65536 })).toBe(false);
  });
});

describe('names of interfaces', () => {
  it('are Proxmox VE’s for the first node, and never too long', () => {
    expect(hostInterface('pgobr0', 100, 0)).toBe('veth100i0');
    expect(hostInterface('pgobr1', 100, 0)).toBe('pg1v100i0');
    expect(hostInterface('pgobr0', 999999999, 31).length).toBeLessThanOrEqual(15);
    expect(hostInterface('pgobr0', 999999999, 31)).not.toBe(hostInterface('pgobr0', 999999999, 30));
  });

  it('go with an address that is local, no group’s, and always the same', () => {
    expect(bridgeAddress('ab', 'pgobr0')).toMatch(/^02(:[0-9a-f]{2}){5}$/);
    expect(bridgeAddress('ab', 'pgobr0')).toBe(bridgeAddress('ab', 'pgobr0'));
    expect(bridgeAddress('ab', 'pgobr0')).not.toBe(bridgeAddress('cd', 'pgobr0'));
  });
});

describe('a network', () => {
  it('has the bridge as its first address', () => {
    expect(parseNetwork('10.91.0.0/16')).toEqual({ gateway: '10.91.0.1', prefix: 16 });
  });

  it.each(['10.91.0.0', '10.91.0.0/33', '10.999.0.0/16', 'x'])('is not %s', (text) => {
    expect(() => parseNetwork(text)).toThrow(`'${text}' is not an IPv4 network`);
  });
});

describe('other firewalls', () => {
  it('of iptables get rules only where they drop', () => {
    expect(iptablesChanges('-P INPUT ACCEPT\n-P FORWARD ACCEPT\n', 'br')).toEqual([]);
    const chains = (rules: string): readonly string[] =>
      iptablesChanges(rules, 'br').flatMap((change) => (change.kind === 'iptables' ? [change.chain] : []));
    expect(chains('-P INPUT DROP\n-P FORWARD DROP\n')).toEqual(['FORWARD', 'FORWARD', 'INPUT', 'INPUT']);
    expect(chains('-P FORWARD DROP\n-N DOCKER-USER\n')).toEqual(['DOCKER-USER', 'DOCKER-USER']);
  });

  it('of nft get rules in chains that drop, but not in our own or iptables’', () => {
    const chain = (table: string, hook: string, policy: string): object => ({
      chain: { family: 'ip', table, name: 'FORWARD', hook, policy },
    });
    const listing = JSON.stringify({
      nftables: [
        { metainfo: {} },
        chain('mine', 'forward', 'drop'),
        chain('filter', 'forward', 'drop'),
        chain('x', 'forward', 'accept'),
      ],
    });
    const tables = (iptables: boolean): readonly string[] =>
      nftChanges(listing, 'br', 'mine', iptables).flatMap((change) =>
        change.kind === 'nft-rule' ? [change.table] : [],
      );
    expect(tables(false)).toEqual(['filter']);
    expect(tables(true)).toEqual([]);
  });
});

describe('dnsmasq', () => {
  const network = { bridge: 'pgobr0', gateway: '10.91.0.1', prefix: 16, network: '10.91.0.0/16' };
  const command = (...nameservers: readonly string[]): readonly string[] =>
    dnsmasqCommand(network, { nameservers, search: [] }, '/s/pid', '/s/leases');

  it('only leases addresses where containers reach the host’s servers themselves', () => {
    expect(command('192.0.2.53')).toContain('--port=0');
    expect(command('192.0.2.53')).toContain('--dhcp-option=option:dns-server,192.0.2.53');
    expect(command('192.0.2.53')).toContain('--dhcp-range=10.91.254.1,10.91.254.254,12h');
  });

  it('answers for names where they cannot', () => {
    expect(command()).toContain('--port=53');
    expect(command()).toContain('--dhcp-option=option:dns-server,10.91.0.1');
  });
});

describe('apt’s sources', () => {
  const sources = parseAptSources(
    'debian.sources',
    'Types: deb\n# a note\nURIs: http://mirror.example/debian/\nSuites: bookworm\n bookworm-updates\nComponents: main\n\nTypes: deb-src\nURIs: http://src.example\nSuites: bookworm\nComponents: main\n',
  );

  it('give the machine’s own mirror, and Debian’s for what is missing', () => {
    expect(mirrorsOf(sources, 'bookworm')).toEqual({
      archive: 'http://mirror.example/debian',
      security: 'http://deb.debian.org/debian-security',
    });
  });

  it('are read in the old form too', () => {
    const old = parseAptSources(
      'x.list',
      'deb [signed-by=/x] https://m.example/d bookworm main contrib # note\n#deb http://no.example x main\n',
    );
    expect(old).toEqual([{ uri: 'https://m.example/d', suites: ['bookworm'], components: ['main', 'contrib'] }]);
  });

  it('of a template name no login and no service on the host’s loopback', () => {
    const text = templateSources('trixie', {
      archive: 'http://localhost:3142/debian',
      security: 'https://me:pw@m.example/s',
    });
    expect(text).not.toMatch(/localhost|pw@/);
    expect(text).toContain('deb http://deb.debian.org/debian trixie-updates main');
    expect(templateProxies({ http: 'http://127.0.0.1:3142', https: 'http://proxy.example:8080' })).toBe(
      'Acquire::https::Proxy "http://proxy.example:8080";\n',
    );
  });

  it('come with apt’s proxies', () => {
    expect(
      parseAptProxies('Acquire "";\nAcquire::http::Proxy "http://p:1";\nAcquire::https::proxy "DIRECT";\n'),
    ).toEqual({ http: 'http://p:1' });
  });
});

describe('what programs print', () => {
  it('lxc’s log, as Proxmox VE shows it', () => {
    const text = [
      'lxc-start 130 20251121102233.123 ERROR    conf - ../src/lxc/conf.c:run_buffer:322 - Script exited with status 2',
      'lxc-start 130 20251121102233.124 WARN     cgfsng - ../src/lxc/cgroups/cgfsng.c:x:1 - harmless',
    ].join('\n');
    expect(startLogLines(text)).toEqual(['run_buffer: 322 Script exited with status 2']);
  });

  it('ip’s addresses', () => {
    const text = JSON.stringify([
      {
        ifname: 'eth0',
        address: 'bc:24:11:00:00:01',
        addr_info: [{ family: 'inet', local: '10.0.0.2', prefixlen: 16 }],
      },
      {},
    ]);
    expect(parseInterfaces(text)).toEqual([
      { name: 'eth0', hwaddr: 'bc:24:11:00:00:01', addresses: [{ address: '10.0.0.2', prefix: 16, family: 'inet' }] },
    ]);
  });

  it('btrfs’s lists', () => {
    expect(
      referencedBytes(
        'Qgroupid    Referenced    Exclusive   Path\n--------    ----------    ---------   ----\n0/258        230000000    16384   x\n',
      ),
    ).toBe(230000000);
  });

  it('ssh’s fingerprints', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Jt5aV1kE0m2m2kTqkI2m0yq2hKk3S1mH0o1dZ1m9b me@x';
    expect(fingerprint(key)).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(hostKeyComment({ vmid: 101, hostname: 'CT101' })).toBe('root@localhost');
    expect(hostKeyComment({ vmid: 101, hostname: 'web.example.org' })).toBe('root@web');
  });
});

describe('a volume’s folder', () => {
  const volume = (name: string) => ({ storage: 'local', name, vmid: 100, size: 0 });

  it('is its container’s', () => {
    expect(volumeFolder(volume('100/vm-100-disk-0.raw'))).toBe('100/vm-100-disk-0.raw');
    expect(volumeFolder(volume('vm-100-disk-0'))).toBe('100/vm-100-disk-0');
  });

  it.each(['..', '', '100/..', '.hidden', '100/'])('is never made of %j', (name) => {
    expect(() => volumeFolder(volume(name))).toThrow('unable to parse volume ID');
  });
});

describe('a command', () => {
  const plain = { timeout: 10_000 };

  it('is quoted as Proxmox VE quotes it', () => {
    expect(quoteCommand(['tar', '--xattrs-include=user.*', '-C', "it's"])).toBe(
      `tar '--xattrs-include=user.*' -C 'it'"'"'s'`,
    );
  });

  it('fails with its exit code, a deadline or an abort in the message', async () => {
    await expect(runChecked(['sh', '-c', 'exit 2'], plain)).rejects.toThrow(
      "command 'sh -c 'exit 2'' failed: exit code 2",
    );
    await expect(runChecked(['sleep', '20'], { timeout: 50 })).rejects.toThrow(
      "command 'sleep 20' failed: got timeout",
    );
    const signal = AbortSignal.timeout(50);
    await expect(runChecked(['sleep', '20'], { ...plain, signal })).rejects.toThrow('failed: received interrupt');
    await expect(runChecked(['no-such-program'], plain)).rejects.toThrow("command 'no-such-program' failed: ");
  });

  it('gets input, and gives lines as they come', async () => {
    const lines: string[] = [];
    const result = await runCommand(['cat'], { ...plain, input: 'a\nb\rc', onLine: (line) => lines.push(line) });
    expect(result).toMatchObject({ code: 0, stdout: 'a\nb\rc' });
    expect(lines).toEqual(['a', 'b', 'c']);
  });
});
