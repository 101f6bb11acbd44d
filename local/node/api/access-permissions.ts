import { normalizePath, splitToken } from '../auth/permissions.ts';
import type { Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Paths that `/access/permissions` lists beside those that ACLs name. */
const BASE_PATHS = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

function permissions(call: Call): Json {
  const { core, authuser } = call;
  const user = call.text('userid') ?? authuser;
  const own = user === authuser || splitToken(user)?.user === authuser;
  if (!own) core.access.check(authuser, '/access', ['Sys.Audit']);
  const asked = call.text('path');
  const normal = asked === undefined || asked === '' ? undefined : (normalizePath(asked) ?? asked);
  const shown = (path: string): string => (normal === undefined ? path : (asked ?? path));
  const data = core.accessStore.value;
  const all = [
    ...BASE_PATHS,
    ...data.acl.map((entry) => entry.path),
    ...Object.values(data.pools).flatMap(({ vms, storage }) => [
      ...vms.map((vmid) => `/vms/${vmid}`),
      ...storage.map((id) => `/storage/${id}`),
    ]),
  ];
  const paths = normal === undefined ? [...new Set(all)].sort() : [normal];
  const result: Record<string, Json> = {};
  for (const path of paths) {
    const privileges = [...core.access.privileges(user, path)].sort(([a], [b]) => (a < b ? -1 : 1));
    if (privileges.length === 0 && normal === undefined) continue;
    result[shown(path)] = Object.fromEntries(
      privileges.map(([privilege, propagate]) => [privilege, propagate ? 1 : 0]),
    );
  }
  return result;
}

export const permissionRoutes: Routes = { 'GET /access/permissions': permissions };
