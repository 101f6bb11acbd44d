import type { Volumes } from '../model/container-ports.ts';
import { isGitopsError } from '../model/errors.ts';
import type { Reporter } from '../model/ports.ts';
import { volumeOf } from '../model/property-string.ts';
import type { StoredVolume } from '../model/resources.ts';
import { storageOfVolume, vmidOfVolume } from '../model/volid.ts';
import { call, DEADLINES } from './deadlines.ts';
import type { Holding } from './lease.ts';

export interface VolumeFacts {
  /** volid → bytes, of volumes whose size no config says. */
  readonly sizes: ReadonlyMap<string, number>;
  /** volids of the mark that are in no config and, as their storage says, nowhere. */
  readonly missing: ReadonlySet<string>;
}

export const NO_VOLUME_FACTS: VolumeFacts = { sizes: new Map(), missing: new Set() };

/**
 * What only a storage knows: sizes of detached volumes, and whether one that no config names is still there. Reads
 * nothing for a container whose volumes are all attached.
 */
export async function lookAtVolumes(
  {
    volumes,
    reporter,
    signal,
  }: { readonly volumes: Pick<Volumes, 'list'>; readonly reporter: Reporter; readonly signal: AbortSignal },
  { state, mark }: Holding,
): Promise<VolumeFacts> {
  const { node, vmid, config } = state;
  const named = new Set(
    Object.entries(config).flatMap(([key, value]) => (/^(rootfs|mp\d+|unused\d+)$/.test(key) ? [volumeOf(value)] : [])),
  );
  const unused = Object.entries(config).flatMap(([key, value]) => (/^unused\d+$/.test(key) ? [volumeOf(value)] : []));
  const lost = Object.values(mark.volumes ?? {}).filter((volid) => !named.has(volid) && vmidOfVolume(volid) === vmid);
  const storages = [...new Set([...unused, ...lost].map(storageOfVolume))];
  const lists = await Promise.all(
    storages.map(async (storage): Promise<readonly StoredVolume[]> => {
      try {
        return await volumes.list(node, storage, vmid, call(DEADLINES.read, signal));
      } catch (error) {
        if (!isGitopsError(error) || error.remote.status === 401) throw error;
        reporter.tell({ kind: 'note', text: `volumes on ${storage} cannot be seen: ${error.message}` });
        return [];
      }
    }),
  );
  const stored = lists.flat();
  // A list may be filtered: only one that shows what must be there can say that something is not.
  const open = new Set(stored.filter(({ volid }) => named.has(volid)).map(({ volid }) => storageOfVolume(volid)));
  const there = new Set(stored.map(({ volid }) => volid));
  return {
    sizes: new Map(stored.map(({ volid, size }) => [volid, size])),
    missing: new Set(lost.filter((volid) => open.has(storageOfVolume(volid)) && !there.has(volid))),
  };
}
