import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  login,
  type NodeClient,
  ROOT_PASSWORD,
  small,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

const PRIVILEGES =
  'VM.Allocate,VM.Audit,VM.Clone,VM.Config.CPU,VM.Config.Disk,VM.Config.Memory,VM.Config.Network,VM.Config.Options,VM.PowerMgmt';

let test: TestNode;
let root: NodeClient;
let gitops: NodeClient;
let separate: NodeClient;
let now = Date.parse('2026-01-01T00:00:00Z');

beforeAll(async () => {
  test = await startTestNode({ clock: { now: () => now } });
  root = test.root;
  addTemplate(test);
  await root.call('POST', '/access/users', { userid: 'gitops@pve', password: 'twelve-letters' });
  gitops = await tokenClient(root, 'gitops@pve!nosep', { privsep: 0 });
  separate = await tokenClient(root, 'gitops@pve!ci', { privsep: 1 });
  await test.task(root, 'POST', '/nodes/pve/lxc', small(100, { net0: 'name=eth0,bridge=vmbr0' }));
});

afterAll(() => test.close());

const refused = (text: string) => ({ data: null, message: `Permission check failed${text}\n` });

describe('who calls', () => {
  it.each<[string, Record<string, string>, string]>([
    ['nobody', {}, 'No ticket'],
    ['another scheme', { authorization: 'Bearer x' }, 'No ticket'],
    ['a bad ticket', { cookie: 'PVEAuthCookie=PVE:root@pam:00000000::x' }, 'Authentication failed!'],
    ['an unknown token', { authorization: 'PVEAPIToken=root@pam!nope=x' }, 'Authentication failed!'],
  ])('%s gets 401, a reason and no body', async (_who, headers, reason) => {
    const reply = await test.anonymous.call('GET', '/version', {}, headers);
    expect([reply.status, reply.reason, reply.text]).toEqual([401, reason, '']);
  });

  it('needs the CSRF token for writes with a ticket', async () => {
    const { csrfpreventiontoken: _csrf, ...without } = root.headers;
    const reply = await root.with(without).call('POST', '/access/users', { userid: 'csrf@pve' });
    expect([reply.status, reply.reason, reply.text]).toEqual([401, 'Permission denied - invalid csrf token', '']);
    const wrong = await root
      .with({ ...without, csrfpreventiontoken: 'x' })
      .call('POST', '/access/users', { userid: 'csrf@pve' });
    expect(wrong.reason).toBe('Permission denied - invalid csrf token');
  });

  it('is refused a login with a wrong password or an unknown realm, with a body', async () => {
    for (const username of ['root@pam', 'nobody@nope']) {
      const reply = await test.anonymous.call('POST', '/access/ticket', { username, password: 'wrong' });
      expect(reply.status).toBe(401);
      expect(reply.body).toEqual({ data: null, message: 'authentication failure\n' });
    }
  });

  it('may name the realm apart, and renew a ticket with the ticket', async () => {
    const reply = await test.anonymous.call('POST', '/access/ticket', {
      username: 'root',
      realm: 'pam',
      password: ROOT_PASSWORD,
    });
    const { ticket, username } = dataOf<{ ticket: string; username: string }>(reply);
    expect(username).toBe('root@pam');
    const renewed = await login(test.anonymous, 'root@pam', ticket);
    expect((await renewed.call('GET', '/version')).status).toBe(200);
  });

  it('has two hours with a ticket', async () => {
    now += 2 * 3600 * 1000 + 1000;
    expect((await root.call('GET', '/version')).reason).toBe('Authentication failed!');
    now -= 3600 * 1000;
    expect((await root.call('GET', '/version')).status).toBe(200);
    now -= 3600 * 1000 + 1000;
  });

  it('is refused tickets with a token (row 31)', async () => {
    const reply = await gitops.call('POST', '/access/ticket', { username: 'gitops@pve', password: 'twelve-letters' });
    const text = " (URI '/access/ticket' not available with API token, need proper ticket.\n)";
    expect(reply.body).toEqual(refused(text));
  });

  it('is out when the token has ended or the user is disabled', async () => {
    await root.call('PUT', '/access/users/gitops@pve/token/ci', { expire: 1000 });
    expect((await separate.call('GET', '/version')).reason).toBe('Authentication failed!');
    await root.call('PUT', '/access/users/gitops@pve/token/ci', { expire: 0 });
    await root.call('PUT', '/access/users/gitops@pve', { enable: 0 });
    expect((await gitops.call('GET', '/version')).reason).toBe('Authentication failed!');
    await root.call('PUT', '/access/users/gitops@pve', { enable: 1 });
    expect((await gitops.call('GET', '/version')).status).toBe(200);
  });
});

