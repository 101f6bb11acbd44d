import type { Core } from '../core.ts';
import { type BackupJob, runBackup } from '../guests/backup.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Options of the command that the log's first line repeats; the vmid stands alone before them. */
function commandLine(call: Call): string {
  const names = Object.keys(call.parameters).filter((name) => name !== 'vmid');
  const quoted = (value: string): string => (/^[\w./:@-]*$/.test(value) ? value : `'${value}'`);
  const options = names.map((name) => `--${name} ${quoted(call.required(name))}`);
  return [call.required('vmid'), ...options].join(' ');
}

/** `{{guestname}}`, `{{vmid}}`, `{{node}}`, `{{cluster}}` in a template of notes, which is one line with escapes for line feed and backslash. */
function notesOf(call: Call, vmid: number): string | undefined {
  const template = call.text('notes-template');
  if (template === undefined) return undefined;
  const { guests, profile } = call.core;
  const name = guests.has('lxc', vmid) ? guests.read('lxc', vmid).config.values.hostname : undefined;
  const facts: Record<string, string> = {
    guestname: name ?? '',
    vmid: String(vmid),
    node: profile.node,
    cluster: profile.node,
  };
  const plain = template.replace(/\\([\\n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
  return plain.replace(/\{\{(\w+)\}\}/g, (_, key: string) => facts[key] ?? '');
}

/** Options that conflict, and those that root keeps to itself. */
function checkOptions(call: Call): void {
  const { core, authuser } = call;
  if (!call.isRoot) {
    for (const key of ['tmpdir', 'dumpdir', 'script', 'job-id']) {
      if (call.text(key) !== undefined) throw parameterError({ [key]: 'Only root may set this option.' });
    }
    if (['bwlimit', 'ionice', 'performance'].some((key) => call.text(key) !== undefined)) {
      core.access.check(authuser, '/', ['Sys.Modify']);
    }
    if (call.text('prune-backups') !== undefined || call.text('maxfiles') !== undefined) {
      core.access.check(authuser, `/storage/${call.text('storage') ?? 'local'}`, ['Datastore.Allocate']);
    }
  }
  const vmid = call.text('vmid') ?? '';
  for (const key of ['all', 'exclude', 'pool']) {
    const given = key === 'all' ? call.flag(key) : (call.text(key) ?? '') !== '';
    if (given && vmid !== '') throw parameterError({ [key]: "option conflicts with option 'vmid'" });
  }
  if (vmid === '' && !['all', 'stop'].some((key) => call.flag(key)) && (call.text('pool') ?? '') === '') {
    throw parameterError({ vmid: 'property is missing' });
  }
}

/** What the values of `compress` stand for; `1` is the old word for lzo. */
const COMPRESSIONS: Readonly<Record<string, BackupJob['compression']>> = {
  '0': 'none',
  '1': 'lzo',
  gzip: 'gzip',
  lzo: 'lzo',
  zstd: 'zstd',
};

/** One container at a time; lists of guests, pools and `all` are not offered. */
function vzdump(call: Call): Json {
  const { core } = call;
  checkOptions(call);
  const [first, ...more] = call.list('vmid');
  if (first === undefined || more.length > 0) {
    throw new ApiError(501, 'the local node backs up one guest at a time');
  }
  const vmid = Number(first);
  const storage = call.text('storage') ?? 'local';
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const notes = notesOf(call, vmid);
  const job: BackupJob = {
    vmid,
    storage,
    mode: (call.text('mode') ?? 'snapshot') as BackupJob['mode'],
    compression: COMPRESSIONS[call.text('compress') ?? '0'] ?? 'none',
    line: commandLine(call),
    ...(notes === undefined ? {} : { notes }),
    protected: call.flag('protected'),
  };
  return core.tasks.start('vzdump', String(vmid), call.authuser, async (task) => {
    assertUsable(core, storage);
    if (core.guests.kindOf(vmid) !== undefined) assertMayBackup(call, vmid);
    await runBackup(core, task, job);
  });
}

/** Asked by the worker, not by the call. */
function assertUsable(core: Core, storage: string): void {
  const prefix = `could not get storage information for '${storage}'`;
  const config = core.storages.find(storage);
  if (config === undefined) throw new ApiError(500, `${prefix}: storage '${storage}' does not exist`);
  if (config.content.includes('backup')) return;
  throw new ApiError(500, `${prefix}: can't use storage '${storage}' for backups - wrong content type`);
}

function assertMayBackup(call: Call, vmid: number): void {
  if (call.may(`/vms/${vmid}`, 'VM.Backup')) return;
  throw new ApiError(500, `403 Permission check failed (/vms/${vmid}, VM.Backup)`);
}

export const vzdumpRoutes: Routes = { 'POST /nodes/{node}/vzdump': vzdump };
