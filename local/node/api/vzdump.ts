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

/** `{{guestname}}`, `{{vmid}}`, `{{node}}`, `{{cluster}}` in a template of notes. */
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
  return template.replace(/\{\{(\w+)\}\}/g, (_, key: string) => facts[key] ?? '');
}

/** One container at a time; lists of guests, pools and `all` are not offered. */
function vzdump(call: Call): Json {
  const { core } = call;
  const [first, ...more] = call.list('vmid');
  if (first === undefined || more.length > 0)
    throw parameterError({ vmid: 'the local node backs up one guest at a time' });
  const vmid = Number(first);
  core.access.check(call.authuser, `/vms/${vmid}`, ['VM.Backup']);
  const storage = call.text('storage') ?? 'local';
  const { content } = core.storages.enabled(storage);
  if (!content.includes('backup')) throw new ApiError(500, `storage '${storage}' does not support backups`);
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const notes = notesOf(call, vmid);
  const job: BackupJob = {
    vmid,
    storage,
    mode: (call.text('mode') ?? 'snapshot') as BackupJob['mode'],
    line: commandLine(call),
    ...(notes === undefined ? {} : { notes }),
  };
  return core.tasks.start('vzdump', String(vmid), call.authuser, (task) => runBackup(core, task, job));
}

export const vzdumpRoutes: Routes = { 'POST /nodes/{node}/vzdump': vzdump };
