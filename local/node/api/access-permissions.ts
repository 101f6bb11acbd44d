import { normalizePath } from '../auth/permissions.ts';
import { type Json, parameterError, permissionDenied } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Paths that `/access/permissions` lists beside those that ACLs name. */
const BASE_PATHS = ['/', '/access', '/access/groups', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

/** Top-level parts of an ACL path (PVE::AccessControl::check_path). */
const ACL_PATH =
  /^\/(?:access(?:\/(?:groups|realm)(?:\/[^/]+)?)?|mapping(?:\/[^/]+){0,2}|nodes(?:\/[^/]+)?|pool(?:\/[^/]+){0,3}|sdn(?:\/[^/]+){0,4}|storage(?:\/[^/]+)?|vms(?:\/[1-9][0-9]{2,8})?)?$/;

export function isAclPath(path: string): boolean {
  return ACL_PATH.test(path);
}

function permissions(call: Call): Json {
  const { core, authuser } = call;
  const user = call.text('userid') ?? authuser;
  if (user !== authuser && !call.may('/access', 'Sys.Audit')) throw permissionDenied('/access, Sys.Audit');
  const asked = call.text('path');
  const normal = asked === undefined ? undefined : normalizePath(asked);
  if (asked !== undefined && (normal === undefined || !isAclPath(normal))) {
    throw parameterError({ path: `invalid ACL path '${asked}'` });
  }
  const data = core.accessStore.value;
  const all = [
    ...BASE_PATHS,
    ...data.acl.map((entry) => entry.path),
    ...Object.keys(data.pools).map((p) => `/pool/${p}`),
  ];
  const paths = normal === undefined ? [...new Set(all)].sort() : [normal];
  const result: Record<string, Json> = {};
  for (const path of paths) {
    const own = [...core.access.privileges(user, path)].sort(([a], [b]) => (a < b ? -1 : 1));
    if (own.length === 0 && normal === undefined) continue;
    result[path] = Object.fromEntries(own.map(([privilege, propagate]) => [privilege, propagate ? 1 : 0]));
  }
  return result;
}

export const permissionRoutes: Routes = { 'GET /access/permissions': permissions };
