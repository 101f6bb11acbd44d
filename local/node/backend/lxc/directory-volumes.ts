import { chmod, mkdir, rm, rmdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Volume } from '../backend.ts';
import { runCommand } from './run-command.ts';
import type { VolumeStore } from './volume-store.ts';
import { volumeFolder } from './volume-store.ts';

const DU_DEADLINE = 60_000;

/**
 * Plain directories: work everywhere, and know no limit but the file system's own. `viewOf`: where a storage's
 * volumes are.
 */
export function directoryVolumes(viewOf: (storage: string) => string): VolumeStore {
  const path = (volume: Volume): string => join(viewOf(volume.storage), volumeFolder(volume));
  return {
    kind: 'directory',
    path,
    async allocate(volume) {
      const folder = dirname(path(volume));
      await mkdir(folder, { recursive: true });
      await chmod(folder, 0o711);
      await mkdir(path(volume), { mode: 0o755 });
    },
    async free(volume) {
      await rm(path(volume), { recursive: true, force: true });
      await rmdir(dirname(path(volume))).catch(() => undefined);
    },
    async grow(volume, _size, log) {
      await stat(path(volume));
      log('the volume is a directory: it has no size of its own');
    },
    async usage(storage) {
      const { blocks, bfree, bavail, bsize } = await statfs(viewOf(storage));
      return { total: blocks * bsize, used: (blocks - bfree) * bsize, available: bavail * bsize };
    },
    async volumeUsage(volume) {
      const result = await runCommand(['du', '-sx', '--block-size=1', path(volume)], { timeout: DU_DEADLINE });
      return Number(result.stdout.split('\t')[0]) || 0;
    },
  };
}
