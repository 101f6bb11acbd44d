import type { AccessData, AclEntry } from '../auth/access-store.ts';
import { normalizePath, splitToken } from '../auth/permissions.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { isAclPath } from './access-permissions.ts';
import type { Call, Routes } from './call.ts';

/** Entries on paths that the caller may change; all of them with Sys.Audit on /access. */
function list(call: Call): Json {
  const { access, accessStore } = call.core;
  const audit = access.may(call.authuser, '/access', 'Sys.Audit');
  return accessStore.value.acl
    .filter((entry) => audit || access.may(call.authuser, entry.path, 'Permissions.Modify'))
    .map((entry) => ({ ...entry, propagate: entry.propagate ? 1 : 0 }));
}

/** Throws for users, groups and tokens that are not there. */
function subjects(call: Call, data: Readonly<AccessData>): readonly Pick<AclEntry, 'type' | 'ugid'>[] {
  const fail = (text: string): ApiError => new ApiError(500, `ACL update failed: ${text}`);
  for (const user of call.list('users')) {
    if (data.users[user] === undefined) throw fail(`user '${user}' does not exist`);
  }
  for (const group of call.list('groups')) {
    if (data.groups[group] === undefined) throw fail(`group '${group}' does not exist`);
  }
  for (const id of call.list('tokens')) {
    const token = splitToken(id);
    if (token === undefined || data.users[token.user]?.tokens[token.name] === undefined) {
      throw fail(`no such token '${token?.name ?? id}' for user '${token?.user ?? ''}'`);
    }
  }
  return [
    ...call.list('users').map((ugid) => ({ type: 'user' as const, ugid })),
    ...call.list('groups').map((ugid) => ({ type: 'group' as const, ugid })),
    ...call.list('tokens').map((ugid) => ({ type: 'token' as const, ugid })),
  ];
}

function update(call: Call): Json {
  const { access, accessStore } = call.core;
  if (call.text('users') === undefined && call.text('groups') === undefined && call.text('tokens') === undefined) {
    throw parameterError({ users: 'property is missing and it is not optional' });
  }
  const asked = call.required('path');
  const path = normalizePath(asked);
  if (path === undefined || !isAclPath(path)) throw parameterError({ path: `invalid ACL path '${asked}'` });
  const roles = call.list('roles');
  for (const role of roles) {
    if (access.role(role) === undefined) throw new ApiError(500, `ACL update failed: role '${role}' does not exist`);
  }
  const who = subjects(call, accessStore.value);
  const propagate = call.text('propagate') !== '0';
  accessStore.update((data) => {
    for (const { type, ugid } of who) {
      for (const roleid of roles) {
        data.acl = data.acl.filter(
          (entry) => !(entry.path === path && entry.type === type && entry.ugid === ugid && entry.roleid === roleid),
        );
        if (!call.flag('delete')) data.acl.push({ path, type, ugid, roleid, propagate });
      }
    }
    data.acl.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  });
  return null;
}

export const aclRoutes: Routes = { 'GET /access/acl': list, 'PUT /access/acl': update };
