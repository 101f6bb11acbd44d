import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  NodeClient,
  small,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

const SECRET = 'for this test';

let test: TestNode;
let root: NodeClient;
let control: NodeClient;

beforeAll(async () => {
  test = await startTestNode({ controlSecret: SECRET });
  root = test.root;
  control = new NodeClient(test.node.port, test.node.caFile, {
    'x-control-secret': SECRET,
    'content-type': 'application/json',
  });
  addTemplate(test);
  addTemplate(test, 'debian-99-standard_99.0-1_amd64.tar.zst');
});

afterAll(() => test.close());

const path = (upid: string, rest = ''): string => `/nodes/pve/tasks/${encodeURIComponent(upid)}${rest}`;
const create = async (vmid: number, fields: Fields = {}): Promise<string> =>
  dataOf<string>(await root.call('POST', '/nodes/pve/lxc', small(vmid, fields)));
/** Holds the next create of this vmid until the result is called. */
const hold = async (vmid: number): Promise<() => Promise<unknown>> => {
  const body = JSON.stringify({ kind: 'delay', milliseconds: 60_000, match: { task: 'vzcreate', id: String(vmid) } });
  const { id } = dataOf<{ id: string }>(await control.raw('POST', '/control/faults', body));
  return () => control.raw('DELETE', `/control/faults/${id}`, '');
};

describe('a task', () => {
  it('has a name, a status and a log in pages', async () => {
    const upid = await create(100);
    expect(upid).toMatch(/^UPID:pve:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:vzcreate:100:root@pam:$/);
    await test.node.core.tasks.settled(upid);
    const status = dataOf<Record<string, unknown>>(await root.call('GET', path(upid, '/status')));
    expect(status).toMatchObject({
      upid,
      status: 'stopped',
      exitstatus: 'OK',
      type: 'vzcreate',
      id: '100',
      user: 'root@pam',
      node: 'pve',
    });
    expect(Object.keys(status)).not.toContain('endtime');
    const log = await root.call('GET', path(upid, '/log'), { limit: 0 });
    const lines = dataOf<{ n: number; t: string }[]>(log);
    expect(log.body?.total).toBe(lines.length);
    expect(lines.at(-1)).toEqual({ n: lines.length, t: 'TASK OK' });
    expect(lines.filter(({ t }) => /^done: SHA256:[A-Za-z0-9+/]{43} root@/.test(t))).toHaveLength(3);
    const part = await root.call('GET', path(upid, '/log'), { start: 2, limit: 2 });
    expect(part.body).toEqual({ data: lines.slice(2, 4), total: lines.length });
  });

  it('runs while its container is locked, and the vmid is taken (rows 805 to 815)', async () => {
    const release = await hold(137);
    const upid = await create(137);
    const running = dataOf<Record<string, unknown>>(await root.call('GET', path(upid, '/status')));
    expect(running).toMatchObject({ status: 'running' });
    expect(running).not.toHaveProperty('exitstatus');
    expect((await root.call('POST', '/nodes/pve/lxc', small(137))).reason).toBe("CT 137 already exists on node 'pve'");
    const config = dataOf<object>(await root.call('GET', '/nodes/pve/lxc/137/config'));
    expect(config).toEqual({ lock: 'create', digest: expect.any(String) as string });
    const current = await root.call('GET', '/nodes/pve/lxc/137/status/current');
    expect(current.body?.data).toMatchObject({
      lock: 'create',
      status: 'stopped',
      maxmem: 512 * 1024 ** 2,
      maxswap: 0,
    });
    expect((await root.call('DELETE', '/nodes/pve/lxc/137')).reason).toBe('CT is locked (create)');
    await root.call('POST', '/access/users', { userid: 'other@pve' });
    const other = await tokenClient(root, 'other@pve!read', { privsep: 0 });
    expect((await other.call('GET', path(upid, '/status'))).body?.message).toBe(
      'Permission check failed (/nodes/pve, Sys.Audit)\n',
    );
    await release();
    await test.node.core.tasks.settled(upid);
    expect(test.node.core.tasks.get(upid)?.exitstatus).toBe('OK');
  });

  it('can be stopped; a stopped create leaves nothing (rows 826 to 832)', async () => {
    const release = await hold(138);
    const upid = await create(138);
    expect((await root.call('DELETE', path(upid))).body).toEqual({ data: null });
    await test.node.core.tasks.settled(upid);
    await release();
    expect(test.node.core.tasks.get(upid)?.exitstatus).toMatch(
      /^unable to create CT 138 - .* failed: received interrupt$/,
    );
    expect(test.node.core.guests.has('lxc', 138)).toBe(false);
    expect(test.node.core.volumes.owned(138)).toEqual([]);
  });

  it('may end with warnings (rows 996 to 1000)', async () => {
    const upid = await create(122, { ostemplate: 'local:vztmpl/debian-99-standard_99.0-1_amd64.tar.zst' });
    await test.node.core.tasks.settled(upid);
    expect(test.node.core.tasks.get(upid)?.exitstatus).toBe('WARNINGS: 1');
    const found = dataOf<{ upid: string }[]>(await root.call('GET', '/nodes/pve/tasks', { statusfilter: 'warning' }));
    expect(found.map((entry) => entry.upid)).toEqual([upid]);
  });

  it('is found by its vmid, type, state and user', async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc/100/status/start');
    await test.task(root, 'POST', '/nodes/pve/lxc/999/status/start');
    const ids = async (fields: Fields) =>
      dataOf<{ type: string; id: string; status: string }[]>(await root.call('GET', '/nodes/pve/tasks', fields));
    expect((await ids({ vmid: 100 })).map(({ type }) => type)).toEqual(['vzstart', 'vzcreate']);
    expect((await ids({ typefilter: 'vzstart', errors: 1 })).map(({ status }) => status)).toEqual([
      "Configuration file 'nodes/pve/lxc/999.conf' does not exist",
    ]);
    const page = await root.call('GET', '/nodes/pve/tasks', { limit: 1 });
    expect(page.body?.data).toHaveLength(1);
    expect(page.body?.total).toBeGreaterThan(3);
    expect((await root.call('GET', '/nodes/pve/tasks', { source: 'active' })).body).toEqual({ data: [] });
    expect(dataOf<object[]>(await root.call('GET', '/cluster/tasks'))[0]).toMatchObject({ id: '999', saved: '1' });
  });

  it.each<[string, string, string, unknown]>([
    ['53', 'UPID:bad', '/status', { upid: 'unable to parse worker upid' }],
    ['822', 'UPID:pve:00000001:00000001:6B0158A7:vzcreate:1:root@pam:', '/status', { upid: 'no such task' }],
  ])('that is none is 400 (row %s)', async (_row, upid, rest, errors) => {
    const reply = await root.call('GET', path(upid, rest));
    expect([reply.status, reply.body?.errors]).toEqual([400, errors]);
  });

  it('that is none has a log of one line (row 823)', async () => {
    const reply = await root.call('GET', path('UPID:pve:00000001:00000001:6B0158A7:vzcreate:1:root@pam:', '/log'));
    expect(reply.body).toEqual({ data: { n: 1, t: 'unable to open file - No such file or directory' }, total: 1 });
  });
});
