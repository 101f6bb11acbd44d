import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NodeClient, TestNode } from './support/node-client.ts';
import { dataOf, type Fields } from './support/node-client.ts';
import { SiteOfNode } from './support/site-of-node.ts';

/** The role that `setup` makes: enough for everything inside the pool, and for nothing outside of it. */

describe.each(['8.4', '9.1'] as const)('the role of setup on %s', (release) => {
  let site: SiteOfNode;
  let node: TestNode;
  let token: NodeClient;
  let template: string;

  const task = (method: string, path: string, fields: Fields = {}) => node.task(token, method, path, fields);

  beforeAll(async () => {
    site = await SiteOfNode.open(release);
    ({ node, client: token } = site);
    const offered = dataOf<{ template: string }[]>(await token.call('GET', '/nodes/pve/aplinfo'));
    template = offered.at(-1)?.template ?? '';
  });

  afterAll(() => site.close());

  const container = (vmid: number, fields: Fields = {}): Fields => ({
    vmid,
    ostemplate: `local:vztmpl/${template}`,
    rootfs: 'local-lvm:1',
    unprivileged: 1,
    memory: 128,
    ...fields,
  });

  it('holds nothing that is not in the table of needs, and is the same for both releases', () => {
    expect(site.wish.privileges).toEqual([
      'Datastore.AllocateSpace',
      'Datastore.AllocateTemplate',
      'Pool.Audit',
      'SDN.Use',
      'VM.Allocate',
      'VM.Audit',
      'VM.Backup',
      'VM.Clone',
      'VM.Config.CPU',
      'VM.Config.Disk',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.Options',
      'VM.Migrate',
      'VM.PowerMgmt',
      'VM.Snapshot',
    ]);
  });

  describe('inside the pool everything works', () => {
    it('a template is downloaded', async () => {
      expect(await task('POST', '/nodes/pve/aplinfo', { storage: 'local', template })).toBe('OK');
      const content = await token.call('GET', '/nodes/pve/storage/local/content', { content: 'vztmpl' });
      expect(dataOf<{ volid: string }[]>(content).map(({ volid }) => volid)).toEqual([`local:vztmpl/${template}`]);
    });

    it('tags at create are asked for on the container itself, which is not in the pool yet: without them it is made', async () => {
      const reply = await token.call('POST', '/nodes/pve/lxc', container(205, { pool: site.wish.pool, tags: 'x' }));
      expect(reply.reason).toBe('Permission check failed (/vms/205, VM.Config.Options)');
      const { containers, inventory } = await site.ports();
      const { vmid: _, ...parameters } = container(205, { pool: site.wish.pool, tags: 'x', hostname: 'tagged' });
      const call = { timeoutMs: 20_000, signal: new AbortController().signal };
      await containers.create('pve', 205, parameters, call);
      const made = await inventory.container('pve', 205, call);
      expect(made?.config.tags).toBeUndefined();
      await containers.update('pve', 205, { set: { tags: 'x' }, remove: [] }, made?.digest ?? '', call);
      await containers.destroy('pve', 205, call);
    });

    it('create with pool, nesting, interface and a volume', async () => {
      const fields = {
        pool: site.wish.pool,
        cores: 1,
        features: 'nesting=1',
        net0: 'name=eth0,bridge=vmbr0,ip=dhcp',
        description: 'x',
        onboot: 1,
        mp0: 'local-lvm:1,mp=/data',
      };
      expect(await task('POST', '/nodes/pve/lxc', container(200, fields))).toBe('OK');
    });

    it('config, start, resize, reboot, shutdown', async () => {
      const config = { memory: 256, cores: 2, hostname: 'y', tags: 'a;pve-gitops', description: 'y', protection: 0 };
      expect((await token.call('PUT', '/nodes/pve/lxc/200/config', config)).status).toBe(200);
      const net = { net1: 'name=eth1,bridge=vmbr0,tag=5,ip=dhcp' };
      expect((await token.call('PUT', '/nodes/pve/lxc/200/config', net)).status).toBe(200);
      expect(await task('POST', '/nodes/pve/lxc/200/status/start')).toBe('OK');
      expect(await task('PUT', '/nodes/pve/lxc/200/resize', { disk: 'rootfs', size: '2G' })).toBe('OK');
      expect(await task('POST', '/nodes/pve/lxc/200/status/reboot')).toBe('OK');
      expect(await task('POST', '/nodes/pve/lxc/200/status/shutdown', { forceStop: 1 })).toBe('OK');
    });

    it('snapshot, rollback, removal of the snapshot', async () => {
      expect(await task('POST', '/nodes/pve/lxc/200/snapshot', { snapname: 'before' })).toBe('OK');
      expect(await task('POST', '/nodes/pve/lxc/200/snapshot/before/rollback')).toBe('OK');
      expect(await task('DELETE', '/nodes/pve/lxc/200/snapshot/before')).toBe('OK');
    });

    it('clone into the pool; a volume moves to the clone', async () => {
      expect(await task('POST', '/nodes/pve/lxc/200/clone', { newid: 201, pool: site.wish.pool, full: 1 })).toBe('OK');
      const move = { volume: 'mp0', 'target-vmid': 201, 'target-volume': 'mp1' };
      expect(await task('POST', '/nodes/pve/lxc/200/move_volume', move)).toBe('OK');
    });

    it('backup, restore over it, removal of the backup', async () => {
      expect(await task('POST', '/nodes/pve/vzdump', { vmid: 200, storage: 'local', mode: 'stop' })).toBe('OK');
      const content = await token.call('GET', '/nodes/pve/storage/local/content', { content: 'backup' });
      const volid = dataOf<{ volid: string }[]>(content)[0]?.volid ?? '';
      const restore = { vmid: 200, ostemplate: volid, restore: 1, force: 1, storage: 'local-lvm', unprivileged: 1 };
      expect(await task('POST', '/nodes/pve/lxc', restore)).toBe('OK');
      const path = `/nodes/pve/storage/local/content/${encodeURIComponent(volid)}`;
      expect(await task('DELETE', path)).toBe('OK');
    });

    it('the restored container is in the pool still, and both are destroyed', async () => {
      for (const vmid of [200, 201]) expect(await task('DELETE', `/nodes/pve/lxc/${vmid}`)).toBe('OK');
    });
  });

  describe('outside the pool nothing can be touched', () => {
    beforeAll(async () => {
      const outside = container(900, { net0: 'name=eth0,bridge=vmbr0,ip=dhcp' });
      expect(await node.task(node.root, 'POST', '/nodes/pve/lxc', outside)).toBe('OK');
      expect(await node.task(node.root, 'POST', '/nodes/pve/lxc', container(901, { pool: site.wish.pool }))).toBe('OK');
      expect((await node.root.call('POST', '/pools', { poolid: 'others' })).status).toBe(200);
      expect(await node.task(node.root, 'POST', '/nodes/pve/lxc/900/snapshot', { snapname: 'theirs' })).toBe('OK');
      const other = { storage: 'other', type: 'dir', path: '/srv/other', content: 'rootdir,vztmpl,backup' };
      expect((await node.root.call('POST', '/storage', other)).status).toBe(200);
    });

    it.each<readonly [string, string, Fields]>([
      ['GET', '/nodes/pve/lxc/900/config', {}],
      ['GET', '/nodes/pve/lxc/900/pending', {}],
      ['GET', '/nodes/pve/lxc/900/status/current', {}],
      ['GET', '/nodes/pve/lxc/900/snapshot', {}],
      ['PUT', '/nodes/pve/lxc/900/config', { memory: 64 }],
      ['PUT', '/nodes/pve/lxc/900/config', { description: 'ours' }],
      ['PUT', '/nodes/pve/lxc/900/resize', { disk: 'rootfs', size: '+1G' }],
      ['POST', '/nodes/pve/lxc/900/status/start', {}],
      ['POST', '/nodes/pve/lxc/900/status/stop', {}],
      ['POST', '/nodes/pve/lxc/900/snapshot', { snapname: 'mine' }],
      ['POST', '/nodes/pve/lxc/900/snapshot/theirs/rollback', {}],
      ['DELETE', '/nodes/pve/lxc/900/snapshot/theirs', {}],
      ['POST', '/nodes/pve/lxc/900/clone', { newid: 202, pool: 'gitops' }],
      ['POST', '/nodes/pve/lxc/900/move_volume', { volume: 'rootfs', storage: 'local-lvm' }],
      ['POST', '/nodes/pve/lxc/900/template', {}],
      ['DELETE', '/nodes/pve/lxc/900', {}],
      ['POST', '/nodes/pve/lxc', { outside: 1 }],
      ['POST', '/nodes/pve/lxc', { outside: 1, pool: 'others' }],
      ['POST', '/nodes/pve/lxc', { pool: 'gitops', rootfs: 'other:1' }],
      ['POST', '/nodes/pve/lxc', { pool: 'gitops', net0: 'name=eth0,bridge=vmbr9,ip=dhcp' }],
      ['POST', '/nodes/pve/lxc/901/clone', { newid: 203 }],
      ['POST', '/nodes/pve/lxc/901/clone', { newid: 203, pool: 'others' }],
      ['POST', '/nodes/pve/lxc/901/move_volume', { volume: 'rootfs', storage: 'other' }],
      ['PUT', '/pools', { poolid: 'gitops', vms: '900' }],
      ['PUT', '/pools', { poolid: 'others', vms: '901' }],
      ['POST', '/pools', { poolid: 'mine' }],
      ['GET', '/nodes/pve/storage/other/content', {}],
      ['POST', '/nodes/pve/aplinfo', { storage: 'other', template: 'x' }],
      ['PUT', '/storage/local', { content: 'iso' }],
      ['POST', '/storage', { storage: 'mine', type: 'dir', path: '/srv/mine' }],
      ['POST', '/access/users', { userid: 'mine@pve' }],
      ['PUT', '/access/users/gitops@pve', { enable: 0 }],
      ['POST', '/access/users/gitops@pve/token/more', { privsep: 0 }],
      ['POST', '/access/roles', { roleid: 'Mine', privs: 'VM.Audit' }],
      ['PUT', '/access/roles/GitOps', { privs: 'Sys.Modify', append: 1 }],
      ['PUT', '/access/acl', { path: '/', roles: 'Administrator', tokens: 'gitops@pve!deploy' }],
      ['PUT', '/access/acl', { path: '/vms/900', roles: 'GitOps', tokens: 'gitops@pve!deploy' }],
      ['PUT', '/cluster/options', { description: 'x' }],
      ['GET', '/nodes/pve/status', {}],
      ['POST', '/nodes/pve/status', { command: 'reboot' }],
    ])('%s %s %j', async (method, path, fields) => {
      const { outside: _, ...given } = fields;
      const creates = method === 'POST' && path === '/nodes/pve/lxc';
      const reply = await token.call(method, path, creates ? container(202, given) : given);
      expect(`${reply.status} ${reply.reason}`).toMatch(/^403 Permission check failed/);
    });

    it('a backup of it ends in a task that did nothing', async () => {
      const reply = await token.call('POST', '/nodes/pve/vzdump', { vmid: 900, storage: 'local' });
      const ended =
        reply.status === 200 ? await task('POST', '/nodes/pve/vzdump', { vmid: 900, storage: 'local' }) : '403';
      expect(ended).not.toBe('OK');
      const content = await node.root.call('GET', '/nodes/pve/storage/local/content', { content: 'backup' });
      expect(dataOf<unknown[]>(content)).toEqual([]);
    });

    it('it is in no list', async () => {
      const guests = dataOf<{ vmid: number }[]>(await token.call('GET', '/cluster/resources', { type: 'vm' }));
      expect(guests.map(({ vmid }) => vmid)).toEqual([901]);
    });

    it('and it is as it was', async () => {
      const config = dataOf<Record<string, unknown>>(await node.root.call('GET', '/nodes/pve/lxc/900/config'));
      expect(config).toMatchObject({ memory: 128 });
      expect(config.description).toBeUndefined();
    });
  });
});
