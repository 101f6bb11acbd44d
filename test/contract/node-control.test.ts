import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  login,
  NodeClient,
  ROOT_PASSWORD,
  small,
  startTestNode,
  type TestNode,
} from './support/node-client.ts';

const SECRET = 'for this test';

let test: TestNode;
let root: NodeClient;
let client: NodeClient;

beforeAll(async () => {
  test = await startTestNode({ controlSecret: SECRET });
  root = test.root;
  client = new NodeClient(test.node.port, test.node.caFile, {
    'x-control-secret': SECRET,
    'content-type': 'application/json',
  });
  addTemplate(test);
  await test.task(root, 'POST', '/nodes/pve/lxc', small(100));
});

afterAll(() => test.close());

async function control<T = unknown>(method: string, path: string, body?: object): Promise<T> {
  return dataOf<T>(await client.raw(method, `/control/${path}`, body === undefined ? '' : JSON.stringify(body)));
}

afterEach(() => control('DELETE', 'faults'));

describe('the control endpoint', () => {
  it('lets nobody in without the secret', async () => {
    const reply = await test.anonymous.raw('GET', '/control/calls', '', { 'x-control-secret': 'wrong' });
    expect([reply.status, reply.text]).toEqual([401, '']);
  });

  it('counts calls', async () => {
    await control('DELETE', 'calls');
    await root.call('GET', '/version');
    await root.call('GET', '/version');
    await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 130 });
    expect(await control('GET', 'calls')).toEqual({ 'GET /version': 2, 'PUT /nodes/pve/lxc/100/config': 1 });
  });

  it('puts and takes other people’s guests', async () => {
    await control('PUT', 'qemu', { vmid: 105, config: { name: 'vm105' } });
    await control('PUT', 'lxc', {
      vmid: 106,
      config: { hostname: 'theirs', rootfs: 'local-btrfs:106/vm-106-disk-0.raw,size=2G' },
    });
    const guests = dataOf<{ id: string; name: string }[]>(await root.call('GET', '/cluster/resources', { type: 'vm' }));
    expect(guests.map(({ id, name }) => `${id} ${name}`)).toEqual(
      expect.arrayContaining(['qemu/105 vm105', 'lxc/106 theirs']),
    );
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/106/status/start')).toBe('OK');
    await control('DELETE', 'qemu?vmid=105');
    expect((await root.call('GET', '/cluster/nextid', { vmid: 105 })).status).toBe(200);
  });

  it('fills a storage: a create fails as on a full disk', async () => {
    await control('PUT', 'capacity', { storage: 'dir2', bytes: 100 * 1024 ** 2 });
    const status = await test.task(root, 'POST', '/nodes/pve/lxc', small(110, { rootfs: 'dir2:4' }));
    expect(status).toMatch(/^unable to create CT 110 - command '.*tar xpf .*' failed: exit code 2$/);
    expect(test.node.core.guests.has('lxc', 110)).toBe(false);
  });

  it('records commands of containers and answers them as it was told', async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc/100/status/start');
    const command = { vmid: 100, name: 'configure.sh', argv: ['sh', '-s'], input: 'aGk=' };
    expect(await control('POST', 'exec', command)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await control('PUT', 'answers', { name: 'configure.sh', exitCode: 3, stderr: 'no' });
    expect(await control('POST', 'exec', command)).toEqual({ exitCode: 3, stdout: '', stderr: 'no' });
    await control('DELETE', 'answers?name=configure.sh');
    expect(await control('POST', 'exec', command)).toMatchObject({ exitCode: 0 });
    const { vmid: _vmid, ...recorded } = command;
    expect(await control('GET', 'exec?vmid=100')).toEqual([recorded, recorded, recorded]);
  });

  it('runs nothing in a container that does not run', async () => {
    const reply = await client.raw('POST', '/control/exec', JSON.stringify({ vmid: 999, name: 'x', argv: [] }));
    expect([reply.status, reply.reason]).toEqual([503, 'container 999 is not running']);
  });
});

