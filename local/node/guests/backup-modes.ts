import type { Core } from '../core.ts';
import { toVolume } from '../store/volumes.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { Values } from './config.ts';
import { namedVolumes } from './disks.ts';
import { isMountKey } from './mount-point.ts';
import { startContainer } from './power.ts';
import { volumeWork } from './volume-work.ts';

export type BackupMode = 'stop' | 'suspend' | 'snapshot';

const SHUTDOWN_SECONDS = 60;
/** The name that Proxmox VE keeps for this. */
const SNAPSHOT = 'vzdump';

/** The container is stopped while the work is done, and starts again whatever became of it. */
export async function stoppedMeanwhile(
  core: Core,
  task: TaskContext,
  vmid: number,
  work: () => Promise<void>,
): Promise<void> {
  if (!(await core.backend.state(vmid)).running) {
    await work();
    return;
  }
  const since = core.clock.now();
  task.log('INFO: stopping virtual guest');
  // a cancelled backup must not leave the guest down
  const onwards: TaskContext = { ...task, signal: new AbortController().signal };
  try {
    const ended = await core.backend.shutdown(vmid, SHUTDOWN_SECONDS, task.log);
    if (!ended) await core.backend.stop(vmid, task.log);
    await work();
  } finally {
    if (!(await core.backend.state(vmid)).running) {
      task.log('INFO: restarting vm');
      await startContainer(core, onwards, vmid, true);
    }
    task.log(`INFO: guest is online again after ${Math.round((core.clock.now() - since) / 1000)} seconds`);
  }
}

/**
 * The work reads a snapshot of all volumes at one instant, at which the container stands still. `suspend` is what
 * storages without snapshots have; there the back end copies.
 */
export async function withSnapshot(
  core: Core,
  task: TaskContext,
  vmid: number,
  mode: 'suspend' | 'snapshot',
  values: Values,
  work: (snapshot: string) => Promise<void>,
): Promise<void> {
  const mounts = Object.fromEntries(Object.entries(values).filter(([key]) => isMountKey(key)));
  const volumes = namedVolumes(core, mounts).map((id) => toVolume(core.volumes.get(id)));
  const backend = volumeWork(core);
  const log = (line: string): void => task.log(`INFO: ${line}`);
  const since = core.clock.now();
  try {
    log(mode === 'snapshot' ? `create storage snapshot '${SNAPSHOT}'` : 'suspending guest');
    await backend.still(vmid, async () => {
      for (const volume of volumes) await backend.snapshot(volume, SNAPSHOT, log, task.signal);
    });
    if (mode === 'suspend') {
      log('resuming guest');
      log(`guest is online again after ${Math.round((core.clock.now() - since) / 1000)} seconds`);
    }
    await work(SNAPSHOT);
  } finally {
    if (mode === 'snapshot') log(`cleanup temporary '${SNAPSHOT}' snapshot`);
    for (const volume of volumes) await backend.dropSnapshot(volume, SNAPSHOT);
  }
}
