/**
 * Proxmox VE's `name=eth0,bridge=vmbr0,…`, whose first part may stand without its key: `local:8,mp=/data`. Undefined
 * `first`: all parts have keys.
 */
export interface PropertyString {
  readonly first?: string;
  readonly entries: ReadonlyMap<string, string>;
}

export function parsePropertyString(text: string): PropertyString {
  const entries = new Map<string, string>();
  let first: string | undefined;
  for (const part of text.split(',')) {
    const sign = part.indexOf('=');
    if (sign > 0) entries.set(part.slice(0, sign).trim(), part.slice(sign + 1).trim());
    else if (first === undefined) first = part.trim();
  }
  return first === undefined ? { entries } : { first, entries };
}

/** What a rootfs or mpN names: its first part, or `volume=`. */
export function volumeOf(text: string): string {
  const { first, entries } = parsePropertyString(text);
  return first ?? entries.get('volume') ?? '';
}
