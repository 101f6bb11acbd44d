import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  login,
  type NodeClient,
  small,
  startTestNode,
  type TestNode,
} from './support/node-client.ts';

/** What clients look at around guests: directories of the API, the node's own facts, HA, the cluster's log. */

let test: TestNode;
let root: NodeClient;
let nobody: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  addTemplate(test);
  await test.task(root, 'POST', '/nodes/pve/lxc', small(100, { hostname: 'one' }));
  await root.call('POST', '/access/users', { userid: 'nobody@pve', password: 'nobody-here' });
  nobody = await login(test.anonymous, 'nobody@pve', 'nobody-here');
});
afterAll(() => test.close());

const read = async (path: string, fields: Fields = {}): Promise<unknown> =>
  dataOf(await root.call('GET', path, fields));
const answer = async (client: NodeClient, method: string, path: string, fields: Fields = {}): Promise<unknown> => {
  const { status, reason, body } = await client.call(method, path, fields);
  return status === 200 ? body?.data : [status, body?.errors ?? reason];
};

it.each([
  ['/access', 'subdir', 'domains'],
  ['/cluster', 'name', 'nextid'],
  ['/cluster/ha', 'id', 'resources'],
  ['/cluster/firewall', 'name', 'macros'],
  ['/nodes/pve', 'name', 'query-url-metadata'],
  ['/nodes/pve/apt', 'id', 'versions'],
  ['/nodes/pve/services/pveproxy', 'subdir', 'state'],
  ['/nodes/pve/storage/local', 'subdir', 'content'],
  ['/nodes/pve/lxc/100/firewall', 'name', 'aliases'],
])('%s is a directory', async (path, field, child) => {
  expect(await read(path)).toContainEqual({ [field]: child });
});

it.each([
  ['/cluster/backup', []],
  ['/cluster/replication', []],
  ['/cluster/config/nodes', []],
  ['/cluster/config/totem', null],
  ['/cluster/config/apiversion', 1],
  ['/access/tfa', []],
  ['/cluster/backup-info/not-backed-up', [{ vmid: 100, type: 'lxc', name: 'one' }]],
])('%s answers %j', async (path, data) => {
  expect(await read(path)).toEqual(data);
});

it.each([
  ['/cluster/config/join', 424, 'node is not in a cluster, no join info available!'],
  ['/cluster/backup/backup-1', 400, 'Parameter verification failed.'],
  ['/nodes/pve/services/nope/state', 400, 'Parameter verification failed.'],
])('%s is refused', async (path, status, reason) => {
  const reply = await root.call('GET', path);
  expect([reply.status, reply.reason]).toEqual([status, reason]);
});

describe('the node', () => {
  it('keeps its hosts and what is set of it', async () => {
    const before = (await read('/nodes/pve/hosts')) as { data: string; digest: string };
    expect(before.data).toBe('127.0.0.1 localhost\n10.88.0.1 pve.local pve\n');
    const change = { data: '127.0.0.1 localhost\n', digest: before.digest };
    expect(await answer(root, 'POST', '/nodes/pve/hosts', change)).toBeNull();
    expect(await answer(root, 'POST', '/nodes/pve/hosts', change)).toEqual([
      500,
      'detected modified configuration - file changed by other user? Try again.',
    ]);
    expect(await read('/nodes/pve/config')).toEqual({});
    await root.call('PUT', '/nodes/pve/config', { description: 'in the cellar', 'startall-onboot-delay': 5 });
    expect(await read('/nodes/pve/config')).toMatchObject({ description: 'in the cellar', 'startall-onboot-delay': 5 });
    expect(await read('/nodes/pve/config', { property: 'description' })).toEqual({ description: 'in the cellar' });
    await root.call('PUT', '/nodes/pve/config', { delete: 'description,startall-onboot-delay' });
    expect(await read('/nodes/pve/config')).toEqual({});
  });

  it('says what runs, what is installed, and that nobody pays for it', async () => {
    const pveproxy = { service: 'pveproxy', name: 'pveproxy', state: 'running', 'active-state': 'active' };
    expect(await read('/nodes/pve/services')).toContainEqual(expect.objectContaining(pveproxy));
    expect(await read('/nodes/pve/services/pveproxy/state')).toMatchObject(pveproxy);
    expect(await read('/nodes/pve/apt/versions')).toContainEqual(
      expect.objectContaining({ Package: 'pve-manager', CurrentState: 'Installed', Version: '8.4.21' }),
    );
    expect(await read('/nodes/pve/subscription')).toMatchObject({ status: 'notfound' });
    expect(await read('/nodes/pve/syslog', { limit: 1 })).toEqual([{ n: 1, t: 'no content' }]);
  });

  it('shows its facts to who may see them', async () => {
    for (const path of ['hosts', 'services', 'syslog', 'journal', 'report', 'apt/versions', 'config', 'rrddata']) {
      const fields: Fields = path === 'rrddata' ? { timeframe: 'hour' } : {};
      expect([path, (await nobody.call('GET', `/nodes/pve/${path}`, fields)).status]).toEqual([path, 403]);
    }
  });

  it('has measured nothing before now', async () => {
    const values = (await read('/nodes/pve/lxc/100/rrddata', { timeframe: 'day' })) as readonly { time: number }[];
    expect(values).toHaveLength(70);
    expect(Object.keys(values[0] ?? {})).toEqual(['time']);
    expect((values[1]?.time ?? 0) - (values[0]?.time ?? 0)).toBe(1800);
    expect(values.at(-1)).toMatchObject({ cpu: 0, maxmem: 134217728 });
  });
});

