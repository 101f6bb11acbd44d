import { ROWS } from './needs.ts';

/** Proxmox VE keeps names that begin with PVE for its own roles. */
export const ROLE = 'GitOps';

/**
 * The smallest role with which everything works inside one pool, for a release's major number. The same for 8 and 9 so
 * far: what they differ in (VM.Monitor, VM.GuestAgent.*) is for virtual machines, and Sys.Modify for privileged
 * containers reaches beyond a pool.
 */
export function rolePrivileges(major: number): readonly string[] {
  const place = { guest: '', storages: [], templateStorage: '', networks: [], major, download: true };
  const rows = ROWS.filter((row) => row.beyond !== true && (row.when?.(undefined, place) ?? true));
  return [...new Set(rows.flatMap(({ privileges }) => privileges.slice(0, 1)))].sort();
}
