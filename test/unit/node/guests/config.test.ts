import { describe, expect, it } from 'vitest';
import { digestOf, emptyConfig, parseConfig, printConfig } from '../../../../local/node/guests/config.ts';

describe('a config file', () => {
  it('has the digest that a real server gave for these values (row 84)', () => {
    const config = emptyConfig();
    config.values = {
      unprivileged: '1',
      swap: '512',
      rootfs: 'local-btrfs:100/vm-100-disk-0.raw,size=2G',
      ostype: 'debian',
      net0: 'name=eth0,bridge=vmbr0,gw=10.88.0.1,hwaddr=BC:24:11:C0:D0:2F,ip=10.88.0.100/24,type=veth',
      memory: '256',
      hostname: 'ct100',
      cores: '1',
      arch: 'amd64',
    };
    expect(digestOf(printConfig(config))).toBe('c9727831f96f1f2c2d61af47f93ec2d5eef92159');
  });

  it.each([
    ['two lines', 'line1\nline2 ä # <b>x</b>', 'line1\nline2 ä # <b>x</b>\n'],
    [
      'brackets, a return and blank lines at the end (row 1107)',
      '# heading\n[brackets]\r\nend: x\n\n',
      '# heading\n[brackets]\r\nend: x\n',
    ],
    ['what is encoded', '100% a:b', '100% a:b\n'],
    ['a blank line inside', 'a\n\nb', 'a\n\nb\n'],
  ])('keeps a description: %s', (_what, given, kept) => {
    const config = emptyConfig();
    config.values = { memory: '128', description: given };
    const text = printConfig(config);
    expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual(['memory: 128', '']);
    expect(parseConfig(text).values).toEqual({ memory: '128', description: kept });
  });

  it('reads an empty value as a blank (row 302)', () => {
    expect(parseConfig('tags: \nmemory: 128\n').values).toEqual({ tags: ' ', memory: '128' });
  });

  it('keeps raw lines, pending changes and snapshots', () => {
    const config = emptyConfig();
    config.values = { memory: '128', description: 'now\n' };
    config.raw = [['lxc.idmap', 'u 0 100000 1000']];
    config.pending = { tty: '1', delete: 'features,mp0' };
    config.snapshots = { s1: { values: { memory: '64', description: 'then\n', snaptime: '1' }, raw: [] } };
    const text = printConfig(config);
    expect(text).toBe(
      '#now\nmemory: 128\nlxc.idmap: u 0 100000 1000\n\n[pve:pending]\ndelete: features,mp0\ntty: 1\n\n[s1]\n#then\nmemory: 64\nsnaptime: 1\n',
    );
    expect(parseConfig(text)).toEqual(config);
  });
});