describe('a fault', () => {
  const version = () => root.call('GET', '/version');
  const arm = (fault: object) => control<{ id: string }>('POST', 'faults', fault);

  it('401 answers as an ended ticket does, for the calls it is for', async () => {
    await arm({ kind: '401', match: { method: 'GET', path: '/version', nth: 2, times: 1 } });
    const statuses = [(await version()).status, (await version()).status, (await version()).status];
    expect(statuses).toEqual([200, 401, 200]);
  });

  it('refused closes before anything is done', async () => {
    await arm({ kind: 'refused', match: { method: 'PUT', path: '/nodes/*/lxc/*/config', times: 1 } });
    await expect(root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 999 })).rejects.toThrow(
      /socket hang up|ECONNRESET/,
    );
    expect(test.node.core.guests.read('lxc', 100).config.values.memory).not.toBe('999');
  });

  it('dropped does the work and closes without an answer', async () => {
    await arm({ kind: 'dropped', match: { method: 'PUT', times: 1 } });
    await expect(root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 222 })).rejects.toThrow(
      /socket hang up|ECONNRESET/,
    );
    expect(test.node.core.guests.read('lxc', 100).config.values.memory).toBe('222');
  });

  it('5xx answers with a status and a text of choice', async () => {
    await arm({ kind: '5xx', status: 596, text: 'Broken pipe', match: { path: '/version', times: 1 } });
    const reply = await version();
    expect([reply.status, reply.reason]).toEqual([596, 'Broken pipe']);
  });

  it('595 to 599 are the proxy’s: a reason and no body, with the work done or not', async () => {
    const match = { method: 'PUT', times: 1 };
    await arm({ kind: '5xx', status: 596, match });
    const lost = await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 301 });
    expect([lost.status, lost.text]).toEqual([596, '']);
    expect(lost.reason).toMatch(/^Errors during TLS negotiation/);
    expect(test.node.core.guests.read('lxc', 100).config.values.memory).not.toBe('301');
    await arm({ kind: '5xx', status: 595, text: 'Connection refused', done: true, match });
    const done = await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 302 });
    expect([done.status, done.reason]).toEqual([595, 'Connection refused']);
    expect(test.node.core.guests.read('lxc', 100).config.values.memory).toBe('302');
  });

  it('cut breaks the connection in the middle of an answer, with the work done', async () => {
    await arm({ kind: 'cut', match: { method: 'PUT', times: 1 } });
    await expect(root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 303 })).rejects.toThrow(/aborted|ECONNRESET/);
    expect(test.node.core.guests.read('lxc', 100).config.values.memory).toBe('303');
    await arm({ kind: 'cut', match: { path: '/version', times: 1 } });
    await expect(version()).rejects.toThrow(/aborted|ECONNRESET/);
    expect((await version()).status).toBe(200);
  });

  it('expired-tickets ends those given out so far, and a new login is good', async () => {
    const other = await login(test.anonymous, 'root@pam', ROOT_PASSWORD);
    await arm({ kind: 'expired-tickets', match: { method: 'GET', path: '/nodes' } });
    expect((await other.call('GET', '/version')).status).toBe(200);
    const ended = await other.call('GET', '/nodes');
    expect([ended.status, ended.reason]).toEqual([401, 'Authentication failed!']);
    expect((await root.call('GET', '/version')).status).toBe(401);
    root = await login(test.anonymous, 'root@pam', ROOT_PASSWORD);
    expect((await root.call('GET', '/nodes')).status).toBe(200);
  });

  it('no-quorum lets nothing be written until it is taken away', async () => {
    const { id } = await arm({ kind: 'no-quorum' });
    expect((await root.call('POST', '/nodes/pve/lxc', small(120))).reason).toBe('cluster not ready - no quorum?');
    expect((await root.call('PUT', '/access/acl', { path: '/', roles: 'NoAccess', users: 'root@pam' })).reason).toBe(
      "ACL update failed: cfs-lock 'file-user_cfg' error: no quorum!",
    );
    expect((await version()).status).toBe(200);
    await control('DELETE', `faults/${id}`);
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(120))).toBe('OK');
  });

  it('storage-full fails what would write there, and leaves nothing behind', async () => {
    await arm({ kind: 'storage-full', storage: 'local-btrfs' });
    const full = "unable to write to '/var/lib/pve/local-btrfs' - No space left on device";
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(121))).toBe(`unable to create CT 121 - ${full}`);
    expect((await root.call('GET', '/nodes/pve/lxc/121/config')).reason).toMatch(/does not exist$/);
    expect((await root.call('PUT', '/nodes/pve/lxc/120/config', { mp0: 'local-btrfs:1,mp=/d' })).body?.errors).toEqual({
      mp0: `unable to apply pending change mp0 : ${full}\n`,
    });
    expect(test.node.core.volumes.owned(121)).toEqual([]);
  });

  it('task-failure of a create leaves no container behind', async () => {
    await arm({ kind: 'task-failure', text: 'got no worker upid', match: { task: 'vzcreate', times: 1 } });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(122))).toBe('got no worker upid');
    expect((await root.call('GET', '/nodes/pve/lxc/122/config')).reason).toMatch(/does not exist$/);
    await arm({ kind: 'task-failure', text: 'no', match: { task: 'vzclone', times: 1 } });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/120/clone', { newid: 123 })).toBe('no');
    expect(test.node.core.guests.has('lxc', 123)).toBe(false);
    expect(test.node.core.guests.read('lxc', 120).config.values.lock).toBeUndefined();
  });

  it('task-failure ends a task with a text', async () => {
    await arm({ kind: 'task-failure', text: 'got no worker upid', match: { task: 'vzstop', times: 1 } });
    await test.task(root, 'POST', '/nodes/pve/lxc/100/status/start').catch(() => undefined);
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/100/status/stop')).toBe('got no worker upid');
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/100/status/stop')).toBe('OK');
  });

  it('lock locks a container until it is taken away', async () => {
    const { id } = await arm({ kind: 'lock', vmid: 100, lock: 'backup' });
    expect((await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 64 })).reason).toBe('CT is locked (backup)');
    await control('DELETE', `faults/${id}`);
    expect((await root.call('PUT', '/nodes/pve/lxc/100/config', { memory: 64 })).status).toBe(200);
  });

  it('flock holds the config lock: a destroy says that it waits (row 904)', async () => {
    const { id } = await arm({ kind: 'flock', vmid: 100 });
    const upid = dataOf<string>(await root.call('DELETE', '/nodes/pve/lxc/100'));
    await expect.poll(() => test.node.core.tasks.log(upid)).toEqual(['trying to acquire lock...']);
    await control('DELETE', `faults/${id}`);
    await test.node.core.tasks.settled(upid);
    expect(test.node.core.tasks.log(upid)).toEqual(['trying to acquire lock...', ' OK', 'TASK OK']);
  });

  it('delay holds a call until it is taken away', async () => {
    const { id } = await arm({ kind: 'delay', milliseconds: 60_000, match: { path: '/version' } });
    const waiting = version();
    expect(await control<object[]>('GET', 'faults')).toHaveLength(1);
    await control('DELETE', `faults/${id}`);
    expect((await waiting).status).toBe(200);
  });
});
