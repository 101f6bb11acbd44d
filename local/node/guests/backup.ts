import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { BackupArchive } from '../backend/backend.ts';
import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { archiveSize, duration, mountLines, timestamps } from './backup-log.ts';
import { type BackupMode, stoppedMeanwhile, withSnapshot } from './backup-modes.ts';
import { type GuestConfig, printConfig, type Values } from './config.ts';
import { hasFeature } from './features.ts';
import { hold, takeBack } from './making.ts';
import { isMountKey } from './mount-point.ts';
import { underLock } from './power.ts';
import { toSpec } from './spec.ts';
import { checkLock } from './update.ts';
import { volumeWork } from './volume-work.ts';

export interface BackupJob {
  readonly vmid: number;
  readonly storage: string;
  readonly mode: BackupMode;
  readonly compression: BackupArchive['compression'];
  readonly notes?: string;
  readonly protected: boolean;
}

const ENDINGS: Readonly<Record<BackupArchive['compression'], string>> = {
  none: 'tar',
  gzip: 'tar.gz',
  lzo: 'tar.lzo',
  zstd: 'tar.zst',
};

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

/** Names hold seconds, and no real backup is done within one: a second one takes the next second's, not the first's. */
function freeName(core: Core, { vmid, storage, compression }: BackupJob) {
  for (let at = core.clock.now(); ; at += 1000) {
    const name = `backup/vzdump-lxc-${vmid}-${timestamps(new Date(at)).file}.${ENDINGS[compression]}`;
    const file = core.storages.filePath({ storage, name });
    if (!existsSync(file)) return { name, file };
  }
}

/** Writes the archive, and the notes beside it. */
async function write(
  core: Core,
  task: TaskContext,
  job: BackupJob,
  config: GuestConfig,
  snapshot: string | undefined,
): Promise<void> {
  const { vmid, storage, compression } = job;
  const { name, file } = freeName(core, job);
  mkdirSync(dirname(file), { recursive: true });
  core.volumes.assertSpace(storage);
  task.log(`INFO: creating vzdump archive '${core.storages.shownPath({ storage, name }, 'backup')}'`);
  // under another name until it is whole: a killed backup must not look like one
  const destination = `${file}.tmp`;
  try {
    const log = (line: string): void => task.log(`INFO: ${line}`);
    const whole = { config: archivedConfig(config), destination, compression };
    const archive: BackupArchive = snapshot === undefined ? whole : { ...whole, snapshot };
    await volumeWork(core).backup(toSpec(core, vmid, backedUp(core, config.values)), archive, log, task.signal);
    renameSync(destination, file);
  } finally {
    rmSync(destination, { force: true });
  }
  task.log(`INFO: archive file size: ${archiveSize(statSync(file).size)}`);
  if (job.notes !== undefined) {
    task.log('INFO: adding notes to backup');
    writeFileSync(`${file}.notes`, job.notes);
  }
  if (job.protected) {
    task.log('INFO: marking backup as protected');
    writeFileSync(`${file}.protected`, '');
  }
}

/** The mode that this container can have; the log says why it is another one. */
async function chooseMode(core: Core, task: TaskContext, job: BackupJob, config: GuestConfig): Promise<BackupMode> {
  const describe = (): void => {
    task.log(`INFO: CT Name: ${config.values.hostname ?? `CT${job.vmid}`}`);
    for (const line of mountLines(core, config.values)) task.log(`INFO: ${line}`);
  };
  const announce = (mode: BackupMode): void => {
    task.log(`INFO: backup mode: ${mode}`);
    task.log('INFO: ionice priority: 7');
  };
  const { running } = await core.backend.state(job.vmid);
  task.log(`INFO: status = ${running ? 'running' : 'stopped'}`);
  let mode = running ? job.mode : 'stop';
  if (mode === 'snapshot') {
    describe();
    if (hasFeature(core, backedUp(core, config.values), 'snapshot')) {
      announce(mode);
      return mode;
    }
    task.log('INFO: mode failure - some volumes do not support snapshots');
    task.log("INFO: trying 'suspend' mode instead");
    mode = 'suspend';
  }
  announce(mode);
  describe();
  return mode;
}

async function backupOne(core: Core, task: TaskContext, job: BackupJob): Promise<void> {
  const { vmid } = job;
  if (!core.guests.has('lxc', vmid)) throw new ApiError(500, `unable to find VM '${vmid}'`);
  task.log(`INFO: Starting Backup of VM ${vmid} (lxc)`);
  task.log(`INFO: Backup started at ${timestamps(new Date(core.clock.now())).log}`);
  const config = await underLock(core, task, vmid, async () => {
    const { config: before } = core.guests.read('lxc', vmid);
    checkLock(before);
    hold(core, vmid, before, 'backup');
    return before;
  });
  try {
    const mode = await chooseMode(core, task, job, config);
    const archive = (snapshot?: string): Promise<void> => write(core, task, job, config, snapshot);
    if (mode === 'stop') await stoppedMeanwhile(core, task, vmid, () => archive());
    else await withSnapshot(core, task, vmid, mode, backedUp(core, config.values), archive);
  } finally {
    await takeBack(core, vmid);
  }
}

async function tryOne(core: Core, task: TaskContext, job: BackupJob): Promise<boolean> {
  const begun = core.clock.now();
  const now = (): string => timestamps(new Date(core.clock.now())).log;
  try {
    await backupOne(core, task, job);
    task.log(`INFO: Finished Backup of VM ${job.vmid} (${duration((core.clock.now() - begun) / 1000)})`);
    task.log(`INFO: Backup finished at ${now()}`);
    return true;
  } catch (error) {
    task.log(`ERROR: Backup of VM ${job.vmid} failed - ${errorText(error)}`);
    task.log(`INFO: Failed at ${now()}`);
    return false;
  }
}

/** The worker of vzdump: one container after the other, whatever becomes of each. `line`: the command's options. */
export async function runBackup(
  core: Core,
  task: TaskContext,
  line: string,
  jobs: readonly BackupJob[],
): Promise<void> {
  task.log(`INFO: starting new backup job: vzdump ${line}`);
  let failed = false;
  for (const job of jobs) failed = !(await tryOne(core, task, job)) || failed;
  task.log(`INFO: Backup job finished ${failed ? 'with errors' : 'successfully'}`);
  if (failed) throw new ApiError(500, 'job errors');
}
