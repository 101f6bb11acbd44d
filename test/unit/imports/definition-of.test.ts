import { describe, expect, it } from 'vitest';
import { formatDescription } from '../../../src/model/mark.ts';
import { keysOf, SETTINGS, stateOf, take } from './take.ts';

const BASE = { hostname: 'web', memory: '512', swap: '512', rootfs: 'local-lvm:vm-101-disk-0,size=8G' };
const HEAD = 'vmid: 101\nhostname: web\n';

/** Definition of a container with these keys beside the plain ones, which go without saying here. */
const keys = (config: Readonly<Record<string, string>>): string => {
  const plain = {
    features: 'nesting=1',
    unprivileged: '1',
    onboot: '1',
    net0: 'name=eth0,bridge=vmbr0,ip=dhcp,type=veth',
  };
  return keysOf(take(stateOf({ ...BASE, ...plain, ...config })))
    .replace(HEAD, '')
    .replace('ip: dhcp\nbridge: vmbr0\n', '')
    .replace('memory: 512\nswap: 512\ndisk: local-lvm:8', '')
    .trim();
};
const notes = (config: Readonly<Record<string, string>>): readonly string[] =>
  take(stateOf({ ...BASE, ...config }))
    .notes.filter(({ key }) => key !== 'node')
    .map(({ key, text }) => `${key}: ${text}`);

describe('a definition of what is there', () => {
  it('begins with the schema, says where it is from, and ends with what was left out', () => {
    const { text } = take(stateOf({ ...BASE, hookscript: 'local:snippets/x\n# y' }));
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(0, 2)).toEqual([
      '# yaml-language-server: $schema=container.schema.json',
      '# Taken over from container 101.',
    ]);
    // A text of the server cannot end the comment that it stands in.
    expect(lines.at(-1)).toBe('#   hookscript: local:snippets/x·# y: no key says it; only root@pam may change it');
  });

  it('says nothing that goes without saying', () => {
    expect(keys({})).toBe('');
    expect(keys({ arch: 'amd64', ostype: 'debian', cmode: 'tty', cpulimit: '0', protection: '0', tags: ' ' })).toBe('');
  });

  it.each([
    [{ onboot: '0' }, 'boot: no'],
    [{ unprivileged: '0' }, 'unprivileged: no'],
    [{ features: 'nesting=0' }, 'nesting: no'],
    [{ features: 'keyctl=1,nesting=1' }, 'features:\n  nesting: yes\n  keyctl: yes'],
    [{ features: 'mount=nfs;cifs' }, 'features:\n  nesting: no\n  mount:\n    - nfs\n    - cifs'],
    [{ startup: '3' }, 'startup:\n  order: 3'],
    [{ tags: 'pve-gitops;Web;db' }, 'tags:\n  - web\n  - db'],
    [{ nameserver: '1.1.1.1 8.8.8.8' }, 'nameserver:\n  - 1.1.1.1\n  - 8.8.8.8'],
    [{ nameserver: 'fd00::1' }, 'nameserver: fd00::1'],
    [{ description: 'one\r\ntwo: "x"\r\n' }, 'description: |-\n  one\n  two: "x"'],
    [{ mp0: '/srv/share,mp=/share' }, 'mount: share'],
    [{ mp3: '/mnt/x,mp=/y,ro=1' }, 'mount:\n  host: /mnt/x\n  path: /y\n  read_only: yes'],
    [
      { dev0: '/dev/null', dev2: 'path=/dev/tty9,mode=0666' },
      'devices:\n  - /dev/null\n  - path: /dev/tty9\n    mode: "0666"',
    ],
  ])('%j: %s', (config, text) => {
    expect(keys(config)).toBe(text);
  });

  it.each([
    ['name=eth0,bridge=vmbr1,ip=10.88.0.9/24,gw=10.88.0.1', 'ip: 10.88.0.9/24\ngateway: 10.88.0.1\nbridge: vmbr1'],
    ['name=eth0,bridge=vmbr0,ip=10.88.0.9/24', 'ip: 10.88.0.9/24\ngateway: none\nbridge: vmbr0'],
    ['name=eth0,bridge=vmbr0,ip=dhcp,ip6=auto,tag=7', 'ip: dhcp\nip6: auto\nbridge: vmbr0\nvlan: 7'],
    [
      'name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:01,ip=dhcp',
      'interfaces:\n  - name: eth0\n    bridge: vmbr0\n    ip: dhcp\n    mac: BC:24:11:00:00:01\n    firewall: yes',
    ],
    [
      'name=lan,bridge=vmbr0,link_down=1',
      'interfaces:\n  - name: lan\n    bridge: vmbr0\n    ip: none\n    connected: no',
    ],
    // A hosted machine's address: its gateway is in no network of its own.
    ['name=eth0,bridge=vmbr0,ip=203.0.113.7/32,gw=192.0.2.1', 'ip: 203.0.113.7/32\ngateway: 192.0.2.1\nbridge: vmbr0'],
  ])('%s', (net0, text) => {
    expect(keys({ net0 })).toBe(text);
    expect(take(stateOf({ ...BASE, net0 })).differences).toEqual([]);
  });

  it('names volumes by their paths, in whole GiB, with the server’s own defaults said', () => {
    expect(
      keys({
        mp0: 'local-lvm:vm-101-disk-1,mp=/srv/data,size=1536M,backup=1',
        mp7: 'tank:subvol-101-disk-2,mp=/backup/data,size=0T,ro=1,mountoptions=noatime;nodev',
      }),
    ).toBe(
      [
        // A deploy would protect one with volumes: it is not protected, and stays as it is.
        'protection: no',
        '',
        'volumes:',
        '  data:',
        '    path: /srv/data',
        '    disk: local-lvm:2',
        '  backup-data:',
        '    path: /backup/data',
        '    disk: tank:8',
        '    backup: no',
        '    read_only: yes',
        '    options:',
        '      - noatime',
        '      - nodev',
      ].join('\n'),
    );
  });

  it('keeps the names that an owner mark gives', () => {
    const mark = { site: 'home', owner: 'srv/web', name: 'web', stage: 'main', role: 'live', vmid: 101, applied: {} };
    const volumes = { diary: 'local-lvm:vm-101-disk-1' };
    const taken = take(
      stateOf({
        ...BASE,
        mp0: 'local-lvm:vm-101-disk-1,mp=/srv/data,size=1G',
        description: formatDescription('text', { ...mark, role: 'live', hostKeys: [], volumes }),
      }),
    );
    expect(taken.text).toContain('volumes:\n  diary:\n');
    expect(taken.text).toContain('description: text\n');
    expect(taken.owner).toEqual({ owner: 'srv/web', site: 'home', stage: 'main', same: true });
    expect(taken.next).toEqual(['pve-gitops plan web']);
  });

  it('describes what comes with the next restart', () => {
    const pending = { features: null, nameserver: '9.9.9.9' };
    const { text, due } = take(stateOf({ ...BASE, features: 'nesting=1' }, { pending }));
    expect(text).toContain('nesting: no\n');
    expect(text).toContain('nameserver: 9.9.9.9\n');
    expect(due.map(({ step }) => step)).toEqual(['restart', 'baseline']);
  });
});

