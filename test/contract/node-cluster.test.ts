import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  NodeClient,
  small,
  startTestNode,
  type TestNode,
} from './support/node-client.ts';

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode({ controlSecret: 's' });
  root = test.root;
  addTemplate(test);
  for (const vmid of [100, 130]) await test.task(root, 'POST', '/nodes/pve/lxc', small(vmid));
});

afterAll(() => test.close());

describe('pools, as recorded (rows 729 to 764)', () => {
  it.each<[string, string, Fields, string]>([
    ['POST', '/pools', { poolid: 'prod', comment: 'production' }, 'OK'],
    ['POST', '/pools', { poolid: 'prod' }, "create pool failed: pool 'prod' already exists"],
    ['PUT', '/pools/prod', { vms: '100,130' }, 'OK'],
    ['PUT', '/pools/prod', { vms: '100' }, 'update pools failed: VM 100 is already a pool member'],
    ['PUT', '/pools/prod', { storage: 'local' }, 'OK'],
    ['POST', '/pools', { poolid: 'prod2' }, 'OK'],
    [
      'PUT',
      '/pools/prod2',
      { vms: '130' },
      "update pools failed: VM 130 belongs already to pool 'prod' and 'allow-move' is not set",
    ],
    ['PUT', '/pools/prod2', { vms: '130', 'allow-move': 1 }, 'OK'],
    ['DELETE', '/pools/prod', {}, "delete pool failed: pool 'prod' is not empty (contains VM 100)"],
    ['PUT', '/pools/prod', { vms: '130', delete: 1 }, 'update pools failed: VM 130 is not a pool member'],
    ['PUT', '/pools/nope', { vms: '100' }, "update pools failed: pool 'nope' does not exist"],
    ['DELETE', '/pools/nope', {}, "delete pool failed: pool 'nope' does not exist"],
  ])('%s %s %j: %s', async (method, path, fields, reason) => {
    expect((await root.call(method, path, fields)).reason).toBe(reason);
  });

  it('are seen with their members', async () => {
    const [pool] = dataOf<{ members: { id: string }[] }[]>(await root.call('GET', '/pools', { poolid: 'prod' }));
    expect(pool?.members.map(({ id }) => id)).toEqual(['lxc/100', 'storage/pve/local']);
    const guests = dataOf<{ vmid: number; pool?: string }[]>(
      await root.call('GET', '/cluster/resources', { type: 'vm' }),
    );
    expect(guests.map(({ vmid, pool: name }) => [vmid, name])).toEqual([
      [100, 'prod'],
      [130, 'prod2'],
    ]);
  });
});

describe('HA, as data (rows 926 to 992)', () => {
  it('turns start and stop into wishes and keeps a container from a destroy without purge', async () => {
    const none = await root.call('POST', '/cluster/ha/resources', { sid: 'ct:999' });
    expect(none.reason).toBe("resource 'ct:999' does not exist in cluster");
    expect((await root.call('POST', '/cluster/ha/resources', { sid: 'ct:130', state: 'started' })).status).toBe(200);
    expect(dataOf<string>(await root.call('POST', '/nodes/pve/lxc/130/status/start'))).toContain(':hastart:130:');
    expect((await root.call('DELETE', '/nodes/pve/lxc/130')).reason).toBe(
      'unable to remove CT 130 - used in HA resources and purge parameter not set.',
    );
    const current = await root.call('GET', '/nodes/pve/lxc/130/status/current');
    expect(current.body?.data).toMatchObject({ ha: { managed: 1 }, status: 'stopped' });
    expect((await root.call('DELETE', '/cluster/ha/resources/ct:130')).status).toBe(200);
  });
});

describe('storages', () => {
  it('can be added, changed and removed (rows 1119 to 1133)', async () => {
    const add = () => root.call('POST', '/storage', { storage: 'x1', type: 'dir', path: '/x', content: 'rootdir' });
    expect((await add()).body?.data).toEqual({ storage: 'x1', type: 'dir' });
    expect((await add()).reason).toBe("create storage failed: storage ID 'x1' already defined");
    await root.call('PUT', '/storage/local-btrfs', { content: 'images' });
    const refused = await root.call('POST', '/nodes/pve/lxc', small(160));
    expect(refused.body?.errors).toEqual({ storage: "storage 'local-btrfs' does not support container directories" });
    await root.call('PUT', '/storage/local-btrfs', { content: 'images,rootdir' });
    await root.call('PUT', '/storage/local', { disable: 1 });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(160))).toBe(
      "unable to create CT 160 - storage 'local' is disabled",
    );
    await root.call('PUT', '/storage/local', { disable: 0 });
    expect((await root.call('DELETE', '/storage/x1')).status).toBe(200);
    expect((await root.call('GET', '/nodes/pve/storage/x1/status')).body?.errors).toEqual({
      storage: 'No such storage.',
    });
  });

  it('take and lose volumes by hand (rows 849 to 870)', async () => {
    const content = '/nodes/pve/storage/local/content';
    const made = await root.call('POST', content, {
      filename: 'vm-140-disk-7.raw',
      format: 'raw',
      size: '1G',
      vmid: 140,
    });
    expect(made.body?.data).toBe('local:140/vm-140-disk-7.raw');
    expect(dataOf<object[]>(await root.call('GET', content, { vmid: 140 }))).toMatchObject([
      { content: 'images', size: 1024 ** 3 },
    ]);
    const path = `${content}/${encodeURIComponent('local:140/vm-140-disk-7.raw')}`;
    expect(await test.task(root, 'DELETE', path)).toBe('OK');
    expect(dataOf<object[]>(await root.call('GET', content, { vmid: 140 }))).toEqual([]);
  });
});

