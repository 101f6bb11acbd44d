import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bed, long, soon } from './proxmox-bed.ts';
import { Authority } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { type Reply, ScriptedServer, type Seen } from './proxmox-scripted-server.ts';
import { RELEASES } from './proxmox-target.ts';

const VMID = 936_000;

describe.each(RELEASES)('around a container on Proxmox VE %s', (release) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open([VMID], release);
    await bed.create(VMID);
  }, 900_000);
  afterAll(() => bed.close(), 300_000);

  it('nothing was set up: said so, kind by kind', async () => {
    const { surroundings } = bed.ports;
    expect((await surroundings.firewall(bed.node, VMID, soon())).rules).toEqual([]);
    expect(await surroundings.highAvailability(VMID, soon())).toBeUndefined();
    expect(await surroundings.acls(VMID, soon())).toEqual([]);
    expect(await surroundings.pool(VMID, soon())).toBeUndefined();
    expect((await surroundings.backupJobs(VMID, soon())).filter(({ because }) => because === 'vmid')).toEqual([]);
  });

  it('storages: what their types can do', async () => {
    const kinds = await bed.ports.surroundings.storageKinds(bed.node, soon());
    const used = kinds.find(({ storage }) => storage === bed.target.storage);
    expect(used?.content).toContain('rootdir');
    expect(used?.snapshots).toBe(await bed.ports.snapshots.possible(bed.node, VMID, soon()));
    const files = kinds.find(({ type }) => type === 'dir');
    expect(files).toMatchObject({ snapshots: false, linkedClones: false });
  });

  it('what was set up: firewall, high availability, permissions, pool', async ({ annotate }) => {
    if (bed.target.real) {
      await annotate('left out: it would change the pools and permissions of a real server');
      return;
    }
    const { admin } = bed.target;
    await admin('POST', `/nodes/pve/lxc/${VMID}/firewall/rules`, {
      type: 'in',
      action: 'DROP',
      dport: 22,
      proto: 'tcp',
    });
    await admin('POST', `/nodes/pve/lxc/${VMID}/firewall/rules`, {
      type: 'in',
      action: 'ACCEPT',
      dport: 80,
      proto: 'tcp',
    });
    await admin('PUT', `/nodes/pve/lxc/${VMID}/firewall/options`, { enable: 1, policy_in: 'DROP' });
    await admin('POST', '/cluster/ha/resources', { sid: `ct:${VMID}`, state: 'started', max_restart: 2 });
    await admin('PUT', '/access/acl', { path: `/vms/${VMID}`, roles: 'PVEAuditor', users: 'root@pam', propagate: 0 });
    await admin('POST', '/pools', { poolid: 'around' });
    await admin('PUT', '/pools', { poolid: 'around', vms: VMID });
    const { surroundings } = bed.ports;
    expect(await surroundings.firewall(bed.node, VMID, soon())).toEqual({
      options: { enable: '1', policy_in: 'DROP' },
      rules: [
        { type: 'in', action: 'ACCEPT', dport: '80', proto: 'tcp', enable: '0' },
        { type: 'in', action: 'DROP', dport: '22', proto: 'tcp', enable: '0' },
      ],
    });
    expect(await surroundings.highAvailability(VMID, soon())).toEqual({
      state: 'started',
      options: { max_restart: '2' },
    });
    expect(await surroundings.acls(VMID, soon())).toEqual([
      { type: 'user', who: 'root@pam', role: 'PVEAuditor', propagate: false },
    ]);
    expect(await surroundings.pool(VMID, soon())).toBe('around');
    await admin('DELETE', `/cluster/ha/resources/ct:${VMID}`, {});
  });

  it('a node that is not there: no migration to it', async () => {
    const to = { node: 'nowhere', graceSeconds: 5 };
    const error = await refusal(bed.ports.placement.migrate(bed.node, VMID, to, long()));
    expect(error.message).toMatch(/^Unable to migrate container .*(no such cluster node|hostname lookup)/);
  });
});

