import type { VolumeWork } from '../backend.ts';
import { readBackupConfig, writeBackup } from './backup-archive.ts';
import { whileFrozen } from './container-freeze.ts';
import { firstId, rootPath } from './container-prepare.ts';
import type { ContainerProcesses } from './container-process.ts';
import { guestFiles } from './guest-files.ts';
import { clearMachineId } from './guest-setup.ts';
import type { HostSession } from './host-session.ts';
import { restoreBackup } from './restore-archive.ts';

/** Snapshots, copies and archives of real containers' volumes. */
export function lxcVolumeWork(session: () => HostSession, processes: ContainerProcesses): VolumeWork {
  return {
    async still(vmid, work) {
      const pid = await processes.pid(vmid);
      if (pid === undefined) return await work();
      await session().volumes.flush();
      return await whileFrozen(session(), { vmid, pid }, work);
    },
    snapshot: (volume, name, log, signal) => session().volumes.snapshot(volume, name, log, signal),
    dropSnapshot: (volume, name) => session().volumes.dropSnapshot(volume, name),
    rollback: (volume, name, log) => session().volumes.rollback(volume, name, log),
    // full or linked: trees share what does not change, and neither needs the other
    copy: (source, target, { snapshot }, log, signal) => session().volumes.copy(source, target, snapshot, log, signal),
    async makeDistinct(spec) {
      const host = session();
      await clearMachineId(guestFiles(rootPath(host, spec), firstId(host, spec)), spec);
    },
    rename: (volume, target) => session().volumes.rename(volume, target),
    backup: (spec, archive, log, signal) => writeBackup(session(), spec, archive, log, signal),
    backupConfig: readBackupConfig,
    restore: (spec, archive, log, signal) => restoreBackup(session(), spec, archive, log, signal),
  };
}
