import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  type Fields,
  type NodeClient,
  small,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

/**
 * Recorded rows of POST /nodes/pve/lxc with the root token: row, what differs from a good create, what is left out,
 * status, and errors by key or the message.
 */
const ROWS: readonly (readonly [
  number,
  Fields,
  readonly string[],
  number,
  string | Readonly<Record<string, string>>,
])[] = [
  [
    115,
    { ostemplate: '' },
    ['memory', 'rootfs', 'unprivileged'],
    500,
    'Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.',
  ],
  [116, { vmid: 100 }, [], 500, "CT 100 already exists on node 'pve'"],
  [117, { vmid: 99 }, [], 400, { vmid: 'invalid format - value does not look like a valid VM ID\n' }],
  [118, { vmid: 'abc' }, [], 400, { vmid: "type check ('integer') failed - got 'abc'" }],
  [123, { ostemplate: 'nope:vztmpl/x_1.0_amd64.tar.zst' }, [], 500, "storage 'nope' does not exist"],
  [
    124,
    { ostemplate: 'debian-12' },
    [],
    500,
    'Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.',
  ],
  [
    125,
    { ostemplate: '/var/lib/vz/template/cache/debian-12-standard_12.7-1_amd64.tar.zst' },
    [],
    500,
    'Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.',
  ],
  [
    126,
    { ostemplate: 'local:iso/x.iso' },
    [],
    500,
    "unable to use volume local:iso/x.iso - content type needs to be 'vztmpl'",
  ],
  [128, { storage: 'nope' }, ['rootfs'], 500, "storage 'nope' does not exist"],
  [
    129,
    { hostname: 'bad_host' },
    [],
    400,
    { hostname: 'invalid format - value does not look like a valid DNS name\n' },
  ],
  [130, { hostname: '-bad' }, [], 400, { hostname: 'invalid format - value does not look like a valid DNS name\n' }],
  [134, { hostname: 'a b' }, [], 400, { hostname: 'invalid format - value does not look like a valid DNS name\n' }],
  [
    136,
    { net0: 'name=eth0,bridge=vmbr0,foo=1' },
    [],
    400,
    {
      net0: 'invalid format - format error\nnet0.foo: property is not defined in schema and the schema does not allow additional properties\n',
    },
  ],
  [
    137,
    { net0: 'name=eth0,bridge=vmbr0,ip=10.0.0.1' },
    [],
    400,
    {
      net0: 'invalid format - format error\nnet0.ip: invalid format - value does not look like a valid ipv4 network configuration\n\n',
    },
  ],
  [
    138,
    { net0: 'name=eth0,bridge=vmbr0,ip=10.0.0.300/24' },
    [],
    400,
    {
      net0: 'invalid format - format error\nnet0.ip: invalid format - value does not look like a valid ipv4 network configuration\n\n',
    },
  ],
  [
    139,
    { net0: 'name=eth0,bridge=vmbr0,ip=10.88.0.7/24,gw=nope' },
    [],
    400,
    {
      net0: 'invalid format - format error\nnet0.gw: invalid format - value does not look like a valid IPv4 address\n\n',
    },
  ],
  [
    141,
    { net0: 'name=eth0,bridge=vmbr0,hwaddr=01:00:00:00:00:01' },
    [],
    400,
    {
      net0: 'invalid format - format error\nnet0.hwaddr: invalid format - value does not look like a valid unicast MAC address\n\n',
    },
  ],
  [
    142,
    { net0: 'name=eth0,bridge=vmbr0,tag=5000' },
    [],
    400,
    { net0: 'invalid format - format error\nnet0.tag: value must have a maximum value of 4094\n' },
  ],
  [
    143,
    { net0: 'name=eth0,bridge=../x' },
    [],
    400,
    { net0: 'invalid format - format error\nnet0.bridge: value does not match the regex pattern\n' },
  ],
  [
    144,
    { net0: 'hello' },
    [],
    400,
    { net0: 'invalid format - value without key, but schema does not define a default key\n' },
  ],
  [146, { memory: 8 }, [], 400, { memory: 'value must have a minimum value of 16' }],
  [147, { memory: '1G' }, [], 400, { memory: "type check ('integer') failed - got '1G'" }],
  [148, { cores: 0 }, [], 400, { cores: 'value must have a minimum value of 1' }],
  [149, { swap: -1 }, [], 400, { swap: 'value must have a minimum value of 0' }],
  [
    151,
    { foo: 'bar' },
    [],
    400,
    { foo: 'property is not defined in schema and the schema does not allow additional properties' },
  ],
  [
    152,
    { cores: 0, hostname: '_', memory: 1 },
    [],
    400,
    {
      cores: 'value must have a minimum value of 1',
      hostname: 'invalid format - value does not look like a valid DNS name\n',
      memory: 'value must have a minimum value of 16',
    },
  ],
  [
    153,
    { ostype: 'windows' },
    [],
    400,
    {
      ostype:
        "value 'windows' does not have a value in the enumeration 'debian, devuan, ubuntu, centos, fedora, opensuse, archlinux, alpine, gentoo, nixos, unmanaged'",
    },
  ],
  [
    154,
    { arch: 'mips' },
    [],
    400,
    { arch: "value 'mips' does not have a value in the enumeration 'amd64, i386, arm64, armhf, riscv32, riscv64'" },
  ],
  [156, { password: 'abc' }, [], 400, { password: 'value must be at least 5 characters long' }],
  [157, { tags: 'Bad Tag!' }, [], 400, { tags: 'invalid format - invalid characters in tag\n' }],
  [
    158,
    { nameserver: 'nope!' },
    [],
    400,
    { nameserver: 'invalid format - value does not look like a valid IP address\n' },
  ],
  [159, { startup: 'foo=1' }, [], 400, { startup: 'invalid format - unable to parse startup options\n' }],
  [
    161,
    { mp0: 'local-btrfs:1,mp=/a/../b' },
    [],
    400,
    { mp0: 'invalid format - format error\nmp0.mp: invalid format - /a/../b contains illegal character sequences\n\n' },
  ],
  [
    162,
    { features: 'foo=1' },
    [],
    400,
    {
      features:
        'invalid format - format error\nfeatures.foo: property is not defined in schema and the schema does not allow additional properties\n',
    },
  ],
  [163, { bwlimit: -1 }, [], 400, { bwlimit: 'value must have a minimum value of 0' }],
  [
    167,
    { features: 'keyctl=1' },
    [],
    403,
    'Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)',
  ],
  [
    169,
    { features: 'mount=nfs' },
    [],
    403,
    'Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)',
  ],
  [
    170,
    { features: 'nesting=1', unprivileged: 0 },
    [],
    403,
    'Permission check failed (changing feature flags for privileged container is only allowed for root@pam)',
  ],
  [
    171,
    { mp0: '/mnt/data,mp=/data' },
    [],
    403,
    'Permission check failed (mount point type bind is only allowed for root@pam)',
  ],
  [
    172,
    { mp0: '/dev/sda1,mp=/data' },
    [],
    403,
    'Permission check failed (mount point type device is only allowed for root@pam)',
  ],
  [
    174,
    { dev0: '/dev/null' },
    [],
    403,
    'Permission check failed (configuring device passthrough is only allowed for root@pam)',
  ],
  [
    175,
    { 'lxc.idmap': 'u 0 1 1' },
    [],
    400,
    { 'lxc.idmap': 'property is not defined in schema and the schema does not allow additional properties' },
  ],
  [
    186,
    { rootfs: 'hello' },
    [],
    500,
    'Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.',
  ],
  [187, { rootfs: 'local-btrfs:1G' }, [], 500, "unable to parse directory volume name '1G'"],
  [205, { 'ssh-public-keys': 'hello' }, [], 500, 'SSH public key validation error'],
  [
    214,
    { net32: 'name=eth0,bridge=vmbr0' },
    [],
    400,
    { net32: 'property is not defined in schema and the schema does not allow additional properties' },
  ],
  [217, { unique: 1 }, [], 400, { restore: "missing property - 'unique' requires this property" }],
  [245, { onboot: 'on' }, [], 400, { onboot: "type check ('boolean') failed - got 'on'" }],
  [246, { pool: 'nope' }, [], 403, "Permission check failed (pool 'nope' does not exist)"],
  [286, { net0: 'name=eth0,ip=manual,ip6=auto' }, [], 500, 'no sdn vnet ID specified'],
  [
    335,
    { restore: 1 },
    [],
    500,
    "unable to use volume local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst - content type needs to be 'backup'",
  ],
];

let test: TestNode;
let token: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  addTemplate(test);
  token = await tokenClient(test.root, 'root@pam!gitops', { privsep: 0 });
  expect(await test.task(token, 'POST', '/nodes/pve/lxc', small(100))).toBe('OK');
});

afterAll(() => test.close());

describe('a create that is refused, as recorded', () => {
  it.each(ROWS)('row %i', async (_row, fields, without, status, expected) => {
    const sent = Object.fromEntries(Object.entries(small(101, fields)).filter(([key]) => !without.includes(key)));
    const reply = await token.call('POST', '/nodes/pve/lxc', sent);
    expect(reply.status).toBe(status);
    expect(reply.headers['content-type']).toBe('application/json;charset=UTF-8');
    const message = typeof expected === 'string' ? expected : 'Parameter verification failed.';
    expect(reply.reason).toBe(message);
    expect(reply.body).toEqual({
      data: null,
      message: `${message}\n`,
      ...(typeof expected === 'string' ? {} : { errors: expected }),
    });
  });

  it('has made nothing', () => {
    expect(test.node.core.guests.ids('lxc')).toEqual([100]);
    expect(test.node.core.volumes.owned(101)).toEqual([]);
  });
});
