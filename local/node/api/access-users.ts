import { hashPassword, newUser, passwordMatches, tokenEntry, type User } from '../auth/access-store.ts';
import { splitToken } from '../auth/permissions.ts';
import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json, parameterError, permissionDenied } from '../http/answer.ts';
import { REALMS } from './access-domains.ts';
import type { Call, Routes } from './call.ts';

type Fields = { readonly [key: string]: Json };

const TEXTS = ['firstname', 'lastname', 'email', 'comment', 'keys'] as const;

/** What is empty is not there, as in user.cfg. */
function userEntry(user: User): Fields {
  const texts = TEXTS.map((key) => [key, user[key] ?? ''] as const).filter(([, text]) => text !== '');
  return { enable: user.enable ? 1 : 0, expire: user.expire, ...Object.fromEntries(texts) };
}

/** null where there are none. */
function tokensOf(user: User): { readonly [name: string]: Fields } | null {
  const tokens = Object.entries(user.tokens).sort(([a], [b]) => (a < b ? -1 : 1));
  if (tokens.length === 0) return null;
  return Object.fromEntries(tokens.map(([name, token]) => [name, tokenEntry(token)]));
}

const SEES = ['User.Modify', 'Sys.Audit'];

/** Everyone sees themselves; others need a right on groups, or on one that the user is in. */
function isVisible({ core, authuser }: Call, userid: string, user: User): boolean {
  if (userid === authuser || core.access.any(authuser, '/access/groups', SEES)) return true;
  return user.groups.some((group) => core.access.any(authuser, `/access/groups/${group}`, SEES));
}

function fullEntry(user: User): Fields {
  const tokens = tokensOf(user);
  const list = Object.entries(tokens ?? {}).map(([tokenid, token]) => ({ tokenid, ...token }));
  return { groups: user.groups.toSorted().join(','), tokens: tokens === null ? null : list };
}

function list(call: Call): Json {
  const enabled = call.text('enabled');
  return Object.entries(call.core.accessStore.value.users)
    .filter(([userid, user]) => isVisible(call, userid, user))
    .filter(([, user]) => enabled === undefined || user.enable === (enabled === '1'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([userid, user]) => ({
      userid,
      ...userEntry(user),
      ...(REALMS[realmOf(userid)] === undefined ? {} : { 'realm-type': realmOf(userid) }),
      ...(call.flag('full') ? fullEntry(user) : {}),
    }));
}

export function userOf(call: Call): User {
  const userid = call.required('userid');
  const user = call.core.accessStore.value.users[userid];
  if (user === undefined) throw new ApiError(500, `no such user ('${userid}')`);
  return user;
}

function get(call: Call): Json {
  const user = userOf(call);
  return { ...userEntry(user), groups: user.groups.toSorted(), tokens: tokensOf(user) };
}

function groupsOf(call: Call, before: readonly string[]): readonly string[] {
  if (call.text('groups') === undefined) return before;
  return [...new Set([...(call.flag('append') ? before : []), ...call.list('groups')])];
}

/** Fields of a user that a call gives. */
function given(call: Call, before: Omit<User, 'tokens'>): Omit<User, 'tokens'> {
  const password = call.text('password');
  const texts = TEXTS.flatMap((key) => {
    const text = call.text(key);
    return text === undefined ? [] : [[key, text] as const];
  });
  return {
    ...before,
    enable: call.text('enable') === undefined ? before.enable : call.flag('enable'),
    expire: call.number('expire') ?? before.expire,
    groups: groupsOf(call, before.groups),
    ...(password === undefined ? {} : { password: hashPassword(password) }),
    ...Object.fromEntries(texts),
  };
}

function checkGroups(call: Call): void {
  const missing = call.list('groups').find((group) => call.core.accessStore.value.groups[group] === undefined);
  if (missing !== undefined) throw new ApiError(500, `no such group '${missing}'`);
}

function realmOf(userid: string): string {
  return userid.split('@').at(-1) ?? '';
}

/** A realm is asked for only when a password is to be set in it. */
function checkRealm(userid: string): void {
  const realm = realmOf(userid);
  if (REALMS[realm] === undefined) throw new ApiError(500, `auth domain '${realm}' does not exist`);
}

function create(call: Call): Json {
  const userid = call.required('userid');
  const { accessStore } = call.core;
  changeUserConfig(call.core, 'create user failed', () => {
    if (accessStore.value.users[userid] !== undefined) throw new ApiError(500, `user '${userid}' already exists`);
    if (call.text('password') !== undefined) checkRealm(userid);
    checkGroups(call);
    accessStore.update((data) => {
      data.users[userid] = newUser(given(call, newUser()));
    });
  });
  return null;
}

function update(call: Call): Json {
  changeUserConfig(call.core, 'update user failed', () => {
    const before = userOf(call);
    checkGroups(call);
    call.core.accessStore.update((data) => {
      data.users[call.required('userid')] = { ...given(call, before), tokens: before.tokens };
    });
  });
  return null;
}

/** One who is not there is gone as well. */
function remove(call: Call): Json {
  const userid = call.required('userid');
  changeUserConfig(call.core, 'delete user failed', () =>
    call.core.accessStore.update((data) => {
      delete data.users[userid];
      data.acl = data.acl.filter((entry) => entry.ugid !== userid && splitToken(entry.ugid)?.user !== userid);
    }),
  );
  return null;
}

/** Everybody but root confirms with the own password, and nobody but root changes system users. */
function password(call: Call): Json {
  const userid = call.required('userid');
  const user = userOf(call);
  if (!call.isRoot) {
    if (userid === 'root@pam') throw permissionDenied();
    const confirmation = call.text('confirmation-password');
    if (confirmation === undefined) {
      throw parameterError({ 'confirmation-password': 'password is required to modify user' });
    }
    const own = call.core.accessStore.value.users[call.authuser]?.password;
    if (own === undefined || !passwordMatches(confirmation, own)) throw new ApiError(401, 'authentication failure');
    if (userid !== call.authuser && realmOf(userid) === 'pam') throw permissionDenied();
  }
  checkRealm(userid);
  const next = call.required('password');
  call.core.accessStore.update((data) => {
    data.users[userid] = { ...user, password: hashPassword(next) };
  });
  return null;
}

export const userRoutes: Routes = {
  'GET /access/users': list,
  'POST /access/users': create,
  'GET /access/users/{userid}': get,
  'PUT /access/users/{userid}': update,
  'DELETE /access/users/{userid}': remove,
  'PUT /access/password': password,
};
