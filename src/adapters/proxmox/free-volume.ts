import { GitopsError } from '../../model/errors.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { volumeOf } from '../../model/property-string.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { observe } from './container-state.ts';
import { refuse } from './guard-volumes.ts';
import { parseGuests } from './guests.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { sendAndLook } from './send-and-look.ts';
import { snapshotConfig, snapshotsOf } from './snapshots.ts';
import { putConfig } from './update-container.ts';
import { ownerOfVolume } from './volid.ts';
import { parseVolumes } from './volumes.ts';

/**
 * Destroys a volume that belongs to a vmid, for good. The storage's own DELETE protects nothing (row 870), so whether
 * a config or a snapshot of its container names it is looked at before, wherever in the cluster that is. One that stands
 * there as unusedN goes with its line, under the digest.
 */
export async function freeVolume(
  session: Session,
  node: string,
  vmid: number,
  volid: string,
  call: Call,
): Promise<SettledTask> {
  const what = `destroy volume ${volid} of container ${vmid} on ${node}`;
  if (ownerOfVolume(volid) !== vmid) refuse(what, `it is not a volume of container ${vmid}`);
  const [storage = ''] = volid.split(':');
  return await operate(what, call, async (signal) => {
    const { content } = api(session, signal).nodes.$(nodeName(node)).storage.$(storageName(storage));
    const gone = async () => {
      const volumes = parseVolumes(await content.$get({ vmid: vmidPart(vmid) }), vmid);
      return volumes.every((volume) => volume.volid !== volid);
    };
    if (await gone()) return nothingToDo();
    const state = await find(session, node, vmid, signal);
    const key = state === undefined ? undefined : await unusedKey(session, what, state, volid, signal);
    if (state !== undefined && key !== undefined) {
      const change = { set: {}, remove: [key] };
      const put = () => putConfig(session, state.node, vmid, change, state.digest, signal);
      await sendAndLook(session, put, gone, signal);
      return nothingToDo();
    }
    const task = { type: 'imgdel', id: `${vmid}@${storage}` };
    const send = () => content.$(encodeURIComponent(volid)).$delete();
    return await carryOut(session, { node, task, send, done: gone }, signal);
  });
}

/** On a shared storage the container may stand on another node. */
async function find(
  session: Session,
  node: string,
  vmid: number,
  signal: AbortSignal,
): Promise<ContainerState | undefined> {
  const here = await observe(session, node, vmid, signal);
  if (here !== undefined) return here;
  const guests = parseGuests(await api(session, signal).cluster.resources.$get({ type: 'vm' }));
  const elsewhere = guests.find((guest) => guest.vmid === vmid && guest.type === 'lxc' && guest.node !== node);
  return elsewhere === undefined ? undefined : await observe(session, elsewhere.node, vmid, signal);
}

/** Throws when it is in use; undefined: the config does not know it. */
async function unusedKey(
  session: Session,
  what: string,
  state: ContainerState,
  volid: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { vmid, node, config, pending } = state;
  const named = (values: Readonly<Record<string, string | null>>): string[] =>
    Object.entries(values).flatMap(([key, value]) => (value !== null && volumeOf(value) === volid ? [key] : []));
  const keys = [...named(config), ...named(pending)];
  const attached = keys.find((key) => /^(rootfs|mp\d+)$/.test(key));
  if (attached !== undefined) throw inUse(what, `it is ${attached} of container ${vmid}`);
  for (const { name } of await snapshotsOf(session, node, vmid, signal)) {
    const held = named(await snapshotConfig(session, node, vmid, name, signal)).length > 0;
    if (held) throw inUse(what, `snapshot ${name} of container ${vmid} holds it`);
  }
  return keys.find((key) => /^unused\d+$/.test(key));
}

function inUse(what: string, reason: string): GitopsError {
  return new GitopsError('remote', `Unable to ${what}: ${reason}`, {
    advice: ['Only a volume that nothing names is destroyed.'],
  });
}
