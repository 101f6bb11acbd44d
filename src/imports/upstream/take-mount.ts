import type { KeyToWrite, PlainValue } from '../../definition/write.ts';
import { volumeNames } from '../volume-names.ts';

/**
 * MOUNT as Proxmox-GitOps reads it: `share`, `/dev/…`, and `SOURCE:/path`, where the source is a directory of the node or
 * `storage:GiB` for a volume of the container. An empty one in an overlay takes the mounts of the file below away.
 */
export function takeMount(
  text: string,
  base: boolean,
): { readonly keys: readonly KeyToWrite[]; readonly notes: readonly string[] } {
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const notes: string[] = [];
  const mounts: string[] = [];
  const volumes: { readonly path: string; readonly disk: string }[] = [];
  for (const part of parts) {
    const at = part.lastIndexOf(':');
    const [source, path] = [part.slice(0, at), part.slice(at + 1)];
    if (part === 'share' || /^\/dev\/[^:]+$/.test(part)) mounts.push(part);
    else if (at > 0 && source.startsWith('/')) mounts.push(part);
    else if (/^[A-Za-z][\w.-]*:\d+$/.test(source)) volumes.push({ path, disk: source });
    else notes.push(`${part} is no directory, no device and no new volume: add it by hand`);
  }
  const names = volumeNames(volumes.map(({ path }) => path));
  // As they were made there: in no backup, with access control lists.
  const made = volumes.map((volume, index) => [names[index] ?? '', { ...volume, backup: 'no', acl: 'yes' }] as const);
  const list: PlainValue = mounts.length === 1 ? (mounts[0] ?? '') : mounts;
  return {
    keys: [
      ...(mounts.length === 0 && (base || parts.length > 0) ? [] : [{ key: 'mount', value: list }]),
      ...(made.length === 0 ? [] : [{ key: 'volumes', value: Object.fromEntries(made) }]),
    ],
    notes,
  };
}
