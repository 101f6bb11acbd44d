import { createHash } from 'node:crypto';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Realm → comment; a realm's type has its name. There are those that Proxmox VE always has. */
export const REALMS: Readonly<Record<string, string>> = {
  pam: 'Linux PAM standard authentication',
  pve: 'Proxmox VE authentication server',
};

function get(call: Call): Json {
  const realm = call.required('realm');
  const comment = REALMS[realm];
  if (comment === undefined) throw new ApiError(500, `domain '${realm}' does not exist`);
  // of domains.cfg, which is not there
  return { type: realm, comment, digest: createHash('sha1').digest('hex') };
}

export const domainRoutes: Routes = {
  'GET /access/domains': () => Object.entries(REALMS).map(([realm, comment]) => ({ realm, type: realm, comment })),
  'GET /access/domains/{realm}': get,
};
