import type { AccessData, AclEntry } from '../auth/access-store.ts';
import { isAclPath, normalizePath, splitToken } from '../auth/permissions.ts';
import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Entries on paths that the caller may change; all of them with Sys.Audit on /access. */
function list(call: Call): Json {
  const { access, accessStore } = call.core;
  const audit = access.may(call.authuser, '/access', 'Sys.Audit');
  return accessStore.value.acl
    .filter((entry) => audit || access.may(call.authuser, entry.path, 'Permissions.Modify'))
    .map((entry) => ({ ...entry, propagate: entry.propagate ? 1 : 0 }));
}

type Subject = Pick<AclEntry, 'type' | 'ugid'>;

/** Throws for users, groups and tokens that are not there. */
function subjects(call: Call, data: Readonly<AccessData>): readonly Subject[] {
  for (const group of call.list('groups')) {
    if (data.groups[group] === undefined) throw new ApiError(500, `group '${group}' does not exist`);
  }
  for (const user of call.list('users')) {
    if (data.users[user] === undefined) throw new ApiError(500, `user '${user}' does not exist`);
  }
  for (const id of call.list('tokens')) {
    const { user = '', name = '' } = splitToken(id) ?? {};
    if (data.users[user] === undefined) throw new ApiError(500, `no such user ('${user}')`);
    if (data.users[user]?.tokens[name] === undefined) {
      throw new ApiError(500, `no such token '${name}' for user '${user}'`);
    }
  }
  return [
    ...call.list('users').map((ugid) => ({ type: 'user' as const, ugid })),
    ...call.list('groups').map((ugid) => ({ type: 'group' as const, ugid })),
    ...call.list('tokens').map((ugid) => ({ type: 'token' as const, ugid })),
  ];
}

/** Who has no Permissions.Modify hands out only what they have themselves. */
function checkHandout(call: Call, path: string, role: string, propagate: boolean): void {
  const own = call.core.access.privileges(call.authuser, path);
  if (own.has('Permissions.Modify')) return;
  const verb = call.flag('delete') ? 'remove' : 'add';
  const refuse = (text: string): never => {
    throw parameterError({ role: `Cannot ${verb} role '${role}' ${text}` });
  };
  for (const privilege of call.core.access.role(role) ?? []) {
    if (!own.has(privilege)) refuse("- requires 'Permissions.Modify' or superset of privileges.");
    if (propagate && own.get(privilege) !== true && !call.flag('delete')) {
      refuse("with propagation - requires 'Permissions.Modify' or propagated superset of privileges.");
    }
  }
  if (role === 'NoAccess') refuse("- requires 'Permissions.Modify'");
}

function change(call: Call, path: string): void {
  const { access, accessStore } = call.core;
  const propagate = call.text('propagate') !== '0';
  const entries: AclEntry[] = [];
  for (const roleid of call.list('roles')) {
    if (access.role(roleid) === undefined) throw new ApiError(500, `role '${roleid}' does not exist`);
    checkHandout(call, path, roleid, propagate);
    entries.push(...subjects(call, accessStore.value).map((who) => ({ path, ...who, roleid, propagate })));
  }
  const same = (a: AclEntry) => (b: AclEntry) =>
    a.path === b.path && a.type === b.type && a.ugid === b.ugid && a.roleid === b.roleid;
  accessStore.update((data) => {
    data.acl = data.acl.filter((entry) => !entries.some(same(entry)));
    if (!call.flag('delete')) data.acl.push(...entries);
    data.acl.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  });
}

function update(call: Call): Json {
  const kinds = ['users', 'groups', 'tokens'];
  if (kinds.every((kind) => (call.text(kind) ?? '') === '')) {
    const text = "either 'users', 'groups' or 'tokens' is required.";
    throw parameterError(Object.fromEntries(kinds.map((kind) => [kind, text])));
  }
  const asked = call.required('path');
  const path = normalizePath(asked);
  if (path === undefined || (!call.flag('delete') && !isAclPath(path))) {
    throw parameterError({ path: `invalid ACL path '${asked}'` });
  }
  changeUserConfig(call.core, 'ACL update failed', () => change(call, path));
  return null;
}

export const aclRoutes: Routes = { 'GET /access/acl': list, 'PUT /access/acl': update };
