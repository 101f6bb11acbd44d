import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  type NodeClient,
  small,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

/** Refusals that no recorded row shows, as the sources of Proxmox VE 8.4 have them: the rule, not the row. */

let test: TestNode;
let root: NodeClient;
let token: NodeClient;
let user: NodeClient;

const LXC = '/nodes/pve/lxc';

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  addTemplate(test);
  token = await tokenClient(root, 'root@pam!gitops', { privsep: 0 });
  await root.call('POST', '/access/users', { userid: 'gitops@pve', password: 'recorded-gitops' });
  await root.call('POST', '/access/roles', { roleid: 'Disk', privs: 'VM.Config.Disk,VM.Audit' });
  await root.call('PUT', '/access/acl', { path: '/vms', roles: 'Disk', users: 'gitops@pve' });
  user = await tokenClient(root, 'gitops@pve!nosep', { privsep: 0 });
  await test.task(root, 'POST', LXC, small(100, { net0: 'name=eth0,bridge=vmbr0', mp0: 'local-btrfs:1,mp=/data' }));
  await test.task(root, 'POST', LXC, small(101, { rootfs: 'local:1' }));
  await test.task(root, 'POST', LXC, small(102, { rootfs: 'local-btrfs:0' }));
  await root.call('PUT', `${LXC}/101/config`, { mp0: '/mnt/data,mp=/d' });
  await test.task(root, 'POST', LXC, small(103));
  await root.call('POST', `${LXC}/103/template`);
  await Promise.all(test.node.core.tasks.running().map((upid) => test.node.core.tasks.settled(upid)));
  await root.call('POST', '/pools', { poolid: 'a' });
  await root.call('POST', '/pools', { poolid: 'a/b' });
});

afterAll(() => test.close());

type Who = 'root' | 'token' | 'user';
type Refusal = readonly [string, Who, string, string, Fields, number, string | Readonly<Record<string, string>>];

const NEITHER = "both 'storage' and 'target-vmid' missing, either needs to be set";
const REQUIRED = "either 'users', 'groups' or 'tokens' is required.";
const BOTH = "cannot use 'snapshot' parameter with 'current'";
const rule = (fields: Fields): Fields => ({ type: 'in', action: 'ACCEPT', proto: 'tcp', ...fields });

