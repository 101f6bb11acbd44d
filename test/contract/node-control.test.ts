import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addTemplate, dataOf, NodeClient, small, startTestNode, type TestNode } from './support/node-client.ts';

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
