import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  type NodeClient,
  small,
  startTestNode,
  type TestNode,
} from './support/node-client.ts';

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  addTemplate(test);
});

afterAll(() => test.close());

const config = async (vmid: number) =>
  dataOf<Record<string, unknown>>(await root.call('GET', `/nodes/pve/lxc/${vmid}/config`));
const task = (method: string, path: string, fields: Fields = {}) =>
  test.task(root, method, `/nodes/pve/lxc/${path}`, fields);
const refusal = async (method: string, path: string, fields: Fields = {}) =>
  (await root.call(method, `/nodes/pve/lxc/${path}`, fields)).reason;

/** Every test begins with 100, which has a volume at mp0 and runs on a storage with snapshots. */
beforeEach(async () => {
  for (const vmid of test.node.core.guests.ids('lxc')) {
    await root.call('PUT', `/nodes/pve/lxc/${vmid}/config`, { protection: 0 });
    expect(await task('DELETE', String(vmid), { force: 1, purge: 1, 'destroy-unreferenced-disks': 1 })).toBe('OK');
  }
  const fields = { mp0: 'local-btrfs:1,mp=/data', hostname: 'a', description: 'mine', net0: 'name=eth0,bridge=vmbr0' };
  expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(100, fields))).toBe('OK');
});

describe('snapshots', () => {
  it('hold the config; a rollback brings it back but for the description (rows 516 to 554)', async () => {
    expect(await task('POST', '100/snapshot', { snapname: 's1', description: 'first' })).toBe('OK');
    expect(await task('POST', '100/snapshot', { snapname: 's1' })).toBe("snapshot name 's1' already used");
    await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 200, description: 'later', tags: 'x' });
    expect(await task('POST', '100/snapshot', { snapname: 's2' })).toBe('OK');
    await task('POST', '100/status/start');
    const list = dataOf<object[]>(await root.call('GET', '/nodes/pve/lxc/100/snapshot'));
    expect(list).toMatchObject([
      { name: 's1', description: 'first\n' },
      { name: 's2', description: '', parent: 's1' },
      { name: 'current', description: 'You are here!', parent: 's2', running: 1 },
    ]);
    expect(await task('POST', '100/snapshot/s1/rollback')).toBe('OK');
    expect(await config(100)).toMatchObject({ memory: 128, description: 'later\n', parent: 's1' });
    expect(await config(100)).not.toHaveProperty('tags');
    const status = await root.call('GET', '/nodes/pve/lxc/100/status/current');
    expect(status.body?.data).toMatchObject({ status: 'stopped' });
    expect(await task('DELETE', '100/snapshot/s1')).toBe('OK');
    const left = dataOf<Record<string, unknown>[]>(await root.call('GET', '/nodes/pve/lxc/100/snapshot'));
    expect(left.map(({ name, parent }) => [name, parent])).toEqual([
      ['s2', undefined],
      ['current', undefined],
    ]);
  });

  it('are refused where they cannot be', async () => {
    expect(await task('POST', '100/snapshot/nope/rollback')).toBe("snapshot 'nope' does not exist");
    expect(await refusal('POST', '100/snapshot', { snapname: 'vzdump' })).toBe(
      "unable to use snapshot name 'vzdump' (reserved name)",
    );
    await root.call('PUT', '/nodes/pve/lxc/100/config', { mp1: '/mnt/data,mp=/d' });
    expect(await task('POST', '100/snapshot', { snapname: 's1' })).toBe('snapshot feature is not available');
    const feature = await root.call('GET', '/nodes/pve/lxc/100/feature', { feature: 'snapshot' });
    expect(feature.body?.data).toEqual({ hasFeature: 0 });
  });
});

describe('clones', () => {
  it('have new volumes and new MACs, and the rest as it was', async () => {
    expect(await task('POST', '100/clone', { newid: 101, storage: 'local', hostname: 'b' })).toBe('OK');
    const [from, to] = [await config(100), await config(101)];
    expect(to).toMatchObject({
      hostname: 'b',
      description: 'mine\n',
      rootfs: 'local:101/vm-101-disk-0.raw,size=1G',
      mp0: 'local:101/vm-101-disk-1.raw,mp=/data,size=1G',
    });
    expect(to.net0).not.toBe(from.net0);
    expect(String(to.net0).replace(/hwaddr=[^,]*/, '')).toBe(String(from.net0).replace(/hwaddr=[^,]*/, ''));
  });

  it('of a template share its base (rows 593 to 601)', async () => {
    expect((await root.call('POST', '/nodes/pve/lxc/100/template')).body).toEqual({ data: null });
    expect(await config(100)).toMatchObject({ template: 1, rootfs: 'local-btrfs:100/base-100-disk-0.raw,size=1G' });
    expect(await task('POST', '100/status/start')).toBe("you can't start a CT if it's a template");
    expect(await task('POST', '100/clone', { newid: 102 })).toBe('OK');
    expect(await config(102)).toMatchObject({ rootfs: 'local-btrfs:102/vm-102-disk-0.raw,size=1G' });
    expect(await config(102)).not.toHaveProperty('template');
    expect(await refusal('POST', '100/clone', { newid: 103, storage: 'local' })).toBe(
      "parameter 'storage' not allowed for linked clones",
    );
  });

  it('are refused while the source runs, and onto a vmid in use', async () => {
    await task('POST', '100/status/start');
    expect(await refusal('POST', '100/clone', { newid: 100 })).toBe("CT 100 already exists on node 'pve'");
    expect(await refusal('POST', '100/clone', { newid: 103 })).toBe(
      'Cannot do full clones on a running container without snapshots',
    );
  });
});