describe('what a user without rights sees', () => {
  it.each<[string, string, string]>([
    ['GET', '/nodes/pve/status', ' (/nodes/pve, Sys.Audit)'],
    ['GET', '/nodes/pve/lxc/100/config', ' (/vms/100, VM.Audit)'],
    ['GET', '/nodes/pve/lxc/999/config', ' (/vms/999, VM.Audit)'],
    ['POST', '/nodes/pve/lxc/100/status/start', ' (/vms/100, VM.PowerMgmt)'],
    [
      'PUT',
      '/nodes/pve/lxc/100/config',
      ' (/vms/100, VM.Config.Disk|VM.Config.CPU|VM.Config.Memory|VM.Config.Network|VM.Config.Options)',
    ],
    ['DELETE', '/nodes/pve/lxc/100', ' (/vms/100, VM.Allocate)'],
    ['GET', '/nodes/pve/storage/local/content', ' (/storage/local, Datastore.Audit|Datastore.AllocateSpace)'],
    ['PUT', '/access/acl', ' (/, Permissions.Modify)'],
    ['POST', '/access/users', ' (/access/realm/pve, Realm.AllocateUser)'],
  ])('%s %s is 403', async (method, path, text) => {
    const fields = {
      'PUT /access/acl': { path: '/', roles: 'Administrator', users: 'gitops@pve' },
      'POST /access/users': { userid: 'a@pve' },
    };
    const reply = await gitops.call(method, path, fields[`${method} ${path}` as keyof typeof fields] ?? {});
    expect([reply.status, reply.body]).toEqual([403, refused(text)]);
  });

  it.each(['/nodes/pve/lxc', '/nodes/pve/storage', '/storage', '/nodes/pve/tasks', '/cluster/tasks', '/access/acl'])(
    '%s is an empty list',
    async (path) => {
      expect((await gitops.call('GET', path)).body).toEqual({ data: [] });
    },
  );

  it('sees the node without its load, and no bridge', async () => {
    const [node] = dataOf<[object]>(await gitops.call('GET', '/nodes'));
    expect(Object.keys(node).sort()).toEqual(['id', 'level', 'node', 'ssl_fingerprint', 'status', 'type']);
    const nets = dataOf<{ iface: string }[]>(await gitops.call('GET', '/nodes/pve/network'));
    expect(nets.map(({ iface }) => iface)).toEqual(['eth0']);
  });
});

