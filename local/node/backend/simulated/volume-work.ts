import { readFileSync, writeFileSync } from 'node:fs';
import type { Volume, VolumeWork } from '../backend.ts';
import type { SimulatedDocument } from './model.ts';

const idOf = (volume: Volume): string => `${volume.storage}:${volume.name}`;

/** zstd's first bytes, so that an archive looks like one; the config follows. */
const MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Snapshots are names only: a simulated volume has no content that could differ. */
export function simulatedVolumeWork(model: SimulatedDocument): VolumeWork {
  return {
    still: (_vmid, work) => work(),
    snapshot: async () => {},
    dropSnapshot: async () => {},
    rollback: async () => {},
    copy: async (source, target) => {
      const used = model.value.volumes[idOf(source)]?.used ?? 0;
      model.update((value) => {
        value.volumes[idOf(target)] = { size: target.size, used };
      });
    },
    makeDistinct: async () => {},
    rename: async (volume, target) => {
      model.update((value) => {
        const found = value.volumes[idOf(volume)];
        delete value.volumes[idOf(volume)];
        if (found !== undefined) value.volumes[idOf(target)] = found;
      });
    },
    backup: async (_spec, { config, destination }, log) => {
      writeFileSync(destination, Buffer.concat([MAGIC, Buffer.from(config, 'utf8')]));
      log('Total bytes written: 293693440 (281MiB, 167MiB/s)');
    },
    backupConfig: async (archive) => readFileSync(archive).subarray(MAGIC.length).toString('utf8'),
    restore: async (_spec, archive, log) => {
      log(`extracting archive '${archive}'`);
      log('Total bytes read: 293693440 (281MiB, 442MiB/s)');
    },
  };
}
