import type { MountSource } from '../model/definition.ts';
import { parseProperties } from '../model/property-string.ts';

/** A mount of the definition in Proxmox VE's words: mpN for directories, devN for devices. */
export interface WantedMount {
  readonly family: 'mp' | 'dev';
  /** Path inside the container. */
  readonly path: string;
  readonly value: string;
}

/** Where the site's share is mounted in a container. */
export const SHARE_PATH = '/share';

export function wantedMounts(mounts: readonly MountSource[], shareHostPath: string | undefined): WantedMount[] {
  return mounts.map((mount) => {
    switch (mount.kind) {
      case 'share':
        // Without a host path desired/ has refused the definition already.
        return { family: 'mp', path: SHARE_PATH, value: `${shareHostPath ?? SHARE_PATH},mp=${SHARE_PATH}` };
      case 'bind':
        return { family: 'mp', path: mount.path, value: `${mount.host},mp=${mount.path}` };
      case 'device':
        return { family: 'dev', path: mount.path, value: mount.path };
      default:
        return mount satisfies never;
    }
  });
}

/** A mpN or devN as it is. `volume`: storage of Proxmox VE's, which a definition's MOUNT line never means. */
export interface ObservedMount {
  readonly key: string;
  readonly path: string;
  readonly source: string;
  readonly volume: boolean;
}

export function observedMounts(config: Readonly<Record<string, string>>): ObservedMount[] {
  const mounts: ObservedMount[] = [];
  for (const [key, value] of Object.entries(config)) {
    if (!/^(mp|dev)\d+$/.test(key)) continue;
    const properties = parseProperties(value);
    const source = properties.get('') ?? properties.get('volume') ?? properties.get('path') ?? '';
    mounts.push({
      key,
      source,
      path: key.startsWith('dev') ? source : (properties.get('mp') ?? ''),
      volume: key.startsWith('mp') && !source.startsWith('/'),
    });
  }
  return mounts;
}

/** The lowest free key of a family, e.g. mp0. */
export function freeKey(family: 'mp' | 'dev', taken: Iterable<string>): string {
  const keys = new Set(taken);
  let index = 0;
  while (keys.has(`${family}${index}`)) index += 1;
  return `${family}${index}`;
}
