/**
 * Proxmox VE's `key=value,key=value` values. A first part without `=` stands under the empty key (the volume of
 * rootfs and mpN). Order is the server's business: compare parsed.
 */
export type Properties = ReadonlyMap<string, string>;

export function parseProperties(text: string): Properties {
  const properties = new Map<string, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    if (at <= 0 && !properties.has('')) properties.set('', part.trim());
    if (at > 0) properties.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return properties;
}

export function formatProperties(properties: Properties): string {
  return [...properties].map(([key, value]) => (key === '' ? value : `${key}=${value}`)).join(',');
}

/** What a rootfs or mpN names: its first part, or `volume=`. */
export function volumeOf(text: string): string {
  const properties = parseProperties(text);
  return properties.get('') ?? properties.get('volume') ?? '';
}

const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** Size as Proxmox VE stores it (`8G`, `716M`, `0T`, bare bytes) in bytes; undefined when it is none. */
export function parseSize(text: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text ?? '');
  if (!match) return undefined;
  return Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1));
}

export const GIB = 1024 ** 3;