// biome-ignore format: a table is read by its rows
const REFUSALS: readonly Refusal[] = [
  // a container's config
  ['a digest alone', 'token', 'PUT', `${LXC}/100/config`, { digest: 'x' }, 500, 'no options specified'],
  ['revert and set', 'token', 'PUT', `${LXC}/100/config`, { revert: 'memory', memory: 99 }, 400,
    { revert: "you can't use '-memory' and '-revert memory' at the same time" }],
  ['revert and delete', 'token', 'PUT', `${LXC}/100/config`, { revert: 'swap', delete: 'swap' }, 400,
    { delete: "you can't use '-delete swap' and '-revert swap' at the same time" }],
  ['rights before names', 'user', 'PUT', `${LXC}/100/config`, { delete: 'nope' }, 403,
    'Permission check failed (/vms/100, VM.Config.Options)'],
  ['snapshot and current', 'token', 'GET', `${LXC}/100/config`, { snapshot: 's1', current: 1 }, 400,
    { snapshot: BOTH, current: BOTH }],
  ['an MTU beyond the bridge', 'token', 'PUT', `${LXC}/100/config`, { net1: 'name=eth1,bridge=vmbr0,mtu=9000' }, 500,
    "net1: MTU size '9000' is bigger than bridge MTU '1500'"],
  ['a hook of another kind', 'root', 'PUT', `${LXC}/100/config`, { hookscript: 'local:iso/x.iso' }, 500,
    "'local:iso/x.iso' is not in the snippets directory"],
  ['a hook that is not there', 'root', 'PUT', `${LXC}/100/config`, { hookscript: 'local:snippets/x' }, 500,
    "script 'local:snippets/x' does not exist"],
  ['a device that is not there', 'root', 'PUT', `${LXC}/100/config`, { dev0: '/dev/nope' }, 500,
    'Device /dev/nope does not exist'],
  ['a device that is none', 'root', 'PUT', `${LXC}/100/config`, { dev0: '/dev/shm' }, 500, '/dev/shm is not a device'],
  ['a device elsewhere', 'root', 'PUT', `${LXC}/100/config`, { dev0: '/etc/passwd' }, 400,
    { dev0: 'invalid format - format error\ndev0.path: invalid format - /etc/passwd is not a valid device path\n\n' }],
  ['conflicting words for the vmid', 'token', 'PUT', `${LXC}/100/config`, { vmid: 101, memory: 99 }, 400,
    { vmid: 'duplicate parameter (already defined in URI) with conflicting values!' }],
  // volumes
  ['a move to nowhere', 'token', 'POST', `${LXC}/100/move_volume`, { volume: 'rootfs' }, 400,
    { storage: NEITHER, 'target-vmid': NEITHER }],
  ['a move of an unused volume', 'token', 'POST', `${LXC}/100/move_volume`, { volume: 'unused0', storage: 'local' }, 500,
    "cannot move volume 'unused0', only configured volumes can be moved to another storage"],
  ['a move without rights there', 'user', 'POST', `${LXC}/100/move_volume`, { volume: 'mp0', storage: 'nope' }, 403,
    'Permission check failed (/storage/nope, Datastore.AllocateSpace)'],
  ['a bind mount to another container', 'root', 'POST', `${LXC}/101/move_volume`, { volume: 'mp0', 'target-vmid': 100, 'target-volume': 'mp5' }, 500,
    'Storage does not support moving of this disk to another container'],
  ['from a template', 'token', 'POST', `${LXC}/103/move_volume`, { volume: 'mp0', 'target-vmid': 100 }, 500,
    "Can't move volumes from or to template CT"],
  ['a resize without the option right', 'user', 'PUT', `${LXC}/100/resize`, { disk: 'rootfs', size: '+1G' }, 403,
    'Permission check failed (/vms/100, VM.Config.Options)'],
  ['a resize to the same size', 'token', 'PUT', `${LXC}/100/resize`, { disk: 'rootfs', size: '1G' }, 500,
    'disk is already at specified size'],
  ['a resize with a stale digest', 'token', 'PUT', `${LXC}/100/resize`, { disk: 'rootfs', size: '2G', digest: 'x' }, 500,
    'detected modified configuration - file changed by other user? Try again.'],
  // clones
  ['a clone to another node', 'token', 'POST', `${LXC}/999/clone`, { newid: 200, target: 'pve2' }, 500,
    "no such cluster node 'pve2'"],
  ['a clone to no storage', 'token', 'POST', `${LXC}/999/clone`, { newid: 200, storage: 'nope' }, 500,
    "storage 'nope' does not exist"],
  ['a linked clone elsewhere', 'token', 'POST', `${LXC}/103/clone`, { newid: 200, storage: 'local' }, 500,
    "parameter 'storage' not allowed for linked clones"],
  ['a clone of no snapshot', 'token', 'POST', `${LXC}/100/clone`, { newid: 200, snapname: 'nope' }, 500,
    "snapshot 'nope' does not exist"],
  ['a linked clone where nothing is shared', 'token', 'POST', `${LXC}/102/clone`, { newid: 200, full: 0 }, 500,
    "Linked clone feature for 'local-btrfs:102/subvol-102-disk-0.subvol' is not available"],
  ['a clone of a bind mount', 'token', 'POST', `${LXC}/101/clone`, { newid: 200 }, 500,
    "unable to clone mountpoint 'mp0' (type bind)"],
  ['a template of a template', 'token', 'POST', `${LXC}/103/template`, {}, 500,
    "you can't convert a template to a template"],
  // access
  ['an ACL for nobody', 'root', 'PUT', '/access/acl', { path: '/', roles: 'NoAccess' }, 400,
    { users: REQUIRED, groups: REQUIRED, tokens: REQUIRED }],
  ['an ACL for no user', 'root', 'PUT', '/access/acl', { path: '/', roles: 'NoAccess', users: 'nope@pve' }, 500,
    "ACL update failed: user 'nope@pve' does not exist"],
  ['an ACL for no group', 'root', 'PUT', '/access/acl', { path: '/', roles: 'NoAccess', groups: 'nope' }, 500,
    "ACL update failed: group 'nope' does not exist"],
  ['an ACL for no token', 'root', 'PUT', '/access/acl', { path: '/', roles: 'NoAccess', tokens: 'gitops@pve!nope' }, 500,
    "ACL update failed: no such token 'nope' for user 'gitops@pve'"],
  ['an ACL on a guest that cannot be', 'root', 'PUT', '/access/acl', { path: '/vms/12', roles: 'NoAccess', users: 'gitops@pve' }, 400,
    { path: "invalid ACL path '/vms/12'" }],
  ['a role of the system, changed', 'root', 'PUT', '/access/roles/PVEAdmin', { privs: 'VM.Audit' }, 500,
    "auto-generated role 'PVEAdmin' cannot be modified"],
  ['a role of the system, deleted', 'root', 'DELETE', '/access/roles/NoAccess', {}, 500,
    "auto-generated role 'NoAccess' cannot be deleted"],
  ['a role by a name of the system', 'root', 'POST', '/access/roles', { roleid: 'pveMine' }, 400,
    { roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" }],
  ['no role', 'root', 'DELETE', '/access/roles/Nope', {}, 500, "delete role failed: role 'Nope' does not exist"],
  ['a privilege of the other release', 'root', 'POST', '/access/roles', { roleid: 'X', privs: 'VM.Replicate' }, 400,
    { privs: "invalid format - invalid privilege 'VM.Replicate'\n" }],
  ['a short user name', 'root', 'POST', '/access/users', { userid: 'a@' }, 400,
    { userid: "invalid format - user name 'a@' is too short\n" }],
  ['a user name that is none, by a token', 'token', 'POST', '/access/users', { userid: 'abc' }, 500,
    "value 'abc' does not look like a valid user name"],
  ['a password in no realm', 'root', 'POST', '/access/users', { userid: 'a@nope', password: '12345678' }, 500,
    "create user failed: auth domain 'nope' does not exist"],
  ['a group that is not there', 'root', 'POST', '/access/users', { userid: 'a@pve', groups: 'nope' }, 500,
    "create user failed: no such group 'nope'"],
  ['no user', 'token', 'GET', '/access/users/nope@pve', {}, 500, "no such user ('nope@pve')"],
  ['the tokens of no user', 'token', 'GET', '/access/users/nope@pve/token', {}, 403, 'Permission check failed'],
  ['no token', 'root', 'GET', '/access/users/root@pam/token/nope', {}, 500, "no such token 'nope' for user 'root@pam'"],
  ['another user’s rights', 'user', 'GET', '/access/permissions', { userid: 'root@pam' }, 403,
    'Permission check failed (/access, Sys.Audit)'],
  // pools
  ['a pool under none', 'token', 'POST', '/pools', { poolid: 'x/y' }, 500,
    "create pool failed: parent 'x' of pool 'x/y' does not exist"],
  ['a pool with another inside', 'token', 'DELETE', '/pools', { poolid: 'a' }, 500,
    "delete pool failed: pool 'a' is not empty (contains pool 'a/b')"],
  ['a pool too deep', 'root', 'POST', '/pools', { poolid: 'a/b/c/d' }, 400,
    { poolid: "invalid format - pool name 'a/b/c/d' nested too deeply (max levels = 3)\n" }],
  ['a member without rights on it', 'user', 'PUT', '/pools/a', { vms: 100 }, 403,
    'Permission check failed (/pool/a, Pool.Allocate)'],
  // storage
  ['a volume on another storage', 'token', 'DELETE', '/nodes/pve/storage/local/content/dir2:100%2Fvm-100-disk-0.raw', {}, 400,
    { volume: 'storage ID mismatch (dir2 != local)\n' }],
  ['an image of two formats', 'token', 'POST', '/nodes/pve/storage/local/content', { filename: 'vm-100-disk-9.raw', format: 'qcow2', size: '1G', vmid: 100 }, 400,
    { format: 'different storage formats (qcow2 != raw)' }],
  ['a download of what a storage has not', 'token', 'POST', '/nodes/pve/storage/local-btrfs/download-url', { content: 'vztmpl', filename: 'x.tar.zst', url: 'http://127.0.0.1/x' }, 500,
    "storage 'local-btrfs' is not configured for content-type 'vztmpl'"],
  ['a directory without a path', 'root', 'POST', '/storage', { storage: 'x1', type: 'dir' }, 500,
    "missing value for required option 'path'"],
  ['no storage to change', 'root', 'PUT', '/storage/nope', { disable: 1 }, 500,
    "update storage failed: storage 'nope' does not exist"],
  // firewall
  ['a port that is none', 'token', 'POST', `${LXC}/100/firewall/rules`, rule({ dport: '99999' }), 400,
    { dport: "invalid format - invalid port '99999'\n" }],
  ['ports without a protocol', 'token', 'POST', `${LXC}/100/firewall/rules`, { type: 'in', action: 'ACCEPT', dport: '22' }, 400,
    { proto: "missing property - 'dport' requires this property" }],
  ['an action that is none', 'token', 'POST', `${LXC}/100/firewall/rules`, rule({ action: 'Allow' }), 400,
    { action: "unknown action 'Allow'" }],
  ['an address that is none', 'token', 'POST', `${LXC}/100/firewall/rules`, rule({ source: '10.0.0.300' }), 400,
    { source: 'invalid format - invalid IP address: Cannot determine IP version for 10.0.0.300\n' }],
  ['an interface of the host', 'token', 'POST', `${LXC}/100/firewall/rules`, rule({ iface: 'eth0' }), 400,
    { iface: "value does not match the regex pattern 'net\\d+'" }],
  ['no option', 'token', 'PUT', `${LXC}/100/firewall/options`, { delete: 'nope' }, 400,
    { delete: "no such option 'nope'" }],
  // HA, backups, tasks, nodes
  ['HA of no guest', 'token', 'POST', '/cluster/ha/resources', { sid: '999' }, 500,
    'unable do detect SID from VMID - VM/CT 999 does not exist'],
  ['HA of no kind', 'token', 'GET', '/cluster/ha/resources/nope', {}, 400,
    { sid: 'invalid format - value does not look like a valid ha resource id\n' }],
  ['a backup of nothing', 'token', 'POST', '/nodes/pve/vzdump', { storage: 'local' }, 400,
    { vmid: 'property is missing' }],
  ['a backup of one and all', 'token', 'POST', '/nodes/pve/vzdump', { vmid: 100, all: 1 }, 400,
    { all: "option conflicts with option 'vmid'" }],
  ['a backup’s script by a token', 'token', 'POST', '/nodes/pve/vzdump', { vmid: 100, script: '/x' }, 400,
    { script: 'Only root may set this option.' }],
  ['a migration to no node', 'token', 'POST', `${LXC}/100/migrate`, { target: 'pve2' }, 500,
    "no such cluster node 'pve2'"],
];

describe('a refusal', () => {
  it.each(REFUSALS)('%s', async (_name, who, method, path, fields, status, expected) => {
    const reply = await { root, token, user }[who].call(method, path, fields);
    const got = reply.body?.errors ?? reply.body?.message?.replace(/\n$/, '');
    expect([reply.status, got]).toEqual([status, expected]);
  });

  it('has locked nothing and made nothing', () => {
    const { guests } = test.node.core;
    expect(guests.ids('lxc')).toEqual([100, 101, 102, 103]);
    expect(guests.ids('lxc').map((vmid) => guests.read('lxc', vmid).config.values.lock)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('work that takes its time', () => {
  it('locks the source of a clone: a second one is refused until the first has ended', async () => {
    const upid = dataOf<string>(await token.call('POST', `${LXC}/103/clone`, { newid: 210 }));
    const second = await token.call('POST', `${LXC}/103/clone`, { newid: 211 });
    await test.node.core.tasks.settled(upid);
    // the first may have ended before the second came
    expect([200, 500]).toContain(second.status);
    if (second.status === 500) expect(second.reason).toBe('CT is locked (disk)');
    expect(test.node.core.guests.read('lxc', 103).config.values.lock).toBeUndefined();
  });

  it('shows a template as one once its task has ended', async () => {
    const list = dataOf<{ type: string; status: string }[]>(
      await token.call('GET', '/nodes/pve/tasks', { typefilter: 'vztemplate' }),
    );
    expect(list).toMatchObject([{ type: 'vztemplate', status: 'OK' }]);
    expect(test.node.core.guests.read('lxc', 103).config.values.rootfs).toMatch(
      /^local-btrfs:103\/base-103-disk-0\.raw/,
    );
  });

  it('a backup to no storage fails in its task', async () => {
    expect(await test.task(token, 'POST', '/nodes/pve/vzdump', { vmid: 100, storage: 'local-btrfs' })).toBe(
      "could not get storage information for 'local-btrfs': can't use storage 'local-btrfs' for backups - wrong content type",
    );
  });
});
