import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the command line keeps the site's keys and the local node its state. PVE_GITOPS_STATE_DIRECTORY moves it. */
export function stateDirectory(): string {
  const given = process.env.PVE_GITOPS_STATE_DIRECTORY;
  if (given !== undefined && given !== '') return given;
  if (process.getuid?.() === 0) return '/var/lib/pve-gitops';
  return join(process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'pve-gitops');
}