describe('volumes that move', () => {
  it('to another storage keep the old one as unused, or drop it', async () => {
    expect(await task('POST', '100/move_volume', { volume: 'mp0', storage: 'local' })).toBe('OK');
    expect(await config(100)).toMatchObject({
      mp0: 'local:100/vm-100-disk-0.raw,mp=/data,size=1G',
      unused0: 'local-btrfs:100/vm-100-disk-1.raw',
    });
    expect(await task('POST', '100/move_volume', { volume: 'mp0', storage: 'local-btrfs', delete: 1 })).toBe('OK');
    expect(test.node.core.volumes.on('local')).toEqual([]);
    expect(await task('POST', '100/move_volume', { volume: 'mp0', storage: 'nope' })).toBe(
      "storage 'nope' does not exist",
    );
  });

  it.each<[string, Fields]>([
    ['either set storage or target-vmid, but not both', { volume: 'mp0', storage: 'local', 'target-vmid': 101 }],
    ["Cannot move to/from 'rootfs'", { volume: 'rootfs', 'target-vmid': 101, 'target-volume': 'mp1' }],
    ['could not find CT 999', { volume: 'mp0', 'target-vmid': 999 }],
    ["volume 'mp5' for container '100' does not exist", { volume: 'mp5', 'target-vmid': 101 }],
    [
      'Moving an unused volume to a used one is not possible',
      { volume: 'unused0', 'target-vmid': 101, 'target-volume': 'mp7' },
    ],
  ])('are refused: %s', async (text, fields) => {
    await test.task(root, 'POST', '/nodes/pve/lxc', small(101));
    expect(await refusal('POST', '100/move_volume', fields)).toBe(text);
  });
});

describe('promotion by restore (rows 1225 to 1278)', () => {
  it('puts a candidate’s root file system under the live vmid and keeps volume, pool, ACL and firewall', async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc', small(790, { hostname: 'candidate', memory: 256 }));
    await root.call('POST', '/pools', { poolid: 'promo' });
    await root.call('PUT', '/pools/promo', { vms: '100' });
    await root.call('PUT', '/access/acl', { path: '/vms/100', roles: 'PVEAuditor', users: 'root@pam' });
    await root.call('POST', '/nodes/pve/lxc/100/firewall/rules', {
      type: 'in',
      action: 'ACCEPT',
      dport: 80,
      proto: 'tcp',
    });
    const before = await config(100);
    expect(
      await test.task(root, 'POST', '/nodes/pve/vzdump', {
        vmid: 790,
        storage: 'local',
        mode: 'stop',
        compress: 'zstd',
      }),
    ).toBe('OK');
    const [archive] = dataOf<{ volid: string; vmid: number }[]>(
      await root.call('GET', '/nodes/pve/storage/local/content', { content: 'backup' }),
    );
    expect(archive).toMatchObject({ vmid: 790, format: 'tar.zst', subtype: 'lxc' });
    expect(await task('POST', '100/move_volume', { volume: 'mp0', 'target-vmid': 790 })).toBe('OK');
    const restore = {
      vmid: 100,
      ostemplate: String(archive?.volid),
      restore: 1,
      storage: 'local-btrfs',
      unprivileged: 1,
      description: 'mine',
      hostname: 'a',
      net0: String(before.net0),
    };
    expect((await root.call('POST', '/nodes/pve/lxc', restore)).reason).toBe("CT 100 already exists on node 'pve'");
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', { ...restore, force: 1 })).toBe('OK');
    expect(await task('POST', '790/move_volume', { volume: 'mp0', 'target-vmid': 100 })).toBe('OK');
    const after = await config(100);
    expect(after).toMatchObject({
      net0: before.net0,
      hostname: 'a',
      description: 'mine\n',
      memory: 256,
      unprivileged: 1,
    });
    expect(String(after.mp0)).toMatch(/^local-btrfs:100\/vm-100-disk-\d+\.raw,mp=\/data,size=1G$/);
    expect(test.node.core.volumes.owned(100)).toHaveLength(2);
    expect(test.node.core.access.poolOf('vms', '100')).toBe('promo');
    expect(dataOf<object[]>(await root.call('GET', '/access/acl'))).toHaveLength(1);
    expect(dataOf<object[]>(await root.call('GET', '/nodes/pve/lxc/100/firewall/rules'))).toMatchObject([
      { dport: '80', enable: 0, pos: 0 },
    ]);
    expect(await task('POST', '100/status/start')).toBe('OK');
    expect((await root.call('POST', '/nodes/pve/lxc', { ...restore, force: 1 })).reason).toBe(
      "can't overwrite running container",
    );
  });

  it('leaves the live container as it was when the restore fails', async () => {
    const before = await config(100);
    const fields = {
      vmid: 100,
      ostemplate: 'local:backup/vzdump-lxc-790-x.tar.zst',
      restore: 1,
      force: 1,
      storage: 'local-btrfs',
    };
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', fields)).toMatch(
      /^unable to restore CT 100 - volume .* does not exist$/,
    );
    expect(await config(100)).toEqual(before);
    expect(await task('POST', '100/status/start')).toBe('OK');
  });
});
