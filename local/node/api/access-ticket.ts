import { passwordMatches } from '../auth/access-store.ts';
import { userEnabled } from '../auth/authenticate.ts';
import { seconds } from '../clock.ts';
import type { Core } from '../core.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** What the web interface asks about: prefix of privileges per area, and the paths they are looked up on. */
const AREAS: readonly (readonly [string, string, readonly string[]])[] = [
  ['vms', '/vms', ['VM.']],
  ['storage', '/storage', ['Datastore.']],
  ['access', '/access', ['User.', 'Group.']],
  ['nodes', '/nodes', ['Sys.']],
  ['dc', '/', ['Sys.Audit', 'Sys.Modify', 'SDN.']],
  ['sdn', '/sdn', ['SDN.']],
  ['mapping', '/mapping', ['Mapping.']],
];

function capabilities(core: Core, authuser: string): { readonly [key: string]: Json } {
  const result: Record<string, Json> = {};
  for (const [area, path, prefixes] of AREAS) {
    const paths = [
      path,
      ...core.accessStore.value.acl.map((entry) => entry.path).filter((p) => p.startsWith(`${path}/`)),
    ];
    const own = paths.flatMap((candidate) => [...core.access.privileges(authuser, candidate).keys()]);
    const wanted = own.filter(
      (name) => prefixes.some((prefix) => name.startsWith(prefix)) || (area !== 'dc' && name === 'Permissions.Modify'),
    );
    result[area] = Object.fromEntries(wanted.map((name) => [name, 1]));
  }
  return result;
}

function login(call: Call): Json {
  const { core } = call;
  const realm = call.text('realm');
  const name = call.required('username');
  const user = realm === undefined || name.includes('@') ? name : `${name}@${realm}`;
  const now = seconds(core.clock);
  const password = call.required('password');
  const stored = core.accessStore.value.users[user]?.password;
  const renewed = core.tickets.userOf(password, now) === user;
  const good = renewed || (stored !== undefined && passwordMatches(password, stored));
  if (!good || !userEnabled(core.accessStore.value, user, now)) throw new ApiError(401, 'authentication failure');
  const { ticket, csrf } = core.tickets.issue(user, now);
  return { ticket, CSRFPreventionToken: csrf, username: user, cap: capabilities(core, user) };
}

export const ticketRoutes: Routes = {
  'GET /access/ticket': () => null,
  'POST /access/ticket': login,
};