/** A cluster of two nodes and its scheduled backups are only told here: the local node is one node and schedules none. */
describe('what only a cluster has', () => {
  let authority: Authority;
  let server: ScriptedServer;
  let ports: ReturnType<typeof client>;
  beforeAll(async () => {
    authority = new Authority();
    server = await new ScriptedServer(authority.issue('IP:127.0.0.1'), () => ({})).open();
    const trust = { kind: 'ca', pem: authority.pem } as const;
    ports = client({ hosts: [`127.0.0.1:${server.port}`], trust, token: TOKEN });
  });
  afterAll(async () => {
    await ports.close();
    await server.close();
    authority.remove();
  });

  const UPID = 'UPID:pve:00001000:00100000:6B000000:vzmigrate:100:root@pam!gitops:';
  let here = true;
  let running = true;
  const script =
    (onMigrate: Reply) =>
    ({ method, path }: Seen): Reply => {
      if (method === 'POST') {
        here = false;
        return onMigrate;
      }
      if (path.endsWith('/tasks')) return { data: here ? [] : [{ upid: UPID, id: '100', type: 'vzmigrate' }] };
      if (path.endsWith('/status') && path.includes('/tasks/'))
        return { data: { status: 'stopped', exitstatus: 'OK' } };
      if (path.endsWith('/log')) return { data: [{ n: 1, t: 'TASK OK' }] };
      const absent = path.startsWith('/nodes/pve/') !== here;
      const node = path.split('/')[2];
      if (absent) return { status: 500, reason: `Configuration file 'nodes/${node}/lxc/100.conf' does not exist` };
      if (path.endsWith('/pending')) return { data: [{ key: 'digest', value: 'd' }] };
      return { data: { status: running ? 'running' : 'stopped' } };
    };
  const migrate = () => ports.placement.migrate('pve', 100, { node: 'pve2', graceSeconds: 7.2 }, within(20_000));
  beforeEach(() => {
    here = true;
    running = true;
  });

  it('migrate a running one: restarted there', async () => {
    server.play(script({ data: UPID }));
    expect((await migrate()).upid).toBe(UPID);
    expect(new URLSearchParams(server.of('POST')[0]?.body)).toEqual(
      new URLSearchParams({ target: 'pve2', restart: '1', timeout: '8' }),
    );
  });

  it.each<[string, Reply]>([
    ['reset', 'reset'],
    ['596', { status: 596, reason: 'Broken pipe', raw: '' }],
  ])('migrate, and the answer is lost (%s): found by its task, sent once', async (_name, reply) => {
    running = false;
    server.play(script(reply));
    expect((await migrate()).upid).toBe(UPID);
    expect(server.of('POST').map(({ body }) => body)).toEqual(['target=pve2']);
  });

  it('migrate what is there already: nothing to do', async () => {
    here = false;
    server.play(script('silence'));
    expect((await migrate()).upid).toBe('');
    expect(server.of('POST')).toEqual([]);
  });

  it('backup jobs that take it in: by vmid, by pool, all but some, and those of its node', async () => {
    const guest = { id: 'lxc/100', vmid: 100, type: 'lxc', node: 'pve', pool: 'web', status: 'running' };
    const jobs = [
      { id: 'by-vmid', vmid: '99,100', enabled: 1, schedule: '21:00', storage: 'pbs' },
      { id: 'other', vmid: '1001' },
      { id: 'all', all: 1, enabled: 0 },
      { id: 'all-but', all: 1, exclude: '100;7' },
      { id: 'pool', pool: 'web' },
      { id: 'other-pool', pool: 'db' },
      { id: 'elsewhere', all: 1, node: 'pve2' },
    ];
    server.play(({ path }) => ({ data: path === '/cluster/backup' ? jobs : [guest] }));
    expect(await ports.surroundings.backupJobs(100, soon())).toEqual([
      { id: 'by-vmid', enabled: true, because: 'vmid', schedule: '21:00', storage: 'pbs' },
      { id: 'all', enabled: false, because: 'all' },
      { id: 'pool', enabled: true, because: 'pool' },
    ]);
  });

  it('what may not be read is not none', async () => {
    server.play(() => ({ status: 403, reason: 'Permission check failed (/, Sys.Audit)' }));
    for (const read of [ports.surroundings.backupJobs, ports.surroundings.highAvailability]) {
      expect((await refusal(read(100, soon()))).remote.status).toBe(403);
    }
  });
});
