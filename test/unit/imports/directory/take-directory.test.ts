import { describe, expect, it } from 'vitest';
import { type DirectoryFacts, takeDirectory } from '../../../../src/imports/directory/take-directory.ts';
import { SETTINGS } from '../take.ts';

const WHO = { name: 'shop', owner: 'srv/shop', stage: 'main' };
const encoder = new TextEncoder();

function take(files: Readonly<Record<string, string>>, more: Partial<DirectoryFacts> = {}) {
  const facts: DirectoryFacts = {
    directory: '/lxcs/shop',
    shown: 'shop',
    schema: 'container.schema.json',
    names: Object.keys(files),
    files: new Map(Object.entries(files).map(([name, text]) => [name, encoder.encode(text)])),
    data: { kind: 'none' },
    ...more,
  };
  const taken = takeDirectory(facts, SETTINGS, WHO);
  const text = (name: string) =>
    taken.files
      .get(name)
      ?.replace(/^#.*\n/gm, '')
      .trim();
  const said = taken.items.map((item) => `${item.note === true ? 'note ' : ''}${item.place} ${item.text}`);
  return { ...taken, keys: text('container.yml'), local: text('container.local.yml'), said };
}

const BUILD = { 'build-target.sh': '#!/bin/bash\n' };

describe('settings of a directory', () => {
  it.each([
    ['CTID=120', 'vmid: 120'],
    ['OPT_CTID=120', 'vmid: 120'],
    ['HOST=web-1', 'hostname: web-1'],
    ['OSTYPE=debian OSVERSION=12.7-1', 'template: debian-12'],
    ['OSTYPE=debian', 'template: debian'],
    ['OSTYPE=alpine OSVERSION=3.17', ''],
    ['OSTYPE=ubuntu OSVERSION=22.04', ''],
    ['TEMPLATE=local:vztmpl/mine.tar.zst OSTYPE=debian', 'template: local:vztmpl/mine.tar.zst'],
    ['RAM=2G', 'memory: 2048'],
    ['RAM=512 SWAP=0', 'memory: 512\nswap: 0'],
    ['DISK=0.5', 'disk: local-lvm:1'],
    ['DISK=12G STORAGE=tank', 'disk: tank:12'],
    ['DISK=tank:3', 'disk: tank:3'],
    ['NET=dhcp', 'ip: dhcp'],
    [
      'NET=10.0.0.5/24 GATEWAY=10.0.0.1 VLAN=7 BRIDGE=vmbr1',
      'ip: 10.0.0.5/24\ngateway: 10.0.0.1\nbridge: vmbr1\nvlan: 7',
    ],
    ['MACADDR=bc:24:11:0:0:1', ''],
    ['MACADDR=bc:24:11:00:00:01', 'interfaces:\n  - bridge: vmbr0\n    ip: dhcp\n    mac: BC:24:11:00:00:01'],
    ['MTU=1400 NET=10.0.0.5/24', 'interfaces:\n  - bridge: vmbr0\n    ip: 10.0.0.5/24\n    mtu: 1400'],
    ['DNS="10.0.0.1 10.0.0.2" DOMAIN=home', 'nameserver:\n  - 10.0.0.1\n  - 10.0.0.2\nsearchdomain: home'],
    ['FEATURES=nesting=1', ''],
    ['FEATURES=nesting=0', 'nesting: no'],
    ['FEATURES="keyctl=1,mount=nfs;cifs"', 'features:\n  keyctl: yes\n  mount:\n    - nfs\n    - cifs'],
    ['PRIVTYPE=1 ONBOOT=1', ''],
    ['PRIVTYPE=0 ONBOOT=0', 'boot: no\nunprivileged: no'],
    ['TAGS="Web;home"', 'tags:\n  - web\n  - home'],
    ['APP="My shop"', 'description: My shop'],
    ['RAM= CORES=""', ''],
    ['RAM=512\nRAM=1024', 'memory: 1024'],
  ])('%j', (text, keys) => {
    expect(take({ ...BUILD, configSettings: text }).keys?.replace('{}', '')).toBe(keys);
  });

  it('what is no such value is said with its place and changes nothing else', () => {
    const { said, desired } = take({
      ...BUILD,
      configSettings: 'RAM=lots\nCTID=7\nDISK=big\nNET=10.0.0.300\nFEATURES=magic=1\nCORES=2\nOSTYPE=../x\n',
    });
    expect(said).toEqual([
      'configSettings:1 RAM: "lots" is nothing that container.yml takes',
      'configSettings:2 CTID: "7" is nothing that container.yml takes',
      'configSettings:5 FEATURES: "magic=1" is nothing that container.yml takes',
      'configSettings:3 DISK: "big" is nothing that container.yml takes',
      expect.stringMatching(/^configSettings:7 OSTYPE: the baseline knows Debian: name a template/),
      'configSettings:4 NET: "10.0.0.300" is nothing that container.yml takes',
    ]);
    expect(desired.cores).toBe(2);
  });

  it('what has no key is said with what stands for it', () => {
    const { said } = take({ ...BUILD, configSettings: 'PASSWORD=x\nSSHKEYS=y\nMAP=1\nDISABLEIP6=1\nVERBOSE=1\n' });
    expect(said.map((line) => line.split(': ')[0])).toEqual([
      'configSettings:1 PASSWORD',
      'configSettings:2 SSHKEYS',
      'configSettings:3 MAP',
      'configSettings:4 DISABLEIP6',
      'configSettings:5 VERBOSE',
    ]);
    expect(take({ ...BUILD, configSettings: 'MAP=0\n' }).said).toEqual([]);
  });
});

describe('private settings', () => {
  it('go to a file of their own, and none of their values is said', () => {
    const taken = take({
      ...BUILD,
      configSettings: 'NET=dhcp\nRAM=512\n',
      '.env': 'CTID=151\nRAM=256\nTOKEN=hush\nCORES=hush\n',
    });
    expect(taken.keys).toBe('ip: dhcp\nmemory: 512');
    expect(taken.local).toBe('vmid: 151');
    expect(taken.variables).toEqual(['CTID', 'RAM', 'TOKEN', 'CORES', 'NET']);
    expect(JSON.stringify([taken.said, taken.taken])).not.toContain('hush');
    expect(taken.said).toContain('.env:4 CORES: its value is nothing that container.yml takes');
    expect(taken.said).toContainEqual(expect.stringMatching(/^note container.local.yml has what .env says/));
    expect(taken.said).toContainEqual(expect.stringMatching(/^note configSettings:2 RAM stands in .env too/));
    expect(taken.desired.vmid).toEqual({ kind: 'fixed', vmid: 151 });
  });

  it('an interface is described as a whole where one part of it is private', () => {
    const taken = take({ ...BUILD, configSettings: 'NET=10.0.0.5/24\n', '.env': 'MACADDR=bc:24:11:00:00:01\n' });
    expect(taken.keys?.replace('{}', '')).toBe('');
    expect(taken.local).toContain('ip: 10.0.0.5/24\n    mac: BC:24:11:00:00:01');
  });
});

describe('hooks and other code', () => {
  const hook = (body: string, name = 'HOOK_x') =>
    take({ ...BUILD, configSettings: `${name}() {\n${body}\n}\n` }).said[0];

  it.each([
    ['echo "lxc.idmap = u 0 100000 1000"', /UID and GID maps/],
    ['map_UID $CTID 1000', /UID and GID maps/],
    ['pct set $CTID --mp4 /srv/media,mp=/media', /mount: \["\/srv\/media:\/media"\]/],
    [
      'pct set $CTID -mp4 /srv/a,mp=/a,ro=1 --mp5 "/srv/b,mp=/b,backup=0"',
      /mount: \[\{host: \/srv\/a, path: \/a, read_only: yes\}, "\/srv\/b:\/b"\]/,
    ],
    ['pct set $CTID --mp4 $DIR,mp=/media', /extra mounts: write mount: \[\/host\/path:\/path\]/],
    ['echo "lxc.mount.entry: /dev/ttyACM0 dev/ttyACM0 none bind,optional,create=file"', /devices: \[\/dev\/ttyACM0\]/],
    ['pct set $CTID --dev0 /dev/serial/by-id/usb-x-if00 2>/dev/null', /devices: \[\/dev\/serial\/by-id\/usb-x-if00\]$/],
    ['lsusb | grep -q Stick', /USB and other devices/],
    ['apt-get install -y x', /belongs into build-target.sh \(once\) or configure.sh/],
  ])('%s', (body, said) => {
    expect(hook(body)).toMatch(said);
    expect(hook(body)).toMatch(/^configSettings:1-3 function HOOK_x is not run: /);
  });

  it('every other line is said, and a text of .env never', () => {
    const { said } = take({
      ...BUILD,
      configSettings: 'DNS=$(id)\nif true; then\n RAM=1\nfi\n. ./more\n',
      '.env': 'KEY=$(hush)\n./hush\n',
    });
    expect(said).toEqual([
      '.env:1 KEY: has a value that bash would compute; write NAME=value: nothing is run to read it',
      '.env:2 is no plain assignment; write NAME=value: nothing is run to read it',
      'configSettings:1 DNS: has a value that bash would compute; write NAME=value: nothing is run to read it',
      'configSettings:2 is no plain assignment; write NAME=value: nothing is run to read it (if true; then)',
      'configSettings:5 is no plain assignment; write NAME=value: nothing is run to read it (. ./more)',
    ]);
  });
});

describe('data', () => {
  const GIB = 1024 ** 3;
  it.each([
    [0, 1],
    [GIB / 4, 1],
    [GIB, 2],
    [3.2 * GIB, 7],
  ])('%d bytes get a volume of %d GiB', (bytes, size) => {
    const { desired } = take(BUILD, { data: { kind: 'directory', bytes } });
    expect(desired.volumes).toMatchObject([{ name: 'data', path: '/usr/local/data', storage: 'local-lvm', size }]);
  });

  it('a symlink becomes a mount of what it leads to', () => {
    const { desired, said } = take(BUILD, { data: { kind: 'link', target: '/tank/shop' } });
    expect(desired.mounts).toEqual([{ kind: 'bind', host: '/tank/shop', path: '/usr/local/data' }]);
    expect(said[0]).toMatch(/^note data is a symlink: \/tank\/shop of the node is mounted, which needs root@pam/);
  });

  it('of an older state of the form is said', () => {
    expect(take(BUILD, { olderData: '/lxcs/.data/shop' }).said[0]).toMatch(
      /^\/lxcs\/.data\/shop data of an older state/,
    );
  });
});

describe('scripts', () => {
  it('one under an older name is called by a build-target.sh', () => {
    const { files, desired } = take({ configSettings: '', 'bin/target-bootstrap.sh': '' });
    expect(files.get('build-target.sh')).toContain('exec bash /usr/local/sbin/target-bootstrap.sh\n');
    expect(desired.engine).toBe('shell');
  });

  it('what they rely on and is not so is said', () => {
    const script = '#!/bin/bash\n# apk add is a comment\nsource /tmp/.env\napk add nginx\n';
    expect(take({ 'build-target.sh': script, 'bin/startup.sh': '' }).said).toEqual([
      expect.stringMatching(/^build-target.sh:4 is written for Alpine/),
      expect.stringMatching(/^build-target.sh:3 reads its settings itself/),
      expect.stringMatching(/^bin\/startup.sh was run at each start/),
    ]);
    const alpine = { 'build-target.sh': script, configSettings: 'OSTYPE=alpine\n' };
    expect(take(alpine).said[0]).toMatch(/^configSettings:1 OSTYPE: Alpine’s own templates have no SSH server: name/);
    const own = { ...alpine, configSettings: 'OSTYPE=alpine\nTEMPLATE=local:vztmpl/alpine-sshd.tar.zst\n' };
    expect(take(own).said).not.toContainEqual(expect.stringContaining('makes a Debian'));
    expect(take({ configSettings: '' }).said[0]).toMatch(/^build-target.sh is not there/);
  });

  it('the shell engine is named where files of another are there too', () => {
    expect(take({ ...BUILD, recipes: '', 'playbook.yml': '' }).keys).toContain('engine: shell');
  });

  it('a directory of another form is refused', () => {
    expect(() => take({ 'docker-compose.yml': '' })).toThrow(/shop: it has no configSettings and no build-target.sh/);
  });

  it('what no definition may say is refused with its lines', () => {
    expect(() => take({ ...BUILD, configSettings: 'NET=10.0.0.255/24\n' })).toThrow(
      /no definition may say what stands there\n {2}container.yml:/,
    );
  });
});
