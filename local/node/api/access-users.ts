import { hashPassword, newUser, passwordMatches, type User } from '../auth/access-store.ts';
import { splitToken } from '../auth/permissions.ts';
import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json, parameterError, permissionDenied } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

type Fields = { readonly [key: string]: Json };

function userEntry(userid: string, user: User): Fields {
  return {
    userid,
    enable: user.enable ? 1 : 0,
    expire: user.expire,
    'realm-type': userid.endsWith('@pam') ? 'pam' : 'pve',
    ...(user.comment === undefined ? {} : { comment: user.comment }),
    ...(user.email === undefined ? {} : { email: user.email }),
  };
}

/** Everyone sees themselves; others need User.Modify or Sys.Audit on groups. */
function list(call: Call): Json {
  const all = call.core.access.any(call.authuser, '/access/groups', ['User.Modify', 'Sys.Audit']);
  return Object.entries(call.core.accessStore.value.users)
    .filter(([userid]) => all || userid === call.authuser)
    .map(([userid, user]) => userEntry(userid, user));
}

export function userOf(call: Call): User {
  const userid = call.required('userid');
  const user = call.core.accessStore.value.users[userid];
  if (user === undefined) throw new ApiError(500, `no such user ('${userid}')`);
  return user;
}

function get(call: Call): Json {
  const user = userOf(call);
  const { userid: _userid, 'realm-type': _realm, ...entry } = userEntry(call.required('userid'), user);
  return { ...entry, groups: [...user.groups], tokens: Object.keys(user.tokens) };
}

/** Fields of a user that a call gives. */
function given(call: Call, before: Omit<User, 'tokens'>): Omit<User, 'tokens'> {
  const password = call.text('password');
  const comment = call.text('comment');
  const email = call.text('email');
  return {
    ...before,
    enable: call.text('enable') === undefined ? before.enable : call.flag('enable'),
    expire: call.number('expire') ?? before.expire,
    groups: call.text('groups') === undefined ? before.groups : call.list('groups'),
    ...(password === undefined ? {} : { password: hashPassword(password) }),
    ...(comment === undefined ? {} : { comment }),
    ...(email === undefined ? {} : { email }),
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
  if (!['pam', 'pve'].includes(realm)) throw new ApiError(500, `auth domain '${realm}' does not exist`);
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
