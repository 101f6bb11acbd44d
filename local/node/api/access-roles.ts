import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
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

/** Privileges come and go with releases; what the other one knows is none here. */
function privilegesOf(call: Call): readonly string[] {
  const known = call.core.access.role('Administrator') ?? [];
  const wanted = call.list('privs');
  const unknown = wanted.find((privilege) => !known.includes(privilege));
  if (unknown !== undefined) throw parameterError({ privs: `invalid format - invalid privilege '${unknown}'\n` });
  return wanted;
}

function create(call: Call): Json {
  const roleid = call.required('roleid');
  const privileges = privilegesOf(call);
  if (/^PVE/i.test(roleid)) {
    throw parameterError({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" });
  }
  changeUserConfig(call.core, 'create role failed', () => {
    if (call.core.access.role(roleid) !== undefined) throw new ApiError(500, `role '${roleid}' already exists`);
    call.core.accessStore.update((data) => {
      data.roles[roleid] = [...new Set(privileges)].sort();
    });
  });
  return null;
}

/** A role of the site's own; the built-in ones stay as they are. */
function own(call: Call, verb: 'modified' | 'deleted'): string {
  const roleid = call.required('roleid');
  if (call.core.access.isBuiltin(roleid)) {
    throw new ApiError(500, `auto-generated role '${roleid}' cannot be ${verb}`);
  }
  return roleid;
}

function existing(call: Call, roleid: string): readonly string[] {
  const privileges = call.core.accessStore.value.roles[roleid];
  if (privileges === undefined) throw new ApiError(500, `role '${roleid}' does not exist`);
  return privileges;
}

function update(call: Call): Json {
  const roleid = own(call, 'modified');
  const wanted = privilegesOf(call);
  changeUserConfig(call.core, 'update role failed', () => {
    const before = call.flag('append') ? existing(call, roleid) : existing(call, roleid).slice(0, 0);
    call.core.accessStore.update((data) => {
      data.roles[roleid] = [...new Set([...before, ...wanted])].sort();
    });
  });
  return null;
}

function remove(call: Call): Json {
  const roleid = own(call, 'deleted');
  changeUserConfig(call.core, 'delete role failed', () => {
    existing(call, roleid);
    call.core.accessStore.update((data) => {
      delete data.roles[roleid];
      data.acl = data.acl.filter((entry) => entry.roleid !== roleid);
    });
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
