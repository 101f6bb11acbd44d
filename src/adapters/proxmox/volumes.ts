import * as z from 'zod';
import type { VolumeSlot } from '../../model/container-ports.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { volumeOf } from '../../model/property-string.ts';
import type { StoredVolume } from '../../model/resources.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { observe } from './container-state.ts';
import { guardReassign, guardSlot } from './guard-volumes.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { assertWritable } from './quorum.ts';
import { sendAndLook } from './send-and-look.ts';
import { stale } from './stale.ts';
import { putConfig } from './update-container.ts';

type Moved = SettledTask & { readonly volid: string };

const CONTENT = z.array(
  z.object({
    volid: z.string(),
    vmid: z.coerce.number().optional(),
    content: z.string().optional(),
    format: z.string().optional(),
    size: z.coerce.number().optional(),
    ctime: z.coerce.number().optional(),
    parent: z.string().nullish(),
  }),
);

/** Guest volumes have the content rootdir, or images when their guest is gone; backups and templates are others. */
const GUEST_VOLUME: readonly (string | undefined)[] = ['rootdir', 'images', undefined];

export async function readVolumes(
  session: Session,
  node: string,
  storage: string,
  vmid: number,
  call: Call,
): Promise<readonly StoredVolume[]> {
  return await operate(`list the volumes of container ${vmid} on ${storage} of ${node}`, call, async (signal) => {
    const { content } = api(session, signal).nodes.$(nodeName(node)).storage.$(storageName(storage));
    return parseVolumes(await content.$get({ vmid: vmidPart(vmid) }), vmid);
  });
}

export function parseVolumes(data: unknown, vmid: number): readonly StoredVolume[] {
  return readData(CONTENT, data)
    .filter((entry) => entry.vmid === vmid && GUEST_VOLUME.includes(entry.content))
    .map(({ volid, format, size, ctime, parent }) => ({
      volid,
      vmid,
      format: format ?? 'raw',
      size: size ?? 0,
      ...(ctime === undefined ? {} : { created: ctime }),
      ...(parent === undefined || parent === null ? {} : { parent }),
    }));
}

/** Without `delete=1` the source stays as unusedN, and a container that is moved often would fill a storage. */
export async function moveVolume(
  session: Session,
  node: string,
  slot: VolumeSlot,
  { storage, keepSource = false }: { readonly storage: string; readonly keepSource?: boolean },
  call: Call,
): Promise<Moved> {
  const { vmid, key, digest } = slot;
  const what = `move ${key} of container ${vmid} on ${node} to ${storage}`;
  guardSlot(what, slot);
  return await operate(what, call, async (signal) => {
    const before = await present(session, node, slot, signal);
    const old = volumeAt(before, key);
    if (old.startsWith(`${storage}:`)) return { ...nothingToDo(), volid: old };
    const body = { volume: key, storage: storageName(storage), digest, ...(keepSource ? {} : { delete: true }) };
    const done = async () => {
      const now = await observe(session, node, vmid, signal);
      return now?.lock === undefined && volumeAt(now, key).startsWith(`${storage}:`);
    };
    const send = () => lxc(session, node, vmid, signal).move_volume.$post(body as MoveBody);
    const work = { node, task: { type: 'move_volume', id: String(vmid) }, send, done };
    const task = await carryOut(session, work, signal);
    return { ...task, volid: volumeAt(await observe(session, node, vmid, signal), key) };
  });
}

/**
 * Gives a volume to another container under both digests, and reads both configs after it. The server takes it out of
 * the one and puts it into the other in two writes: what a crash leaves between them is in the storage's list only.
 */
export async function reassignVolume(
  session: Session,
  node: string,
  from: VolumeSlot,
  to: VolumeSlot,
  call: Call,
): Promise<Moved> {
  const what = `give ${from.key} of container ${from.vmid} on ${node} to container ${to.vmid} as ${to.key}`;
  guardReassign(what, from, to);
  return await operate(what, call, async (signal) => {
    const source = await present(session, node, from, signal);
    const volume = volumeAt(source, from.key);
    await assertWritable(session, source, signal);
    const body = {
      volume: from.key,
      digest: from.digest,
      'target-vmid': vmidPart(to.vmid),
      'target-volume': to.key,
      'target-digest': to.digest,
    };
    const look = async (): Promise<string> => {
      const [left, given] = await Promise.all([
        observe(session, node, from.vmid, signal),
        observe(session, node, to.vmid, signal),
      ]);
      return volumeAt(left, from.key) === volume ? '' : volumeAt(given, to.key);
    };
    const task = { type: 'move_volume', id: `${from.vmid}-${from.key}>${to.vmid}-${to.key}` };
    const send = () => lxc(session, node, from.vmid, signal).move_volume.$post(body as MoveBody);
    const settled = await carryOut(session, { node, task, send, done: async () => (await look()) !== '' }, signal);
    const volid = await look();
    if (volid === '') throw stale(`container ${to.vmid} does not name the volume as ${to.key}`);
    return { ...settled, volid };
  });
}

/** A PUT that only removes the key: a stopped container has the volume as unusedN at once. */
export async function detachVolume(
  session: Session,
  node: string,
  slot: VolumeSlot,
  call: Call,
): Promise<{ readonly volid: string; readonly key?: string }> {
  const { vmid, key, digest } = slot;
  const what = `detach ${key} of container ${vmid} on ${node}`;
  guardSlot(what, slot);
  return await operate(what, call, async (signal) => {
    const volid = volumeAt(await present(session, node, slot, signal), key);
    const look = () => observe(session, node, vmid, signal);
    const send = () => putConfig(session, node, vmid, { set: {}, remove: [key] }, digest, signal);
    const done = async () => {
      const now = await look();
      return now?.config[key] === undefined || now.pending[key] === null;
    };
    await sendAndLook(session, send, done, signal);
    const now = await look();
    const unused = Object.entries(now?.config ?? {}).find(
      ([name, value]) => /^unused\d+$/.test(name) && value === volid,
    );
    return { volid, ...(unused === undefined ? {} : { key: unused[0] }) };
  });
}

/** The container as the caller saw it; else the server's own words for a stale digest, before anything is sent. */
async function present(session: Session, node: string, slot: VolumeSlot, signal: AbortSignal): Promise<ContainerState> {
  const { vmid, key, digest } = slot;
  const state = await observe(session, node, vmid, signal);
  if (state === undefined) throw stale(`container ${vmid} does not exist any more`);
  if (state.digest !== digest) throw stale(`Container ${vmid}: detected modified configuration`);
  if (volumeAt(state, key) === '') throw stale(`volume '${key}' for container '${vmid}' does not exist`);
  return state;
}

function volumeAt(state: ContainerState | undefined, key: string): string {
  return volumeOf(state?.config[key] ?? '');
}

type MoveBody = Parameters<ReturnType<typeof lxc>['move_volume']['$post']>[0];

function lxc(session: Session, node: string, vmid: number, signal: AbortSignal) {
  return api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
}