describe('how rights add up to a create (rows 698 to 705)', () => {
  it('names the right that is missing, one after the other', async () => {
    const create = () => gitops.call('POST', '/nodes/pve/lxc', small(130, { net0: 'name=eth0,bridge=vmbr0' }));
    const grant = (path: string, roles: string) =>
      root.call('PUT', '/access/acl', { path, roles, users: 'gitops@pve' });
    expect((await create()).body).toEqual(refused(''));
    expect((await root.call('POST', '/access/roles', { roleid: 'GitOps', privs: PRIVILEGES })).status).toBe(200);
    await grant('/vms', 'GitOps');
    expect((await create()).body).toEqual(refused(' (/storage/local-btrfs, Datastore.AllocateSpace)'));
    await grant('/storage/local-btrfs', 'PVEDatastoreUser');
    expect((await create()).body).toEqual(refused(' (/sdn/zones/localnetwork/vmbr0, SDN.Use)'));
    await grant('/sdn/zones/localnetwork', 'PVESDNUser');
    expect((await create()).body).toEqual(refused(' (/storage/local, Datastore.AllocateSpace|Datastore.Audit)'));
    await grant('/storage/local', 'PVEDatastoreUser');
    expect(await test.task(gitops, 'POST', '/nodes/pve/lxc', small(130))).toBe('OK');
  });

  it('gives a token with separated privileges only what it has itself', async () => {
    expect((await separate.call('GET', '/nodes/pve/lxc')).body?.data).toEqual([]);
    await root.call('PUT', '/access/acl', { path: '/vms', roles: 'GitOps', tokens: 'gitops@pve!ci' });
    expect((await separate.call('GET', '/access/permissions')).body?.data).toEqual({
      '/vms': Object.fromEntries(PRIVILEGES.split(',').map((privilege) => [privilege, 1])),
    });
    expect((await separate.call('GET', '/nodes/pve/lxc/130/config')).status).toBe(200);
    await root.call('PUT', '/access/acl', { path: '/vms', roles: 'GitOps', tokens: 'gitops@pve!ci', delete: 1 });
  });

  it('lets a deeper entry replace those above it', async () => {
    await root.call('PUT', '/access/acl', { path: '/vms/130', roles: 'PVEAuditor', users: 'gitops@pve', propagate: 0 });
    expect((await gitops.call('POST', '/nodes/pve/lxc/130/status/start')).body).toEqual(
      refused(' (/vms/130, VM.PowerMgmt)'),
    );
    await root.call('PUT', '/access/acl', { path: '/vms/130', roles: 'PVEAuditor', users: 'gitops@pve', delete: 1 });
    expect(await test.task(gitops, 'POST', '/nodes/pve/lxc/130/status/start')).toBe('OK');
  });

  it.each<[string, Record<string, string>, number, string | undefined]>([
    ['694', { path: '/nonsense', roles: 'PVEAuditor', users: 'gitops@pve' }, 400, undefined],
    ['695', { path: '/vms', roles: 'Nope', users: 'gitops@pve' }, 500, "ACL update failed: role 'Nope' does not exist"],
  ])('refuses a wrong ACL (row %s)', async (_row, fields, status, reason) => {
    const reply = await root.call('PUT', '/access/acl', fields);
    expect(reply.status).toBe(status);
    if (reason === undefined) expect(reply.body?.errors).toEqual({ path: "invalid ACL path '/nonsense'" });
    else expect(reply.reason).toBe(reason);
  });

  it('keeps what only a ticket of root may do from root tokens', async () => {
    const token = await tokenClient(root, 'root@pam!all', { privsep: 0 });
    const fields = { mp0: '/mnt/data,mp=/data' };
    const text = ' (mount point type bind is only allowed for root@pam)';
    expect((await token.call('PUT', '/nodes/pve/lxc/100/config', fields)).body).toEqual(refused(text));
    expect((await root.call('PUT', '/nodes/pve/lxc/100/config', fields)).status).toBe(200);
    expect((await token.call('POST', '/nodes/pve/lxc/100/status/start', { skiplock: 1 })).body?.errors).toEqual({
      skiplock: 'Only root may use this option.',
    });
  });
});

describe('at one and the same second', () => {
  it('two backups of a container are two archives', async () => {
    for (const notes of ['first', 'second']) {
      const body = { vmid: 100, storage: 'local', 'notes-template': notes };
      expect(await test.task(root, 'POST', '/nodes/pve/vzdump', body)).toBe('OK');
    }
    const content = await root.call('GET', '/nodes/pve/storage/local/content', { content: 'backup' });
    expect(dataOf<{ notes: string }[]>(content).map(({ notes }) => notes)).toEqual(['first', 'second']);
  });
});
