import * as z from 'zod';
import type { BackupWish } from '../../model/container-ports.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import type { Backup } from '../../model/resources.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { Failure } from './failure.ts';
import { refuse } from './guard-volumes.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { sendAndLook } from './send-and-look.ts';

const CONTENT = z.array(
  z.object({
    volid: z.string(),
    vmid: z.coerce.number().optional(),
    ctime: z.coerce.number().optional(),
    size: z.coerce.number().optional(),
    notes: z.string().optional(),
    protected: z.coerce.number().optional(),
  }),
);
const ATTRIBUTES = z.object({ notes: z.string().optional() });

/** Characters that `notes-template` takes. */
const NOTES_LIMIT = 1024;

export async function readBackups(
  session: Session,
  node: string,
  storage: string,
  vmid: number,
  call: Call,
): Promise<readonly Backup[]> {
  return await operate(`list the backups of container ${vmid} on ${storage} of ${node}`, call, (signal) =>
    backupsOf(session, node, storage, vmid, signal),
  );
}

async function backupsOf(
  session: Session,
  node: string,
  storage: string,
  vmid: number,
  signal: AbortSignal,
): Promise<readonly Backup[]> {
  const { content } = api(session, signal).nodes.$(nodeName(node)).storage.$(storageName(storage));
  return parseBackups(await content.$get({ content: 'backup', vmid: vmidPart(vmid) }), vmid);
}

export function parseBackups(data: unknown, vmid: number): readonly Backup[] {
  return readData(CONTENT, data)
    .filter((entry) => entry.vmid === vmid)
    .map(({ volid, ctime, size, notes, protected: kept }) => ({
      volid,
      vmid,
      taken: ctime ?? 0,
      size: size ?? 0,
      ...(notes === undefined ? {} : { notes: notes.split('\n')[0] ?? '' }),
      protected: kept === 1,
    }))
    .sort((a, b) => a.taken - b.taken || (a.volid < b.volid ? -1 : 1));
}

export async function readNotes(
  session: Session,
  node: string,
  volid: string,
  call: Call,
): Promise<string | undefined> {
  return await operate(`read the notes of backup ${volid} on ${node}`, call, async (signal) => {
    const data: unknown = await volume(session, node, volid, signal).$get();
    return readData(ATTRIBUTES, data).notes;
  });
}

/**
 * A whole archive of the root file system and of the volumes with backup=1. `remove` is off: what the storage's own
 * retention would prune is not ours. No mail is sent: legacy-sendmail without an address has nobody to tell.
 */
export async function takeBackup(
  session: Session,
  node: string,
  { vmid, storage, mode, notes, protected: kept = false }: BackupWish,
  call: Call,
): Promise<SettledTask & { readonly backup: Backup }> {
  const what = `back up container ${vmid} on ${node} to ${storage}`;
  const template = notesTemplate(what, notes);
  return await operate(what, call, async (signal) => {
    const list = () => backupsOf(session, node, storage, vmid, signal);
    const before = new Set((await list()).map(({ volid }) => volid));
    const body = {
      vmid: String(vmidPart(vmid)),
      storage: storageName(storage),
      mode,
      compress: 'zstd' as const,
      remove: false,
      'notes-template': template,
      'notification-mode': 'legacy-sendmail',
      ...(kept ? { protected: true } : {}),
    };
    const send = () => api(session, signal).nodes.$(nodeName(node)).vzdump.$post(body);
    const task = await carryOut(session, { node, task: { type: 'vzdump', id: String(vmid) }, send }, signal).catch(
      (error: unknown) => {
        throw inVzdumpsWords(error);
      },
    );
    const made = (await list()).filter(({ volid }) => !before.has(volid));
    const backup = made.find(({ volid }) => task.log.some((line) => line.includes(nameOf(volid)))) ?? made.at(-1);
    if (backup !== undefined) return { ...task, backup };
    const reason = `the task ended well and ${storage} lists no new archive`;
    throw new Failure({ kind: 'garbled', status: 200, reason });
  });
}

/** One line, with the escapes of `notes-template`; `{{` would begin a variable. */
function notesTemplate(what: string, notes: string): string {
  if (notes.includes('{{')) refuse(what, 'its notes hold {{, which begins a variable');
  const template = notes.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  if (template.length > NOTES_LIMIT) refuse(what, `its notes have more than ${NOTES_LIMIT} characters`);
  return template;
}

/** vzdump's task ends as `job errors`; why stands in its log. */
function inVzdumpsWords(error: unknown): unknown {
  if (!(error instanceof Failure) || error.detail.kind !== 'task') return error;
  const reason = error.detail.log.map((line) => /^ERROR: Backup of VM \d+ failed - (.*)$/.exec(line)?.[1]);
  const exit = reason.find((text) => text !== undefined) ?? error.detail.exit;
  return new Failure({ ...error.detail, exit }, { cause: error, uncertain: error.uncertain });
}

/** `local:backup/vzdump-lxc-790-2026_11_21-09_47_50.tar.zst` → what the log names. */
function nameOf(volid: string): string {
  return volid.replace(/^[^:]*:(backup\/)?/, '');
}

export async function protectBackup(
  session: Session,
  node: string,
  volid: string,
  on: boolean,
  call: Call,
): Promise<void> {
  await operate(`${on ? 'protect' : 'unprotect'} backup ${volid} on ${node}`, call, async (signal) => {
    const vmid = vmidOf(volid);
    const [storage = ''] = volid.split(':');
    const isSo = async (): Promise<boolean> => {
      const found = (await backupsOf(session, node, storage, vmid, signal)).find((entry) => entry.volid === volid);
      if (found !== undefined) return found.protected === on;
      throw new Failure({ kind: 'answered', status: 500, text: `volume '${volid}' does not exist`, fields: {} });
    };
    if (await isSo()) return;
    await sendAndLook(session, () => volume(session, node, volid, signal).$put({ protected: on }), isSo, signal);
  });
}

/** Gone already: nothing to do. */
export async function removeBackup(
  session: Session,
  node: string,
  vmid: number,
  volid: string,
  call: Call,
): Promise<SettledTask> {
  const what = `remove backup ${volid} on ${node}`;
  if (vmidOf(volid) !== vmid) refuse(what, `it is not a backup of container ${vmid}`);
  const [storage = ''] = volid.split(':');
  return await operate(what, call, async (signal) => {
    const gone = async () =>
      (await backupsOf(session, node, storage, vmid, signal)).every((entry) => entry.volid !== volid);
    if (await gone()) return nothingToDo();
    const task = { type: 'imgdel', id: `${vmid}@${storage}` };
    const send = () => volume(session, node, volid, signal).$delete();
    return await carryOut(session, { node, task, send, done: gone }, signal);
  });
}

/** The container that an archive's name says: of a directory, or of a Proxmox Backup Server. 0: none. */
function vmidOf(volid: string): number {
  const match = /^[^:]+:backup\/(?:vzdump-lxc-(\d+)-|ct\/(\d+)\/)/.exec(volid);
  return Number(match?.[1] ?? match?.[2] ?? 0);
}

function volume(session: Session, node: string, volid: string, signal: AbortSignal) {
  const [storage = ''] = volid.split(':');
  const { content } = api(session, signal).nodes.$(nodeName(node)).storage.$(storageName(storage));
  return content.$(encodeURIComponent(volid));
}
