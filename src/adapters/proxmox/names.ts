import { GitopsError } from '../../model/errors.ts';

/** Path parts of the API. Everything that is not plainly a name is refused, as proxmox-api escapes only slashes. */
export function nodeName(text: string): string {
  return checked('node', text, /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/i);
}

export function storageName(text: string): string {
  return checked('storage', text, /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i);
}

/** Proxmox VE takes 100 to 999999999. */
export function vmidPart(vmid: number): number {
  if (Number.isInteger(vmid) && vmid >= 100 && vmid <= 999_999_999) return vmid;
  throw new GitopsError('user', `Unable to use vmid ${vmid}: Proxmox VE takes whole numbers from 100 to 999999999`);
}

function checked(what: string, text: string, pattern: RegExp): string {
  if (pattern.test(text)) return text;
  throw new GitopsError('user', `Unable to use ${what} ${JSON.stringify(text)}: not a name that Proxmox VE takes`);
}
