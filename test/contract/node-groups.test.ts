import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataOf, login, type NodeClient, startTestNode, type TestNode, tokenClient } from './support/node-client.ts';

/** Groups, users in them and realms, as PVE::API2::Group, User and Domains answer. */

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  await root.call('POST', '/access/groups', { groupid: 'web', comment: 'web servers' });
  await root.call('POST', '/access/groups', { groupid: 'admins', comment: '' });
  const ann = { userid: 'ann@pve', groups: 'web,admins', firstname: 'Ann', lastname: 'Example', keys: 'x!y' };
  await root.call('POST', '/access/users', { ...ann, email: 'ann@example.org', password: 'ann-her-password' });
  await root.call('POST', '/access/users', {
    userid: 'bob@pve',
    enable: 0,
    comment: 'Bob',
    password: 'bob-his-password',
  });
  await tokenClient(root, 'ann@pve!ci', { comment: 'builds', expire: 0 });
});
afterAll(() => test.close());

const read = async (path: string, fields = {}, client = root): Promise<unknown> =>
  dataOf(await client.call('GET', path, fields));

it('groups say who is in them', async () => {
  expect(await read('/access/groups')).toEqual([
    { groupid: 'admins', users: 'ann@pve' },
    { groupid: 'web', comment: 'web servers', users: 'ann@pve' },
  ]);
  expect(await read('/access/groups/web')).toEqual({ comment: 'web servers', members: ['ann@pve'] });
});

it('a user has names, groups and tokens; what is empty is not said', async () => {
  const names = { firstname: 'Ann', lastname: 'Example', email: 'ann@example.org', keys: 'x!y' };
  expect(await read('/access/users/ann@pve')).toEqual({
    enable: 1,
    expire: 0,
    ...names,
    groups: ['admins', 'web'],
    tokens: { ci: { comment: 'builds', expire: 0, privsep: 1 } },
  });
  expect(await read('/access/users/bob@pve')).toEqual({
    enable: 0,
    expire: 0,
    comment: 'Bob',
    groups: [],
    tokens: null,
  });
});

it('a list of users says groups and tokens when asked, and leaves out who is disabled', async () => {
  const plain = (await read('/access/users')) as readonly { userid: string }[];
  expect(plain.map(({ userid }) => userid)).toEqual(['ann@pve', 'bob@pve', 'root@pam']);
  expect(plain[1]).toEqual({ userid: 'bob@pve', enable: 0, expire: 0, comment: 'Bob', 'realm-type': 'pve' });
  expect(await read('/access/users', { full: 1, enabled: 0 })).toEqual([{ ...plain[1], groups: '', tokens: null }]);
  const enabled = await read('/access/users', { full: 1, enabled: 1 });
  expect(enabled).toMatchObject([
    { userid: 'ann@pve', groups: 'admins,web', tokens: [{ tokenid: 'ci', comment: 'builds', privsep: 1 }] },
    { userid: 'root@pam', 'realm-type': 'pam' },
  ]);
});

it('groups are replaced, or added to', async () => {
  await root.call('PUT', '/access/users/bob@pve', { groups: 'web' });
  await root.call('PUT', '/access/users/bob@pve', { groups: 'admins', append: 1, comment: '' });
  expect(await read('/access/users/bob@pve')).toMatchObject({ groups: ['admins', 'web'] });
  expect(await read('/access/users/bob@pve')).not.toHaveProperty('comment');
  await root.call('PUT', '/access/users/bob@pve', { groups: 'web', enable: 1 });
  expect(await read('/access/groups/web')).toMatchObject({ members: ['ann@pve', 'bob@pve'] });
});

it('a right on a group is a right on its members, and on no others', async () => {
  await root.call('PUT', '/access/acl', { path: '/access/groups/web', roles: 'PVEUserAdmin', users: 'bob@pve' });
  await root.call('POST', '/access/users', { userid: 'carl@pve', password: 'carl-his-password' });
  const bob = await login(test.anonymous, 'bob@pve', 'bob-his-password');
  const seen = (await read('/access/users', {}, bob)) as readonly { userid: string }[];
  expect(seen.map(({ userid }) => userid)).toEqual(['ann@pve', 'bob@pve']);
  expect(await read('/access/groups', {}, bob)).toMatchObject([{ groupid: 'web' }]);
  const status = async (method: string, path: string, fields = {}): Promise<string> => {
    const { status: code, reason } = await bob.call(method, path, fields);
    return `${code} ${reason}`;
  };
  expect(await status('GET', '/access/users/ann@pve')).toBe('200 OK');
  expect(await status('GET', '/access/users/carl@pve')).toBe('403 Permission check failed');
  expect(await status('PUT', '/access/users/ann@pve', { groups: 'web' })).toBe('200 OK');
  const both = 'Permission check failed (/access/groups/admins, User.Modify)';
  expect(await status('PUT', '/access/users/ann@pve', { groups: 'web,admins' })).toBe(`403 ${both}`);
  const all = '403 Permission check failed (/access/groups, User.Modify)';
  expect(await status('PUT', '/access/users/ann@pve', { comment: 'x' })).toBe(all);
});

it('a group that goes leaves its members and takes its rights', async () => {
  await root.call('PUT', '/access/acl', { path: '/vms', roles: 'PVEVMUser', groups: 'web' });
  const acl = async (): Promise<unknown> =>
    ((await read('/access/acl')) as readonly { ugid: string }[]).filter(({ ugid }) => ugid === 'web');
  expect(await acl()).toEqual([{ path: '/vms', type: 'group', ugid: 'web', roleid: 'PVEVMUser', propagate: 1 }]);
  await root.call('DELETE', '/access/groups/web');
  expect(await acl()).toEqual([]);
  expect(await read('/access/users/bob@pve')).toMatchObject({ groups: [] });
});

it('realms are there to be read', async () => {
  expect(await read('/access/domains/pam')).toMatchObject({
    type: 'pam',
    comment: 'Linux PAM standard authentication',
  });
});

it.each([
  ['POST', '/access/groups', { groupid: 'admins' }, "create group failed: group 'admins' already exists"],
  ['PUT', '/access/groups/nope', { comment: 'x' }, "update group failed: group 'nope' does not exist"],
  ['DELETE', '/access/groups/nope', {}, "delete group failed: group 'nope' does not exist"],
  ['GET', '/access/groups/nope', {}, "group 'nope' does not exist"],
  ['GET', '/access/domains/nope', {}, "domain 'nope' does not exist"],
  ['POST', '/access/users', { userid: 'd@pve', groups: 'nope' }, "create user failed: no such group 'nope'"],
])('%s %s %o is refused', async (method, path, fields, reason) => {
  const reply = await root.call(method, path, fields);
  expect([reply.status, reply.reason]).toEqual([500, reason]);
});

it('a token keeps no empty comment', async () => {
  const reply = await root.call('POST', '/access/users/ann@pve/token/two', { comment: '' });
  expect(dataOf(reply)).toMatchObject({ info: { privsep: '1' } });
  expect(dataOf<{ info: object }>(reply).info).not.toHaveProperty('comment');
});
