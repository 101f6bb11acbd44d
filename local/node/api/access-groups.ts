import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

function membersOf({ core }: Call, group: string): readonly string[] {
  const users = Object.entries(core.accessStore.value.users);
  return users.flatMap(([userid, { groups }]) => (groups.includes(group) ? [userid] : [])).sort();
}

const said = (comment: string | undefined): { readonly comment?: string } =>
  comment === undefined || comment === '' ? {} : { comment };

const SEES = ['User.Modify', 'Sys.Audit', 'Group.Allocate'];

function list(call: Call): Json {
  const { access, accessStore } = call.core;
  return Object.entries(accessStore.value.groups)
    .filter(([group]) => access.any(call.authuser, `/access/groups/${group}`, SEES))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([groupid, { comment }]) => ({ groupid, ...said(comment), users: membersOf(call, groupid).join(',') }));
}

function groupOf(call: Call): { readonly comment?: string } {
  const group = call.required('groupid');
  const found = call.core.accessStore.value.groups[group];
  if (found === undefined) throw new ApiError(500, `group '${group}' does not exist`);
  return found;
}

function create(call: Call): Json {
  const group = call.required('groupid');
  changeUserConfig(call.core, 'create group failed', () => {
    const { accessStore } = call.core;
    if (accessStore.value.groups[group] !== undefined) throw new ApiError(500, `group '${group}' already exists`);
    accessStore.update((data) => {
      data.groups[group] = said(call.text('comment'));
    });
  });
  return null;
}

function update(call: Call): Json {
  changeUserConfig(call.core, 'update group failed', () => {
    const before = groupOf(call);
    const comment = call.text('comment');
    call.core.accessStore.update((data) => {
      data.groups[call.required('groupid')] = comment === undefined ? before : said(comment);
    });
  });
  return null;
}

/** Its members stay, without it; its ACLs go. */
function remove(call: Call): Json {
  const group = call.required('groupid');
  changeUserConfig(call.core, 'delete group failed', () => {
    groupOf(call);
    call.core.accessStore.update((data) => {
      delete data.groups[group];
      data.acl = data.acl.filter(({ type, ugid }) => type !== 'group' || ugid !== group);
      for (const [userid, user] of Object.entries(data.users)) {
        data.users[userid] = { ...user, groups: user.groups.filter((other) => other !== group) };
      }
    });
  });
  return null;
}

export const groupRoutes: Routes = {
  'GET /access/groups': list,
  'POST /access/groups': create,
  'GET /access/groups/{groupid}': (call) => ({ ...groupOf(call), members: membersOf(call, call.required('groupid')) }),
  'PUT /access/groups/{groupid}': update,
  'DELETE /access/groups/{groupid}': remove,
};
