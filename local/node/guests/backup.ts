import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { type GuestConfig, printConfig, type Values } from './config.ts';
import { isMountKey } from './mount-point.ts';
import { startContainer, underLock } from './power.ts';
import { toSpec } from './spec.ts';
import { checkLock } from './update.ts';
import { volumeWork } from './volume-work.ts';

export interface BackupJob {
  readonly vmid: number;
  readonly storage: string;
  readonly mode: 'stop' | 'suspend' | 'snapshot';
  /** The options as the log's first line repeats them. */
  readonly line: string;
  readonly notes?: string;
  readonly protected: boolean;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026_11_21-08_43_34` and `2026-11-21 08:43:34`, in the node's time zone. */
function timestamps(now: Date): { readonly file: string; readonly log: string } {
  const date = [String(now.getFullYear()), two(now.getMonth() + 1), two(now.getDate())];
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())];
  return { file: `${date.join('_')}-${time.join('_')}`, log: `${date.join('-')} ${time.join(':')}` };
}

/** Values without volumes that a backup leaves out: mounts without `backup=1`, binds, unused ones. */
function backedUp(core: Core, values: Values): Values {
  const kept = Object.entries(values).filter(([key, value]) => {
    if (!isMountKey(key)) return true;
    const mount = core.mountPoints.parse(key, value);
    return key === 'rootfs' || (mount.type === 'volume' && mount.options.backup === '1');
  });
  return Object.fromEntries(kept);
}

/** The config that goes into the archive: no snapshots, nothing pending, no lock. */
function archivedConfig(config: GuestConfig): string {
  const { lock: _lock, parent: _parent, ...values } = config.values;
  return printConfig({ values, raw: config.raw, pending: {}, snapshots: {} });
}

async function write(core: Core, task: TaskContext, job: BackupJob, stamp: string): Promise<void> {
  const { vmid, storage } = job;
  const { config } = core.guests.read('lxc', vmid);
  checkLock(config);
  const values = backedUp(core, config.values);
  task.log(`INFO: CT Name: ${config.values.hostname ?? `CT${vmid}`}`);
  for (const key of Object.keys(config.values).filter(isMountKey)) {
    const path = key === 'rootfs' ? '/' : (core.mountPoints.parse(key, config.values[key]).mp ?? '');
    const verb = values[key] === undefined ? 'excluding' : 'including';
    const why = values[key] === undefined ? ' (disabled)' : '';
    task.log(`INFO: ${verb} mount point ${key} ('${path}') ${verb === 'including' ? 'in' : 'from'} backup${why}`);
  }
  const name = `backup/vzdump-lxc-${vmid}-${stamp}.tar.zst`;
  const file = core.storages.filePath({ storage, name });
  mkdirSync(dirname(file), { recursive: true });
  core.volumes.assertSpace(storage);
  task.log(`INFO: creating vzdump archive '${file}'`);
  // under another name until it is whole: a killed backup must not look like one
  const partial = `${file}.tmp`;
  try {
    const log = (line: string): void => task.log(`INFO: ${line}`);
    await volumeWork(core).backup(toSpec(core, vmid, values), archivedConfig(config), partial, log, task.signal);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
  task.log(`INFO: archive file size: ${Math.ceil(statSync(file).size / 1024 ** 2)}MB`);
  if (job.notes !== undefined) {
    task.log('INFO: adding notes to backup');
    writeFileSync(`${file}.notes`, job.notes);
  }
  if (job.protected) {
    task.log('INFO: marking backup as protected');
    writeFileSync(`${file}.protected`, '');
  }
}

async function backupOne(core: Core, task: TaskContext, job: BackupJob, stamp: string): Promise<void> {
  const { vmid, mode } = job;
  if (!core.guests.has('lxc', vmid)) throw new ApiError(500, `unable to find VM '${vmid}'`);
  task.log(`INFO: Starting Backup of VM ${vmid} (lxc)`);
  const { running } = await core.backend.state(vmid);
  task.log(`INFO: status = ${running ? 'running' : 'stopped'}`);
  task.log(`INFO: backup mode: ${running ? mode : 'stop'}`);
  await underLock(core, task, vmid, async () => {
    if (running && mode === 'stop') await core.backend.shutdown(vmid, 60, task.log);
    await write(core, task, job, stamp);
  });
  if (running && mode === 'stop') await startContainer(core, task, vmid, false);
}

/** The worker of vzdump for one container. */
export async function runBackup(core: Core, task: TaskContext, job: BackupJob): Promise<void> {
  const { file, log } = timestamps(new Date(core.clock.now()));
  task.log(`INFO: starting new backup job: vzdump ${job.line}`);
  try {
    await backupOne(core, task, job, file);
    task.log(`INFO: Finished Backup of VM ${job.vmid} (00:00:00)`);
    task.log(`INFO: Backup finished at ${timestamps(new Date(core.clock.now())).log}`);
    task.log('INFO: Backup job finished successfully');
  } catch (error) {
    task.log(`ERROR: Backup of VM ${job.vmid} failed - ${errorText(error)}`);
    task.log(`INFO: Failed at ${log}`);
    task.log('INFO: Backup job finished with errors');
    throw new ApiError(500, 'job errors');
  }
}