it('the log of the cluster has the tasks of who asks, or all', async () => {
  const log = (await read('/cluster/log')) as readonly { msg: string; user: string }[];
  expect(log.some(({ msg }) => /^end task UPID:pve:.*:vzcreate:100:root@pam: OK$/.test(msg))).toBe(true);
  expect(log.some(({ msg }) => /^starting task UPID:pve:.*:vzcreate:100:root@pam:$/.test(msg))).toBe(true);
  expect(await read('/cluster/log', { max: 1 })).toHaveLength(1);
  expect(await answer(nobody, 'GET', '/cluster/log')).toEqual([]);
});

describe('high availability', () => {
  it('has groups that resources may be in', async () => {
    const group = { group: 'near', nodes: 'pve:2', nofailback: 1 };
    expect(await answer(root, 'POST', '/cluster/ha/groups', group)).toBeNull();
    expect(await answer(root, 'POST', '/cluster/ha/groups', group)).toEqual([
      500,
      "create ha group failed: ha group ID 'near' already defined",
    ]);
    expect(await read('/cluster/ha/groups')).toMatchObject([{ ...group, type: 'group' }]);
    expect(await answer(root, 'POST', '/cluster/ha/resources', { sid: 'ct:100', group: 'near' })).toBeNull();
    expect(await answer(root, 'DELETE', '/cluster/ha/groups/near')).toEqual([
      500,
      "delete ha group failed: ha group is used by service 'ct:100'",
    ]);
    expect(await answer(root, 'PUT', '/cluster/ha/resources/ct:100', { group: 'far' })).toEqual([
      500,
      "HA group 'far' does not exist",
    ]);
    expect(await read('/nodes/pve/lxc/100/status/current')).toMatchObject({ ha: { managed: 1, group: 'near' } });
    expect(await read('/cluster/ha/status/current')).toMatchObject([
      { id: 'quorum', quorate: 1, status: 'OK' },
      {
        id: 'service:ct:100',
        sid: 'ct:100',
        state: 'queued',
        request_state: 'started',
        status: 'ct:100 (pve, queued)',
      },
    ]);
  });

  it('leaves a resource alone that is to be ignored', async () => {
    await root.call('PUT', '/cluster/ha/resources/ct:100', { state: 'ignored' });
    expect(await read('/nodes/pve/lxc/100/status/current')).toMatchObject({ ha: { managed: 0 } });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/100/status/start')).toBe('OK');
    expect(await read('/nodes/pve/lxc/100/status/current')).toMatchObject({ status: 'running' });
    expect(await read('/nodes/pve/netstat')).toMatchObject([{ vmid: '100', dev: 'net0' }]);
    await root.call('PUT', '/cluster/ha/resources/ct:100', { state: 'started' });
    expect(await answer(root, 'POST', '/nodes/pve/lxc/100/status/stop', { 'overrule-shutdown': 1 })).toEqual([
      400,
      { 'overrule-shutdown': 'Not applicable for HA resources.' },
    ]);
  });
});

describe('a backup', () => {
  const backup = (fields: Fields): Promise<unknown> =>
    answer(root, 'POST', '/nodes/pve/vzdump', { storage: 'local', ...fields });
  const archives = async (): Promise<readonly number[]> => {
    const found = (await read('/nodes/pve/storage/local/content', { content: 'backup' })) as readonly {
      vmid: number;
    }[];
    return found.map(({ vmid }) => vmid);
  };
  const settle = async (upid: unknown): Promise<string> => {
    await test.node.core.tasks.settled(String(upid));
    return test.node.core.tasks.get(String(upid))?.exitstatus ?? 'running';
  };

  beforeAll(async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc', small(101));
    await test.task(root, 'POST', '/nodes/pve/lxc', small(102));
    await root.call('POST', '/pools', { poolid: 'saved' });
    await root.call('PUT', '/pools', { poolid: 'saved', vms: '101' });
  });

  it('is of the guests that are named, of a pool, or of all but some', async () => {
    const two = await backup({ vmid: '102,101' });
    expect(two).toMatch(/:vzdump::root@pam:$/);
    expect(await settle(two)).toBe('OK');
    expect(await archives()).toEqual([101, 102]);
    expect(await backup({ pool: 'saved' })).toMatch(/:vzdump:101:root@pam:$/);
    expect(await backup({ pool: 'nope' })).toBe('OK');
    expect(await settle(await backup({ exclude: '100,102' }))).toBe('OK');
    expect(await archives()).toContain(101);
  });

  it('that fails for one guest goes on with the others', async () => {
    await root.call('PUT', '/nodes/pve/lxc/101/config', { lock: 'disk' });
    const upid = await backup({ vmid: '101,102,999' });
    expect(await settle(upid)).toBe('job errors');
    const log = (await read(`/nodes/pve/tasks/${String(upid)}/log`, { limit: 0 })) as readonly { t: string }[];
    const lines = log.map(({ t }) => t);
    expect(lines).toContain('ERROR: Backup of VM 101 failed - CT is locked (disk)');
    expect(lines).toContain("ERROR: Backup of VM 999 failed - unable to find VM '999'");
    expect(lines.some((line) => line.startsWith('INFO: Finished Backup of VM 102'))).toBe(true);
    expect(lines.at(-2)).toBe('INFO: Backup job finished with errors');
  });

  it('has notes of four variables and two escapes', async () => {
    expect(await backup({ vmid: 102, 'notes-template': '{{vmid}} {{who}} \\t' })).toEqual([
      400,
      { 'notes-template': "found unknown: escape sequence '\\t' at char 17, variable 'who' at char 13\n" },
    ]);
  });
});
