import { describe, expect, it } from 'vitest';
import type { FieldName } from '../../../src/definition/field.ts';
import { formatProblem } from '../../../src/model/errors.ts';
import { problemsOf, read } from './read.ts';

const said = (text: string, names: readonly string[] = []): readonly string[] =>
  problemsOf({ 'container.yml': text }, { names }).map(formatProblem);

describe('keys of container.yml', () => {
  it.each<[string, FieldName, unknown]>([
    ['node: pve1', 'nodes', ['pve1']],
    ['node: [pve1, pve-2]', 'nodes', ['pve1', 'pve-2']],
    ['cpu_limit: 0', 'cpuLimit', 0],
    ['cpu_limit: 1.5', 'cpuLimit', 1.5],
    ['cpu_units: 8', 'cpuUnits', 8],
    ['ip6: auto', 'ip6', 'auto'],
    ['ip6: 2001:db8::7/64', 'ip6', '2001:db8::7/64'],
    ['ip6: ::ffff:10.0.0.1/96', 'ip6', '::ffff:10.0.0.1/96'],
    ['ip6: ff::1/64', 'ip6', 'ff::1/64'],
    ['vlan: 4094', 'vlan', 4094],
    ['nameserver: 9.9.9.9', 'nameserver', ['9.9.9.9']],
    ['nameserver: ["fd00::1", 9.9.9.9]', 'nameserver', ['fd00::1', '9.9.9.9']],
    ['searchdomain: home.example lan', 'searchdomain', 'home.example lan'],
    ['tags: []', 'tags', []],
    ['tags: [web, a_b, c.d+e]', 'tags', ['web', 'a_b', 'c.d+e']],
    ['pool: site/web', 'pool', 'site/web'],
    ['description: |\n  One.\n\n  Two: ümläut.\n', 'description', 'One.\n\nTwo: ümläut.'],
    ['protection: yes', 'protection', true],
    ['startup: {order: 0}', 'startup', { order: 0 }],
    ['depends: [broker, srv/database]', 'depends', ['broker', 'srv/database']],
    ['drop_snapshots: [before, by_hand]', 'dropSnapshots', ['before', 'by_hand']],
    ['secrets: DB_PASSWORD', 'secrets', ['DB_PASSWORD']],
    ['way_back: snapshot', 'wayBack', 'snapshot'],
    ['features: {}', 'features', {}],
    ['features: {fuse: yes, mount: [nfs]}', 'features', { fuse: true, mount: ['nfs'] }],
    ['devices: /dev/net/tun', 'devices', [{ kind: 'device', path: '/dev/net/tun' }]],
    [
      'devices: [{path: /dev/a, mode: "0660", uid: 0, gid: 104, deny_write: true}]',
      'devices',
      [{ kind: 'device', path: '/dev/a', mode: '0660', uid: 0, gid: 104, denyWrite: true }],
    ],
    ['mount: {host: /a, path: /b}', 'mounts', [{ kind: 'bind', host: '/a', path: '/b' }]],
    [
      'mount: [share, {host: /, path: /b, read_only: yes}]',
      'mounts',
      [{ kind: 'share' }, { kind: 'bind', host: '/', path: '/b', readOnly: true }],
    ],
    ['volumes: {}', 'volumes', {}],
    ['volumes: {a: delete}', 'volumes', { a: { kind: 'delete' } }],
    ['volumes: {1a: {path: /a, size: 1}}', 'volumes', { '1a': { kind: 'keep', path: '/a', size: 1 } }],
    ['volumes: {constructor: {path: /a, size: 1}}', 'volumes', { constructor: { kind: 'keep', path: '/a', size: 1 } }],
    ['volumes: {a: {path: /processes/x, size: 1}}', 'volumes', { a: { kind: 'keep', path: '/processes/x', size: 1 } }],
    ['interfaces: [{}]', 'interfaces', [{}]],
    ['interfaces: []', 'interfaces', []],
    ['interfaces: [{gateway: none}]', 'interfaces', [{ gateway: 'none' }]],
    [
      'interfaces: [{mac: bc:24:11:00:00:2a, firewall: no, connected: yes, trunks: [1, 2]}]',
      'interfaces',
      [{ mac: 'BC:24:11:00:00:2A', firewall: false, connected: true, trunks: [1, 2] }],
    ],
  ])('%j', (text, name, value) => {
    expect(read({ 'container.yml': text })[name]?.value).toEqual(value);
  });

  it('know the lines of their parts', () => {
    const text = 'cores: 1\ninterfaces:\n  - bridge: vmbr0\n\n  - vlan: 7\n    trunks:\n      - 1\n';
    const { interfaces, cores } = read({ 'container.yml': text });
    expect(interfaces?.lines).toEqual({ '0': 3, '0.bridge': 3, '1': 5, '1.vlan': 5, '1.trunks': 6, '1.trunks.0': 7 });
    expect(cores).not.toHaveProperty('lines');
  });

  it.each([
    // the part, its place, and what was meant
    [
      'interfaces:\n  - vlan: 1\n  - adress: dhcp\n',
      '3:5: interfaces[1].adress: is not a key of interfaces[1]; did you mean ip?',
    ],
    ['interfaces:\n  - hwaddr: x\n', '2:5: interfaces[0].hwaddr: is not a key of interfaces[0]; did you mean mac?'],
    [
      'interfaces: [{colour: red}]',
      '1:15: interfaces[0].colour: is not a key of interfaces[0]; known keys: name, bridge',
    ],
    [
      'volumes:\n  a:\n    mountoptions: [x]\n    path: /a\n    size: 1\n',
      '3:5: volumes.a.mountoptions: is not a key of volumes.a; did you mean options?',
    ],
    ['features:\n  nestin: yes', '2:3: features.nestin: is not a key of features; did you mean nesting?'],
    ['startup: {delay: 1}', '1:11: startup.delay: is not a key of startup; known keys: order, up, down'],
    [
      'devices: [{path: /dev/a, deny-write: yes}]',
      'devices[0].deny-write: is not a key of devices[0]; did you mean deny_write?',
    ],
    ['mount: [{source: /a, path: /b}]', 'mount[0].source: is not a key of mount[0]; did you mean host?'],
    ['health: [{tpc: 80}]', 'health[0].tpc: is not a key of health[0]; did you mean tcp?'],
    ['net0: x', '1:1: net0: is not a key; did you mean interfaces?'],
    ['onboot: yes', 'did you mean boot?'],
    ['rootfs: x', 'did you mean disk?'],
    ['Interfaces: []', 'did you mean interfaces?'],
    // missing parts
    ['devices: [{mode: "0660"}]', '1:11: devices[0]: has no path; write path: a path below /dev'],
    ['mount:\n  - path: /b\n', '2:5: mount[0]: has no host; write host: a path of the node'],
    ['volumes: {a: {size: 1}}', '1:14: volumes.a: has no path; write path: a path within the container'],
    ['volumes: {a: {path: /a}}', '1:14: volumes.a: has no size; write disk: storage:GiB, or storage and size'],
    ['volumes: {a: {path: /a, storage: tank}}', 'volumes.a: has no size'],
    ['startup: {}', '1:10: startup: says nothing; write order, up or down, or remove it'],
    // wrong parts
    [
      'interfaces: [{vlan: "7"}]',
      '1:21: interfaces[0].vlan: expected a whole number from 1 to 4094, not "7"; remove the quotes',
    ],
    ['interfaces: [{vlan: 0}]', 'from 1 to 4094, not 0'],
    ['interfaces: [{mtu: 63}]', 'from 64 to 65535'],
    ['interfaces: [{rate: 0}]', 'a number of MB/s above 0'],
    ['interfaces: [{name: lo}]', 'the name of an interface'],
    ['interfaces: [{name: sixteen-letters-}]', 'the name of an interface'],
    ['interfaces: [{mac: bc-24-11-00-00-2a}]', 'write BC:24:11:00:00:2A'],
    ['interfaces: [{mac: 01:00:5e:00:00:01}]', 'that is the address of a group: make the second digit even'],
    ['interfaces: [{mac: "00:00:00:00:00:00"}]', 'remove the line to have one made'],
    ['interfaces: [{ip: 10.0.0.1/33}]', 'interfaces[0].ip: expected an IPv4 address'],
    ['interfaces: [{ip: fd00::1/64}]', 'an IPv6 address is written as ip6'],
    ['interfaces: [{},{},{},{},{},{},{},{},{},{},{}]', 'interfaces: has more than 10 items'],
    ['interfaces: {bridge: vmbr0}', 'expected a list of at most ten interfaces'],
    [
      'ip6: fd00::42',
      'ip6: expected an IPv6 address of a host with /prefix, dhcp or auto, not "fd00::42"; write the prefix length, such as /64',
    ],
    ['ip6: fd00::1::2/64', 'expected an IPv6'],
    ['ip6: fd00::12345/64', 'expected an IPv6'],
    ['ip6: fd00::1/129', 'expected an IPv6'],
    ['ip6: fd00::1/7', 'expected an IPv6'],
    ['ip6: ::1/128', 'expected an IPv6 address of a host'],
    ['ip6: 0:0:0:0:0:0:0:1/64', 'expected an IPv6 address of a host'],
    ['ip6: ff02::1/64', 'expected an IPv6 address of a host'],
    ['ip6: fe80::1%eth0/64', 'write it without the zone'],
    ['ip6: 10.0.0.1/24', 'that is IPv4'],
    ['ip6: manual', 'dhcp or auto, not "manual"'],
    ['ip6: fd00::1/64\ngateway6: fe80::1/64', 'write it without the prefix'],
    ['ip6: fd00::1/64\ngateway6: fe80::1%eth0', 'write it without the zone'],
    ['nameserver: dns.example', 'expected an IPv4 or IPv6 address'],
    ['nameserver: [1.1.1.1, 2.2.2.2, 3.3.3.3, 4.4.4.4]', 'nameserver: has more than 3 items'],
    ['nameserver: [1.1.1.1, 1::1::1]', '1:23: nameserver[1]: expected an IPv4 or IPv6'],
    [
      'volumes: {Data: delete}',
      '1:11: volumes.Data: expected a name of at most 32 lower-case letters, digits and hyphens, not a number alone, not "Data"; write data',
    ],
    [`volumes: {${'a'.repeat(33)}: delete}`, 'expected a name of at most 32'],
    ['volumes: {1: {path: /a, size: 1}}', 'not a number alone, not "1"'],
    ['volumes: {a: deleet}', 'volumes.a: expected {path, disk} or the word delete, not "deleet"'],
    ['volumes: {a: {path: /proc, size: 1}}', 'volumes.a.path: expected a path within the container'],
    ['volumes: {a: {path: /sys/fs, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /dev/x, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /run/x, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /a/../b, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /a//b, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: a, size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: "/a,ro=1", size: 1}}', 'expected a path within'],
    ['volumes: {a: {path: /a, size: 8G}}', 'volumes.a.size: expected GiB as a whole number from 1, not "8G"; write 8'],
    ['volumes: {a: {path: /a, disk: tank:1T}}', 'write tank:1024'],
    ['volumes: {a: {path: /a, size: 1, options: [noatime, sync]}}', 'volumes.a.options[1]: expected'],
    [
      'devices: [{path: /dev/a, mode: 0660}]',
      '1:32: devices[0].mode: expected four octal digits in quotes, such as "0660", not 660; write "0660", in quotes',
    ],
    ['devices: [/etc/passwd]', '1:11: devices[0]: expected /dev/… or {path'],
    ['devices: [{path: /dev/../etc}]', 'devices[0].path: expected a path below /dev'],
    ['mount: [{host: /dev/sda, path: /b}]', 'mount[0].host: expected a path of the node'],
    ['mount: [{host: /a, path: /sys}]', 'mount[0].path: expected a path within'],
    ['features: {mount: [NFS]}', 'features.mount[0]: expected'],
    ['tags: [Web]', '1:8: tags[0]: expected tags of lower-case letters, digits and hyphens, not "Web"; write web'],
    ['tags: a;b', 'separate tags by comma, or write a list'],
    ['pool: /web', 'expected the name of a pool'],
    ['description: "<!-- pve-gitops:1 {} -->"', 'without an owner mark'],
    ['description: "  "', 'expected text'],
    ['description: "a\\u0000b"', 'expected text'],
    ['description: "a\\ud800b"', 'expected text'],
    [`description: ${'a'.repeat(4097)}`, 'expected text of at most 4096 characters'],
    ['startup: {up: 1.5}', 'startup.up: expected seconds as a whole number'],
    ['depends: [a/b/c]', 'depends[0]: expected names of containers'],
    ['depends: ../x', 'depends: expected names of containers'],
    ['drop_snapshots: [1st]', 'drop_snapshots[0]: expected names of snapshots'],
    ['secrets: [db-password]', 'write DB_PASSWORD'],
    ['engine: chef', 'expected auto, cinc, ansible, shell or none'],
    ['way_back: git', 'expected auto, snapshot, backup or none'],
    ['cpu_units: 7', 'from 8 to 500000'],
    ['cpu_limit: 8193', 'from 0 to 8192'],
    ['cpu_limit: .inf', 'from 0 to 8192'],
    ['cpu_limit: -1', 'from 0 to 8192'],
    ['node: []', 'the name of a node'],
    ['__proto__: 1', '1:1: __proto__ is not a key; remove it'],
    ['volumes: {__proto__: {path: /a, size: 1}}', '__proto__ is not a key'],
  ])('%j is refused', (text, message) => {
    const problems = said(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
  });
});

describe('what excludes each other in container.yml', () => {
  it.each([
    [
      'ip: dhcp\nvlan: 7\ninterfaces: [{}]',
      [
        '1:1: ip: stands beside interfaces of line 3; write it within interfaces',
        '2:1: vlan: stands beside interfaces of line 3; write it within interfaces',
      ],
    ],
    [
      'features:\n  nesting: yes\nnesting: no',
      ['3:1: nesting: stands beside features.nesting of line 2; keep one of them'],
    ],
    ['interfaces: [{name: a}, {name: a}]', ['1:32: interfaces[1].name: has a twice; keep one of them']],
    ['interfaces: [{}, {name: eth0}]', ['1:25: interfaces[1].name: has eth0 twice; keep one of them']],
    ['interfaces: [{ip: 10.0.0.1/24}, {ip: 10.0.0.1/8}]', ['interfaces[1].ip: has 10.0.0.1 twice']],
    ['interfaces: [{ip6: fd00::1/64}, {ip6: "FD00:0::1/96"}]', ['interfaces[1].ip6: has fd00::1 twice']],
    [
      'interfaces: [{mac: bc:24:11:00:00:2a}, {mac: BC:24:11:00:00:2A}]',
      ['interfaces[1].mac: has BC:24:11:00:00:2A twice'],
    ],
    [
      'interfaces: [{ip: 10.0.0.1/24, gateway: 10.0.0.2}, {ip: 10.1.0.1/24, gateway: 10.1.0.2}]',
      ['interfaces[1].gateway: has a gateway twice'],
    ],
    ['interfaces: [{gateway: 10.0.0.2}]', ['interfaces[0].gateway: has no use with ip dhcp']],
    ['interfaces: [{ip: manual, gateway: 10.0.0.2}]', ['has no use with ip manual']],
    ['interfaces: [{gateway6: fe80::1}]', ['interfaces[0].gateway6: has no use with ip6 none']],
    ['interfaces: [{ip: 10.0.0.1/24, gateway: 10.0.0.1}]', ["interfaces[0].gateway: is the interface's own address"]],
    [
      'interfaces: [{ip6: fd00::1/64, gateway6: "fd00:0::1"}]',
      ["interfaces[0].gateway6: is the interface's own address"],
    ],
    ['interfaces: [{trunks: [5, 6, 5]}]', ['1:30: interfaces[0].trunks[2]: has 5 twice']],
    [
      'volumes:\n  a: {path: /a, size: 1}\n  b: {path: /a/, size: 1}\n',
      ['3:13: volumes.b.path: has /a twice; keep one of them'],
    ],
    [
      'volumes: {a: {path: /a, disk: tank:1, storage: tank, size: 1}}',
      [
        'volumes.a.storage: stands beside disk; keep one of them',
        'volumes.a.size: stands beside disk; keep one of them',
      ],
    ],
    ['devices: [/dev/a, {path: /dev/a}]', ['1:19: devices[1]: has /dev/a twice']],
    ['tags: [a, b, a]', ['1:14: tags[2]: has a twice']],
    [
      'secrets: [PATH, LD_PRELOAD, LOGIN, A, A]',
      [
        '1:11: secrets[0]: PATH is taken already; choose another, such as APP_PATH',
        '1:17: secrets[1]: LD_PRELOAD is taken already',
        '1:29: secrets[2]: LOGIN is taken already',
        '1:39: secrets[4]: has A twice',
      ],
    ],
    ['engine: cinc', ['1: engine: cinc needs recipes/default.rb, which is not here; add it, or write auto']],
    ['engine: shell', ['1: engine: shell needs configure.sh or build-target.sh, which is not here']],
    ['engine: ansible', ['1: engine: ansible needs playbook.yml, which is not here']],
  ])('%j', (text, messages) => {
    const problems = said(text);
    expect(problems).toHaveLength(messages.length);
    for (const [index, message] of messages.entries()) expect(problems[index]).toContain(message);
  });

  it.each([
    ['nesting: no\nfeatures: {fuse: yes}'],
    ['volumes: {a: {path: /a, size: 1}, b: {path: /a/b, size: 1}}\nmount: /x:/a/c'],
    ['interfaces: [{ip6: fd00::1/64, gateway6: fe80::1}, {ip: none}]'],
    ['interfaces: [{vlan: 5, trunks: [6]}]'],
  ])('%j goes together', (text) => {
    expect(() => read({ 'container.yml': text })).not.toThrow();
  });

  it('a chosen engine is there although another one would come first', () => {
    const names = ['playbook.yml', 'configure.sh'];
    expect(read({ 'container.yml': 'engine: shell' }, { names }).engine).toBe('shell');
    expect(read({ 'container.yml': 'engine: none' }, { names }).engine).toBe('none');
    expect(read({ 'container.yml': 'engine: auto' }, { names }).engine).toBe('ansible');
    expect(read({ 'container.yml': 'engine: cinc' }, { names: ['recipes', 'recipes/default.rb'] }).engine).toBe('cinc');
    expect(said('engine: cinc', ['recipes', 'recipes/other.rb'])).toHaveLength(1);
  });
});

describe('overlays of container.yml', () => {
  const overlaid = (base: string, overlay: string) => read({ 'container.yml': base, 'container.local.yml': overlay });

  it('take the place of a whole key', () => {
    const { volumes, tags } = overlaid(
      'tags: [a]\nvolumes: {a: {path: /a, size: 1}}',
      'tags: [b]\nvolumes: {b: {path: /a, size: 1}}',
    );
    expect([tags?.value, Object.keys(volumes?.value ?? {})]).toEqual([['b'], ['b']]);
    expect(volumes?.file).toBe('container.local.yml');
  });

  it('say interfaces instead of the short keys', () => {
    const definition = overlaid('ip: 10.0.0.1\ngateway: 10.0.0.2\nvlan: 7\ncores: 2', 'interfaces: [{ip: dhcp}]');
    expect(Object.keys(definition).toSorted()).toEqual(['cores', 'directory', 'engine', 'files', 'interfaces']);
  });

  it('cannot say an address instead of interfaces', () => {
    const files = { 'container.yml': 'cores: 1\ninterfaces: [{}]', 'container.local.yml': 'cores: 2\nip: dhcp' };
    expect(problemsOf(files).map(formatProblem)).toEqual([
      'container.local.yml:2:1: ip: cannot overlay interfaces of container.yml:2; write interfaces, all of them',
    ]);
  });

  it('say nesting in either form', () => {
    const one = overlaid('nesting: no', 'features: {nesting: yes}');
    expect([one.nesting, one.features?.value]).toEqual([undefined, { nesting: true }]);
    const other = overlaid('features: {nesting: yes, fuse: yes}', 'nesting: no');
    expect([other.nesting?.value, other.features?.value]).toEqual([false, { fuse: true }]);
    const both = overlaid('nesting: no', 'features: {fuse: yes}');
    expect([both.nesting?.value, both.features?.value]).toEqual([false, { fuse: true }]);
  });
});

describe('keys of an .env file', () => {
  it.each<[string, FieldName, unknown]>([
    ['IP6=fd00::1/64', 'ip6', 'fd00::1/64'],
    ['VLAN=20', 'vlan', 20],
    ['NODE=pve1, pve2', 'nodes', ['pve1', 'pve2']],
    ['TAGS=web, production', 'tags', ['web', 'production']],
    ['STARTUP=order=1,up=30', 'startup', { order: 1, up: 30 }],
    ['STARTUP=down=0', 'startup', { down: 0 }],
    ['POOL=web', 'pool', 'web'],
    ['PROTECTION=on', 'protection', true],
    ['DESCRIPTION="The shop, # not the stall"', 'description', 'The shop, # not the stall'],
    ['ENGINE=none', 'engineChoice', 'none'],
    ['DEPENDS=broker,srv/db', 'depends', ['broker', 'srv/db']],
    ['DROP_SNAPSHOTS=before', 'dropSnapshots', ['before']],
    ['SECRETS=DB_PASSWORD,API_KEY', 'secrets', ['DB_PASSWORD', 'API_KEY']],
    ['WAY_BACK=none', 'wayBack', 'none'],
    ['NAMESERVER=9.9.9.9,fd00::1', 'nameserver', ['9.9.9.9', 'fd00::1']],
    ['SEARCHDOMAIN=home.example', 'searchdomain', 'home.example'],
    ['CPU_LIMIT=1.5', 'cpuLimit', 1.5],
    ['CPU_UNITS=200', 'cpuUnits', 200],
  ])('%s', (line, name, value) => {
    expect(read({ 'config.env': line })[name]?.value).toEqual(value);
  });

  it.each([
    [
      'TAGS=web,Web',
      'config.env:1:6: TAGS: expected tags of lower-case letters, digits and hyphens, not "Web"; write web',
    ],
    ['TAGS=a,b,a,b,a', 'config.env:1:6: TAGS: has a twice; keep one of them'],
    ['STARTUP=1', 'config.env:1:9: STARTUP: "1" is none of order=, up= and down=; expected order, up and down'],
    ['STARTUP=order=1,order=2', 'STARTUP: order is there twice'],
    ['STARTUP=constructor=1', 'is none of order='],
    ['CPU_LIMIT=1,5', 'CPU_LIMIT: expected a number from 0 to 8192, such as 1.5, not "1,5"'],
    ['SECRETS=PASSWORD', 'SECRETS: PASSWORD is taken already'],
    ['VOLUMES=x', 'VOLUMES: is not a key; volumes can be written in container.yml only'],
    ['INTERFACES=x', 'interfaces can be written in container.yml only'],
    ['NAMESERVER=dns', 'NAMESERVER: expected an IPv4 or IPv6 address'],
    ['ENGINE=shell', 'config.env:1: ENGINE: shell needs configure.sh'],
    ['DESCRIPTION=it costs $5', '$ is not evaluated here'],
  ])('%s is refused', (line, message) => {
    const problems = problemsOf({ 'config.env': line }).map(formatProblem);
    expect(problems[0]).toContain(message);
  });
});
