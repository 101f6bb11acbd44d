import * as z from 'zod';
import { GitopsError } from '../../model/errors.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import type { Snapshot } from '../../model/resources.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { failureText } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';

const SNAPSHOTS = z.array(
  z.object({
    name: z.string(),
    snaptime: z.coerce.number().optional(),
    description: z.string().optional(),
    parent: z.string().optional(),
    snapstate: z.string().optional(),
  }),
);
const FEATURE = z.object({ hasFeature: z.coerce.number() });

export async function readSnapshots(
  session: Session,
  node: string,
  vmid: number,
  call: Call,
): Promise<readonly Snapshot[]> {
  return await operate(`list the snapshots of container ${vmid} on ${node}`, call, (signal) =>
    snapshotsOf(session, node, vmid, signal),
  );
}

export async function snapshotsOf(
  session: Session,
  node: string,
  vmid: number,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  return parseSnapshots(await lxc(session, node, vmid, signal).snapshot.$get());
}

/** The list ends with `current`, which is the container as it is. */
export function parseSnapshots(data: unknown): readonly Snapshot[] {
  return readData(SNAPSHOTS, data)
    .filter(({ name }) => name !== 'current')
    .map(({ name, snaptime, description, parent, snapstate }) => ({
      name,
      taken: snaptime ?? 0,
      description: (description ?? '').replace(/\n$/, ''),
      ...(parent === undefined ? {} : { parent }),
      unfinished: snapstate !== undefined,
    }))
    .sort((a, b) => a.taken - b.taken);
}

export async function readSnapshotConfig(
  session: Session,
  node: string,
  vmid: number,
  name: string,
  call: Call,
): Promise<Readonly<Record<string, string>>> {
  return await operate(`read snapshot ${name} of container ${vmid} on ${node}`, call, (signal) =>
    snapshotConfig(session, node, vmid, name, signal),
  );
}

export async function snapshotConfig(
  session: Session,
  node: string,
  vmid: number,
  name: string,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const data: unknown = await lxc(session, node, vmid, signal).snapshot.$(snapshotName(name)).config.$get();
  const config = readData(z.record(z.string(), z.unknown()), data);
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]));
}

/** The server looks at every mount point: storages that cannot, and bind and device mounts, say no. */
export async function canSnapshot(session: Session, node: string, vmid: number, call: Call): Promise<boolean> {
  return await operate(`find out whether container ${vmid} on ${node} can be snapshotted`, call, async (signal) => {
    const answer = await lxc(session, node, vmid, signal).feature.$get({ feature: 'snapshot' });
    return readData(FEATURE, answer).hasFeature === 1;
  });
}

export async function takeSnapshot(
  session: Session,
  node: string,
  vmid: number,
  { name, description }: { readonly name: string; readonly description: string },
  call: Call,
): Promise<SettledTask> {
  const what = `take snapshot ${name} of container ${vmid} on ${node}`;
  return await operate(what, call, async (signal) => {
    const body = { snapname: snapshotName(name), ...(description === '' ? {} : { description }) };
    const find = async () => (await snapshotsOf(session, node, vmid, signal)).find((entry) => entry.name === name);
    const there = await find();
    if (there?.description === description.replace(/\n$/, '') && !there.unfinished) return nothingToDo();
    if (there !== undefined) {
      const reason = there.unfinished ? 'one of this name was cut off' : 'another one has this name';
      throw new GitopsError('remote', `Unable to ${what}: ${reason}`, { advice: [`Drop snapshot ${name} first.`] });
    }
    return await carryOut(
      session,
      {
        node,
        task: { type: 'vzsnapshot', id: String(vmid) },
        send: () => lxc(session, node, vmid, signal).snapshot.$post(body),
        done: async () => (await find())?.unfinished === false,
      },
      signal,
    );
  });
}

/** Stops a running container. That it was done shows in the task alone. */
export async function rollbackContainer(
  session: Session,
  node: string,
  vmid: number,
  name: string,
  call: Call,
): Promise<SettledTask> {
  return await operate(`roll container ${vmid} on ${node} back to snapshot ${name}`, call, async (signal) => {
    const snapshot = lxc(session, node, vmid, signal).snapshot.$(snapshotName(name));
    const task = { type: 'vzrollback', id: String(vmid) };
    return await carryOut(session, { node, task, send: () => snapshot.rollback.$post() }, signal);
  });
}

/** Gone already: nothing to do. Never forced: that would leave what cannot be dropped in a storage, named by nothing. */
export async function dropSnapshot(
  session: Session,
  node: string,
  vmid: number,
  name: string,
  call: Call,
): Promise<SettledTask> {
  return await operate(`drop snapshot ${name} of container ${vmid} on ${node}`, call, async (signal) => {
    const gone = async () => (await snapshotsOf(session, node, vmid, signal)).every((entry) => entry.name !== name);
    if (await gone()) return nothingToDo();
    const snapshot = lxc(session, node, vmid, signal).snapshot.$(snapshotName(name));
    const task = { type: 'vzdelsnapshot', id: String(vmid) };
    try {
      return await carryOut(session, { node, task, send: () => snapshot.$delete(), done: gone }, signal);
    } catch (error) {
      if (failureText(error) === `snapshot '${name}' does not exist`) return nothingToDo();
      throw error;
    }
  });
}

/** Proxmox VE keeps `current` for the container itself, `vzdump` for backups, `pending` for its config's section. */
function snapshotName(name: string): string {
  if (/^[a-z][a-z0-9_-]{1,39}$/i.test(name) && !/^(current|vzdump|pending)$/i.test(name)) return name;
  throw new GitopsError('bug', `Unable to use snapshot name ${JSON.stringify(name)}: Proxmox VE does not take it`);
}

function lxc(session: Session, node: string, vmid: number, signal: AbortSignal) {
  return api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
}
