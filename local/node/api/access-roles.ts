import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

function list({ core }: Call): Json {
  const builtin = [...core.access.builtin()].map(([roleid, privileges]) => ({
    roleid,
    special: 1,
    privs: privileges.join(','),
  }));
  const own = Object.entries(core.accessStore.value.roles);
  return [...builtin, ...own.map(([roleid, privileges]) => ({ roleid, special: 0, privs: privileges.join(',') }))];
}

function get(call: Call): Json {
  const roleid = call.required('roleid');
  const privileges = call.core.access.role(roleid);
  if (privileges === undefined) throw new ApiError(500, `role '${roleid}' does not exist`);
  return Object.fromEntries(privileges.map((privilege) => [privilege, 1]));
}

function create(call: Call): Json {
  const roleid = call.required('roleid');
  if (call.core.access.role(roleid) !== undefined) {
    throw new ApiError(500, `create role failed: role '${roleid}' already exists`);
  }
  call.core.accessStore.update((data) => {
    data.roles[roleid] = [...new Set(call.list('privs'))].sort();
  });
  return null;
}

/** A role of the site's own; the built-in ones stay as they are. */
function own(call: Call, verb: string): readonly string[] {
  const roleid = call.required('roleid');
  if (call.core.access.isBuiltin(roleid)) {
    throw new ApiError(500, `${verb} role failed: auto-generated role '${roleid}' cannot be ${verb}d`);
  }
  const privileges = call.core.accessStore.value.roles[roleid];
  if (privileges === undefined) throw new ApiError(500, `${verb} role failed: role '${roleid}' does not exist`);
  return privileges;
}

function update(call: Call): Json {
  const existing = own(call, 'update');
  const before = call.flag('append') ? existing : [];
  call.core.accessStore.update((data) => {
    data.roles[call.required('roleid')] = [...new Set([...before, ...call.list('privs')])].sort();
  });
  return null;
}

function remove(call: Call): Json {
  const roleid = call.required('roleid');
  own(call, 'delete');
  call.core.accessStore.update((data) => {
    delete data.roles[roleid];
    data.acl = data.acl.filter((entry) => entry.roleid !== roleid);
  });
  return null;
}

export const roleRoutes: Routes = {
  'GET /access/roles': list,
  'POST /access/roles': create,
  'GET /access/roles/{roleid}': get,
  'PUT /access/roles/{roleid}': update,
  'DELETE /access/roles/{roleid}': remove,
};