describe('the datacenter', () => {
  it('limits new vmids (rows 1090 to 1092)', async () => {
    await root.call('PUT', '/cluster/options', { 'next-id': 'lower=200,upper=300' });
    expect((await root.call('GET', '/cluster/nextid')).body?.data).toBe('200');
    await root.call('PUT', '/cluster/options', { delete: 'next-id' });
    expect((await root.call('GET', '/cluster/nextid')).body?.data).toBe('101');
  });

  it('reads and does not write without quorum (rows 1035 to 1053)', async () => {
    const control = new NodeClient(test.node.port, test.node.caFile, { 'x-control-secret': 's' });
    const quorum = (quorate: boolean) => control.raw('PUT', '/control/quorum', JSON.stringify({ quorate }));
    await quorum(false);
    expect((await root.call('GET', '/nodes/pve/lxc/100/config')).status).toBe(200);
    for (const [method, path, fields] of [
      ['POST', '/nodes/pve/lxc/100/status/start', {}],
      ['POST', '/nodes/pve/lxc', small(150)],
      ['POST', '/nodes/pve/lxc/100/clone', { newid: 151 }],
    ] as const) {
      expect((await root.call(method, path, fields)).reason).toBe('cluster not ready - no quorum?');
    }
    const put = await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 129 });
    expect(put.reason).toMatch(
      /^unable to open file '\/etc\/pve\/nodes\/pve\/lxc\/100\.conf\.tmp\.\d+' - Permission denied$/,
    );
    expect((await root.call('POST', '/pools', { poolid: 'q' })).reason).toBe(
      "create pool failed: cfs-lock 'file-user_cfg' error: no quorum!",
    );
    // the danger: the volumes go, the container stays
    expect(await test.task(root, 'DELETE', '/nodes/pve/lxc/130')).toMatch(/Permission denied$/);
    expect(test.node.core.volumes.owned(130)).toEqual([]);
    expect(test.node.core.guests.has('lxc', 130)).toBe(true);
    await quorum(true);
  });

  it('offers templates in the profile home, and makes them', async () => {
    const home = await startTestNode({ profile: 'home' });
    const offered = dataOf<{ template: string }[]>(await home.root.call('GET', '/nodes/pve/aplinfo'));
    expect(offered.map(({ template }) => template.split('_')[0])).toEqual(['debian-12-standard', 'debian-13-standard']);
    const template = String(offered[1]?.template);
    expect(await home.task(home.root, 'POST', '/nodes/pve/aplinfo', { storage: 'local', template })).toBe('OK');
    const wrong = await home.root.call('POST', '/nodes/pve/aplinfo', { storage: 'local', template: 'nope' });
    expect(wrong.body?.errors).toEqual({ template: 'no such template' });
    const fields = { vmid: 100, ostemplate: `local:vztmpl/${template}`, rootfs: 'local-lvm:8', unprivileged: 1 };
    expect(await home.task(home.root, 'POST', '/nodes/pve/lxc', fields)).toBe('OK');
    const { rootfs } = dataOf<{ rootfs: string }>(await home.root.call('GET', '/nodes/pve/lxc/100/config'));
    expect(rootfs).toBe('local-lvm:vm-100-disk-0,size=8G');
    await home.close();
  });
});

