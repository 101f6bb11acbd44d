/** Where the control plane keeps what outlives its container; its configure.sh knows the same path. */
export const DATA = '/srv/control-plane';
/** Gitea's own port within the container. */
export const PORT = 8080;

/** Settings of this machine alone, or of the command that is at work. */
const NOT_THERE = ['stage', 'debug', 'state_directory', 'proxmox.ca_file', 'simulated.control'];

export interface SiteFiles {
  /** Settings file of the runner's host. */
  readonly config: string;
  /** Name → value: what runs mask and workflows may hand over. */
  readonly secrets: Readonly<Record<string, string>>;
}

/**
 * What a deploy by the control plane goes by: the settings of this machine, with the paths of that one.
 *
 * @param values by key of docs/settings.md, as they were written
 * @param host how the control plane reaches Proxmox VE, when not as this machine does
 * @param withCa the CA certificate lies beside it
 */
export function siteFiles(
  values: ReadonlyMap<string, string>,
  { host, withCa }: { readonly host?: string; readonly withCa: boolean },
): SiteFiles {
  const all = new Map([...values].filter(([key]) => !NOT_THERE.includes(key)));
  if (host !== undefined) all.set('proxmox.host', host);
  if (withCa) all.set('proxmox.ca_file', `${DATA}/site/ca.pem`);
  all.set('state_directory', `${DATA}/state`);
  const root: Record<string, Record<string, string> | string> = {};
  for (const [key, value] of [...all].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const [group = '', name] = key.split('.');
    const inner = root[group];
    if (name === undefined) root[group] = value;
    else root[group] = { ...(typeof inner === 'object' ? inner : {}), [name]: value };
  }
  const secrets: Record<string, string> = {};
  for (const [key, name] of SECRETS) {
    const value = all.get(key);
    if (value !== undefined && value !== '') secrets[name] = value;
  }
  return { config: `${JSON.stringify(root, null, 2)}\n`, secrets };
}

const SECRETS = [
  ['proxmox.token_id', 'PROXMOX_TOKEN_ID'],
  ['proxmox.token_secret', 'PROXMOX_TOKEN_SECRET'],
  ['proxmox.user', 'PROXMOX_USER'],
  ['proxmox.password', 'PROXMOX_PASSWORD'],
  ['login', 'LOGIN'],
  ['password', 'PASSWORD'],
] as const;
