import type { Caller } from '../auth/authenticate.ts';
import { checkPermissions } from '../auth/check.ts';
import type { Core } from '../core.ts';
import { type Answer, notImplemented, parameterError, permissionDenied } from '../http/answer.ts';
import type { Parameters } from '../http/parameters.ts';
import { validate, withoutBooleans } from '../schema/validate.ts';
import { Call, Page } from './call.ts';
import { checkNode, onNode } from './check-node.ts';
import type { Router } from './router.ts';

export interface Request {
  readonly method: string;
  /** Below /api2/<format>, decoded, without query. */
  readonly path: string;
  readonly parameters: Parameters;
  readonly caller: Caller;
}

/** Calls that need no login (PVE::HTTPServer's list). */
export function isPublic(method: string, path: string): boolean {
  return (
    (path === '/access/domains' && method === 'GET') ||
    (path === '/access/ticket' && (method === 'GET' || method === 'POST'))
  );
}

/** A path parameter may be said again in the body, if it says the same. */
function merge(values: Readonly<Record<string, string>>, given: Parameters): Parameters {
  for (const name of Object.keys(given).sort()) {
    if (values[name] !== undefined && given[name] !== values[name]) {
      throw parameterError({ [name]: 'duplicate parameter (already defined in URI) with conflicting values!' });
    }
  }
  return { ...given, ...values };
}

/** In Proxmox VE's order: is there such a call, may the caller, which node, are the parameters right, then the work. */
export async function dispatch(core: Core, router: Router, request: Request): Promise<Answer> {
  const found = router.find(request.method, request.path);
  if (found === undefined) throw notImplemented(request.method, request.path);
  const { schema, handler } = found.route;
  if (request.caller.byToken && schema.allowtoken === 0) {
    throw permissionDenied(`URI '${request.path}' not available with API token, need proper ticket.\n`);
  }
  const parameters = merge(found.values, request.parameters);
  checkPermissions(schema.permissions, { access: core.access, authuser: request.caller.authuser, parameters });
  if (schema.proxyto === 'node') checkNode(core, parameters.node);
  validate(schema.parameters, parameters, schema.additional === 1);
  const at = schema.proxyto === 'node' ? onNode(core, schema, parameters) : core;
  const result = await handler(new Call(at, request.caller, withoutBooleans(parameters)));
  return result instanceof Page ? result.answer : { data: result };
}