describe('another member, named by the control endpoint', () => {
  const path = '/nodes/pve/lxc/100/migrate';
  const setMembers = (nodes: readonly string[]) =>
    root.raw('PUT', '/control/members', JSON.stringify({ nodes }), {
      'content-type': 'application/json',
      'x-control-secret': 's',
    });
  const resource = async () =>
    dataOf<{ vmid: number; node: string }[]>(await root.call('GET', '/cluster/resources', { type: 'vm' })).find(
      ({ vmid }) => vmid === 100,
    );

  it('takes a container, which is on the one node and not on the other', async () => {
    expect((await root.call('POST', path, { target: 'pve2' })).reason).toBe("no such cluster node 'pve2'");
    await setMembers(['pve2']);
    const nodes = dataOf<{ node: string; ssl_fingerprint: string }[]>(await root.call('GET', '/nodes'));
    expect(nodes.map(({ node }) => node)).toEqual(['pve', 'pve2']);
    expect(nodes[0]?.ssl_fingerprint).not.toBe(nodes[1]?.ssl_fingerprint);
    const names = dataOf<{ name: string; type: string }[]>(await root.call('GET', '/cluster/status'));
    expect(names.map(({ type, name }) => `${type} ${name}`)).toEqual(['cluster local', 'node pve', 'node pve2']);
    await test.task(root, 'POST', '/nodes/pve/lxc/100/status/start');
    expect((await root.call('POST', path, { target: 'pve2' })).reason).toBe(
      "can't migrate running container without --online or --restart",
    );
    await test.task(root, 'POST', path, { target: 'pve2', restart: 1 });
    expect((await root.call('GET', '/nodes/pve/lxc/100/config')).reason).toBe(
      "Configuration file 'nodes/pve/lxc/100.conf' does not exist",
    );
    const state = await root.call('GET', '/nodes/pve2/lxc/100/status/current');
    expect(dataOf<Fields>(state)).toMatchObject({ status: 'running' });
    expect((await resource())?.node).toBe('pve2');
    const of = async (node: string) =>
      dataOf<{ vmid: number }[]>(await root.call('GET', `/nodes/${node}/lxc`)).map(({ vmid }) => vmid);
    expect([await of('pve'), await of('pve2')]).toEqual([[130], [100]]);
    expect((await root.call('POST', '/nodes/pve2/lxc/100/migrate', { target: 'pve2' })).body?.errors).toEqual({
      target: 'target is local node.',
    });
    const back = await root.call('POST', '/nodes/pve2/lxc/100/migrate', { target: 'pve', restart: 1 });
    expect(dataOf<string>(back)).toMatch(/^UPID:pve2:.*:vzmigrate:100:/);
    await test.node.core.tasks.settled(dataOf<string>(back));
    expect((await resource())?.node).toBe('pve');
  });

  it('does not take what is of the node alone: the task says what', async () => {
    const body = { storage: 'own', type: 'dir', path: '/srv/own', content: 'rootdir,images', nodes: 'pve' };
    dataOf(await root.call('POST', '/storage', body));
    await test.task(root, 'POST', '/nodes/pve/lxc', small(140));
    const end = async (fields: Fields): Promise<string | undefined> => {
      const upid = dataOf<string>(await root.call('POST', '/nodes/pve/lxc/140/migrate', fields));
      await test.node.core.tasks.settled(upid);
      return test.node.core.tasks.get(upid)?.exitstatus;
    };
    await test.task(root, 'POST', '/nodes/pve/lxc/140/move_volume', { volume: 'rootfs', storage: 'own', delete: 1 });
    expect(await end({ target: 'pve2' })).toBe("storage 'own' is not available on node 'pve2'");
    const config = dataOf<Fields>(await root.call('GET', '/nodes/pve/lxc/140/config'));
    expect(config).not.toHaveProperty('lock');
    expect(await end({ target: 'pve2', 'target-storage': 'local' })).toBe('OK');
    expect(dataOf<Fields>(await root.call('GET', '/nodes/pve2/lxc/140/config')).rootfs).toMatch(/^local:/);
  });

  it('takes a clone whose disks are on a storage of both (source: PVE::API2::LXC, clone_vm)', async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc', small(145));
    const clone = '/nodes/pve/lxc/145/clone';
    const reason = async (fields: Fields) => (await root.call('POST', clone, { newid: 150, ...fields })).reason;
    expect(await reason({ target: 'pve3' })).toBe("no such cluster node 'pve3'");
    expect(await reason({ target: 'pve2' })).toBe("can't clone CT to node 'pve2' (CT uses local storage)");
    expect(await reason({ target: 'pve2', storage: 'local' })).toBe("can't clone to non-shared storage 'local'");
    expect(await reason({ target: 'pve2', storage: 'own' })).toBe("storage 'own' is not available on node 'pve2'");
    const body = { storage: 'both', type: 'dir', path: '/srv/both', content: 'rootdir,images', shared: 1 };
    dataOf(await root.call('POST', '/storage', body));
    const upid = dataOf<string>(await root.call('POST', clone, { newid: 150, target: 'pve2', storage: 'both' }));
    expect(upid).toMatch(/^UPID:pve:.*:vzclone:145:/);
    await test.node.core.tasks.settled(upid);
    expect(test.node.core.tasks.get(upid)?.exitstatus).toBe('OK');
    expect((await root.call('GET', '/nodes/pve/lxc/150/config')).status).toBe(500);
    const made = dataOf<Fields>(await root.call('GET', '/nodes/pve2/lxc/150/config'));
    expect(made.rootfs).toMatch(/^both:150\//);
    expect(made).not.toHaveProperty('lock');
    const beside = dataOf<string>(await root.call('POST', '/nodes/pve2/lxc/150/clone', { newid: 151 }));
    await test.node.core.tasks.settled(beside);
    expect((await root.call('GET', '/nodes/pve2/lxc/151/config')).status).toBe(200);
    expect((await root.call('GET', '/nodes/pve/lxc/145/config')).body?.data).not.toHaveProperty('lock');
    await setMembers([]);
  });
});
