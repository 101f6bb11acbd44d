import { nested } from '../../settings/nested.ts';
import type { Item } from '../directory/hooks.ts';

export interface SiteSettings {
  /** Ours, for local/config.json: no secrets. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>> | string>>;
  /** What definitions are completed with. */
  readonly network: Readonly<Record<string, string>>;
  /** root@pam's password stands in it: containers were made with features. */
  readonly hasPassword: boolean;
  readonly items: readonly Item[];
}

/** Their name below `proxmox` → our key. */
const PROXMOX: Readonly<Record<string, string>> = {
  host: 'proxmox.host',
  user: 'proxmox.user',
  node: 'proxmox.node',
  gateway: 'network.gateway',
  mask: 'network.prefix',
  interface: 'network.interface',
  bridge: 'network.bridge',
};
const SECRETS: Readonly<Record<string, string>> = { password: 'PROXMOX_PASSWORD', secret: 'PROXMOX_TOKEN_SECRET' };
/** A value that is there to be filled in: `(set)`, `192.168.178.` */
const OPEN = /^\(.*\)$|\.$|^$/;

type Json = Readonly<Record<string, unknown>>;

/** Settings of a Proxmox-GitOps repository (local/config.json) as ours. Secrets are never copied: where they go is said. */
export function siteSettings(path: string, text: string): SiteSettings {
  const items: Item[] = [];
  let root: Json = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) root = parsed as Json;
  } catch {
    items.push({ place: path, text: 'is no JSON and was not read' });
  }
  const proxmox = typeof root.proxmox === 'object' && root.proxmox !== null ? (root.proxmox as Json) : {};
  const flat: Record<string, string> = {};
  let hasPassword = false;
  for (const [name, given] of Object.entries(proxmox)) {
    const value = String(given).trim();
    const place = `${path}: proxmox.${name}`;
    if (OPEN.test(value)) continue;
    if (name in SECRETS) {
      hasPassword ||= name === 'password';
      items.push({
        place,
        text: `a secret is not copied: set ${SECRETS[name]}, or ask for a token with pve-gitops setup`,
      });
    } else if (name === 'token')
      flat['proxmox.token_id'] = value.includes('!') ? value : `${String(proxmox.user)}!${value}`;
    else if (name === 'storage') flat['proxmox.template_storage'] = value.split(':')[0] ?? value;
    else if (name === 'template') {
      items.push({
        place,
        text: `${value}: new root file systems are made from the newest Debian; template: in a container.yml names another`,
      });
    } else if (PROXMOX[name] !== undefined) flat[PROXMOX[name]] = value;
    else items.push({ place, text: 'no setting says it' });
  }
  if (typeof root.login === 'string' && !OPEN.test(root.login)) flat.login = root.login;
  if (typeof root.password === 'string' && !OPEN.test(root.password)) {
    items.push({ place: `${path}: password`, text: 'a secret is not copied: set PASSWORD' });
  }
  return { values: nested(flat), network: flat, hasPassword, items };
}
