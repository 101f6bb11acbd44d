import * as z from 'zod';
import type { Call } from '../../model/ports.ts';
import type { StorageKind } from '../../model/resources.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName } from './names.ts';
import { operate } from './operation.ts';

const STORAGES = z.array(
  z.object({
    storage: z.string(),
    type: z.string(),
    content: z.string().optional(),
    shared: z.coerce.number().optional(),
  }),
);

type Can = Pick<StorageKind, 'snapshots' | 'linkedClones' | 'reassign'>;

const NOTHING: Can = { snapshots: false, linkedClones: false, reassign: false };
const ONLY_FILES: Can = { snapshots: false, linkedClones: false, reassign: true };
const EVERYTHING: Can = { snapshots: true, linkedClones: true, reassign: true };

/**
 * Features of each storage plugin for the formats of containers, raw and subvol (PVE::Storage, volume_has_feature).
 * A directory has them for qcow2 alone, which containers do not use; types that are not here hold no containers.
 */
const BY_TYPE: Readonly<Record<string, Can>> = {
  dir: ONLY_FILES,
  nfs: ONLY_FILES,
  cifs: ONLY_FILES,
  glusterfs: ONLY_FILES,
  lvm: ONLY_FILES,
  lvmthin: EVERYTHING,
  btrfs: EVERYTHING,
  zfspool: EVERYTHING,
  rbd: EVERYTHING,
};

/** By type, as far as that tells: of a container itself, ask `Snapshots.possible`. */
export async function readStorageKinds(session: Session, node: string, call: Call): Promise<readonly StorageKind[]> {
  return await operate(`list the storages of ${node}`, call, async (signal) =>
    parseStorageKinds(await api(session, signal).nodes.$(nodeName(node)).storage.$get()),
  );
}

export function parseStorageKinds(data: unknown): readonly StorageKind[] {
  return readData(STORAGES, data).map(({ storage, type, content, shared }) => ({
    storage,
    type,
    content: (content ?? '')
      .split(',')
      .filter((part) => part !== '')
      .sort(),
    shared: shared === 1,
    ...(BY_TYPE[type] ?? NOTHING),
  }));
}
