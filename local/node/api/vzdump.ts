import type { Core } from '../core.ts';
import { type BackupJob, runBackup } from '../guests/backup.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Options of the command that the log's first line repeats; the vmids stand alone before them. */
function commandLine(call: Call): string {
  const names = Object.keys(call.parameters).filter((name) => name !== 'vmid');
  const quoted = (value: string): string => (/^[\w./:@-]*$/.test(value) ? value : `'${value}'`);
  const options = names.map((name) => `--${name} ${quoted(call.required(name))}`);
  return [...call.list('vmid'), ...options].join(' ');
}

const VARIABLES = ['cluster', 'guestname', 'node', 'vmid'];

/** A template of notes is one line with escapes for line feed and backslash, and knows four variables. */
function checkNotes(template: string): void {
  const refuse = (text: string): never => {
    throw parameterError({ 'notes-template': `${text}\n` });
  };
  if (template.includes('\n')) refuse('contains a line feed');
  const escapes = [...template.matchAll(/\\(.)/g)]
    .filter(([, character = '']) => !['n', '\\'].includes(character))
    .map(({ 0: text, index }) => `escape sequence '${text}' at char ${index}`);
  const variables = [...template.matchAll(/\{\{([^\s{}]+)\}\}/g)]
    .filter(([, name = '']) => !VARIABLES.includes(name))
    // counted as Proxmox VE counts: from behind the braces, less the name
    .map(({ 1: name = '', index }) => `variable '${name}' at char ${index + 4}`);
  const unknown = [...escapes, ...variables];
  if (unknown.length > 0) refuse(`found unknown: ${unknown.join(', ')}`);
}

function notesOf(call: Call, vmid: number): string | undefined {
  const template = call.text('notes-template');
  if (template === undefined) return undefined;
  const { guests, profile } = call.core;
  const name = guests.has('lxc', vmid) ? guests.read('lxc', vmid).config.values.hostname : undefined;
  const facts: Record<string, string> = {
    guestname: name ?? `CT${vmid}`,
    vmid: String(vmid),
    node: profile.node,
    cluster: 'standalone node',
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
  const template = call.text('notes-template') ?? '';
  if (template !== '') checkNotes(template);
  if (vmid === '' && (call.text('exclude') ?? '') !== '') return;
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

/** The guests that a call means, ascending: those it names, a pool's, or all but some. */
function chosen(call: Call): readonly number[] {
  const { core } = call;
  const pool = call.text('pool') ?? '';
  const exists = (vmid: number): boolean => core.guests.kindOf(vmid) !== undefined;
  if (pool !== '') return (core.accessStore.value.pools[pool]?.vms ?? []).filter(exists).toSorted((a, b) => a - b);
  const named = call.list('vmid').map(Number);
  if (named.length > 0) return [...new Set(named)].sort((a, b) => a - b);
  const excluded = new Set(call.list('exclude').map(Number));
  if (!call.flag('all') && excluded.size === 0) return [];
  return [...core.guests.ids('lxc'), ...core.guests.ids('qemu')]
    .filter((vmid) => !excluded.has(vmid))
    .sort((a, b) => a - b);
}

/** Of everything one backs up what one may; of what is named, all or nothing. */
function allowed(call: Call, vmids: readonly number[]): readonly number[] {
  const all = call.text('vmid') === undefined && call.text('pool') === undefined;
  return vmids.filter((vmid) => {
    if (call.core.guests.kindOf(vmid) === undefined || call.may(`/vms/${vmid}`, 'VM.Backup')) return true;
    if (all) return false;
    throw new ApiError(500, `403 Permission check failed (/vms/${vmid}, VM.Backup)`);
  });
}

function vzdump(call: Call): Json {
  const { core } = call;
  checkOptions(call);
  const vmids = chosen(call);
  if (vmids.length === 0 && !call.flag('all')) return 'OK';
  const storage = call.text('storage') ?? 'local';
  core.access.check(call.authuser, `/storage/${storage}`, ['Datastore.AllocateSpace']);
  const jobOf = (vmid: number): BackupJob => {
    const notes = notesOf(call, vmid);
    return {
      vmid,
      storage,
      mode: (call.text('mode') ?? 'snapshot') as BackupJob['mode'],
      compression: COMPRESSIONS[call.text('compress') ?? '0'] ?? 'none',
      ...(notes === undefined ? {} : { notes }),
      protected: call.flag('protected'),
    };
  };
  const id = vmids.length === 1 ? String(vmids[0]) : '';
  return core.tasks.start('vzdump', id, call.authuser, async (task) => {
    assertUsable(core, storage);
    await runBackup(core, task, commandLine(call), allowed(call, vmids).map(jobOf));
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

export const vzdumpRoutes: Routes = { 'POST /nodes/{node}/vzdump': vzdump };