describe('what is not taken over', () => {
  it.each([
    [{ mp0: '/dev/sdb1,mp=/x' }, 'mp0: no key mounts a block device: /dev/sdb1,mp=/x'],
    [
      { mp0: 'tank:vm-102-disk-1,mp=/x,size=1G' },
      'mp0: tank:vm-102-disk-1,mp=/x,size=1G: a volume of another container; it stays',
    ],
    [{ mp0: '/a,mp=/x,shared=1' }, 'mp0: no key says shared=1: it stays as it is'],
    [{ features: 'force_rw_sys=1' }, 'features: no key says force_rw_sys=1: it stays as it is'],
    [{ unused0: 'tank:vm-101-disk-3' }, 'unused0: tank:vm-101-disk-3: a volume that is not mounted; it stays'],
    [{ ostype: 'alpine' }, 'ostype: alpine: the baseline knows Debian and Alpine'],
    [{ description: 'bell \u0007' }, 'description: "bell \\u0007" is nothing that container.yml takes'],
    [{ tags: 'über' }, 'tags: ["über"] is nothing that container.yml takes'],
    [{ cpuunits: '2' }, 'cpu_units: 2 is nothing that container.yml takes'],
    [{ rootfs: 'local-lvm:vm-101-disk-0,size=8G,ro=1' }, 'rootfs: options of the root disk stay as they are: ro=1'],
  ])('%j', (config, note) => {
    expect(notes(config)).toContain(note);
    expect(take(stateOf({ ...BASE, ...config })).differences).toEqual([]);
  });

  it('raw lines and snapshots', () => {
    const facts = { rawLines: ['lxc.cap.drop: mac_admin'], snapshots: ['a', 'b'] };
    const { notes: said } = take(stateOf(BASE), facts);
    expect(said).toContainEqual({ key: 'lxc', text: 'lxc.cap.drop: mac_admin: a raw line, which no key says' });
    expect(said).toContainEqual({ key: 'snapshots', text: 'a, b: they stay' });
  });
});

describe('what would change', () => {
  it('names the setting that a value comes from', () => {
    const network = { ...SETTINGS.network, nameserver: '9.9.9.9' };
    const { differences } = take(stateOf(BASE), {}, { ...SETTINGS, network });
    expect(differences).toMatchObject([
      { field: 'nameserver', to: '9.9.9.9', reason: "the site's default (setting network.nameserver)" },
    ]);
  });

  it('is refused where a definition may not say it, with the line', () => {
    const net0 = 'name=eth0,bridge=vmbr0,ip=10.88.0.0/24,gw=10.88.0.1';
    expect(() => take(stateOf({ ...BASE, net0 }))).toThrow(
      /^Unable to import container 101: a definition may not say what is there\n {2}container\.yml:\d+: ip: 10\.88\.0\.0\/24 is the network/,
    );
  });

  it('is said with what could not be written', () => {
    const { differences } = take(stateOf({ ...BASE, hostname: `${'a'.repeat(63)}.x` }));
    expect(differences).toMatchObject([{ field: 'hostname', to: 'web' }]);
    expect(differences[0]?.reason).toContain('is nothing that container.yml takes');
  });
});
