import type { CloneWish } from '../../model/container-ports.ts';
import { GitopsError } from '../../model/errors.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { observe } from './container-state.ts';
import { failureText } from './failure.ts';
import { Gate } from './gate.ts';
import { guardDescription } from './guard-parameters.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { assertWritable } from './quorum.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;
/** Nothing is sent that late: what the deadline cuts off has an uncertain end, where the lock alone is a sure one. */
const LAST_MS = 1000;

/** Clones of one connection, one at a time per source: a clone locks what it is made from. */
export class CloneQueue {
  readonly #session: Session;
  readonly #gates = new Map<number, Gate>();

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Throws kind busy when the source is locked by somebody else until the deadline, and kind remote when the vmid is
   * taken, by whatever kind of guest.
   */
  async clone(wish: CloneWish, call: Call): Promise<SettledTask> {
    const { node, from, vmid } = wish;
    const what = `clone container ${from} on ${node} to ${vmid}`;
    guardDescription(vmid, wish.description);
    guardClone(what, wish);
    const gate = this.#gates.get(from) ?? new Gate(1);
    this.#gates.set(from, gate);
    return await operate(what, call, (signal, leftMs) =>
      gate.through(signal, () =>
        whileLocked(this.#session, signal, leftMs, () => cloneOnce(this.#session, wish, signal)),
      ),
    );
  }
}

async function cloneOnce(session: Session, wish: CloneWish, signal: AbortSignal): Promise<SettledTask> {
  const { node, target = node, from, vmid, kind, hostname, description, snapshot, storage, pool } = wish;
  const body = {
    newid: vmidPart(vmid),
    full: kind === 'full',
    hostname,
    description,
    ...(snapshot === undefined ? {} : { snapname: snapshot }),
    ...(storage === undefined ? {} : { storage: storageName(storage) }),
    ...(pool === undefined ? {} : { pool }),
    ...(target === node ? {} : { target: nodeName(target) }),
  };
  const settled = await carryOut(
    session,
    {
      node,
      // The task is its source's.
      task: { type: 'vzclone', id: String(from) },
      send: () => lxc(session, node, from, signal).clone.$post(body),
      done: async () => {
        const made = await observe(session, target, vmid, signal);
        return made?.lock === undefined && made?.config.description?.trimEnd() === description.trimEnd();
      },
    },
    signal,
  );
  if (target !== node) await arrived(session, { target, vmid }, signal);
  return settled;
}

/** The last thing of the task is that the config goes to the other node, which knows of it a moment later. */
async function arrived(
  session: Session,
  { target, vmid }: { readonly target: string; readonly vmid: number },
  signal: AbortSignal,
): Promise<void> {
  while ((await observe(session, target, vmid, signal)) === undefined)
    await session.clock.sleep(FIRST_PAUSE_MS, signal);
}

/** A lock is said before any work: the clone is due still, and waits until the lock or its own deadline ends. */
async function whileLocked(
  session: Session,
  signal: AbortSignal,
  leftMs: () => number,
  work: () => Promise<SettledTask>,
): Promise<SettledTask> {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!/^CT is locked/.test(failureText(error) ?? '') || leftMs() < pause + LAST_MS) throw error;
      await session.clock.sleep(pause, signal).catch(() => {
        throw error;
      });
    }
  }
}

/** Makes a stopped container without snapshots the base of linked clones. It cannot be started or undone after it. */
export async function makeTemplate(session: Session, node: string, vmid: number, call: Call): Promise<SettledTask> {
  return await operate(`make a template of container ${vmid} on ${node}`, call, async (signal) => {
    const look = () => observe(session, node, vmid, signal);
    const isTemplate = (state?: ContainerState) => state?.config.template === '1' && state.lock === undefined;
    const done = async () => isTemplate(await look());
    const state = await look();
    if (isTemplate(state)) return nothingToDo();
    if (state !== undefined) await assertWritable(session, state, signal);
    const send = async (): Promise<unknown> => await lxc(session, node, vmid, signal).template.$post();
    return await carryOut(session, { node, task: { type: 'vztemplate', id: String(vmid) }, send, done }, signal);
  });
}

function guardClone(what: string, { from, vmid, description, kind, storage }: CloneWish): void {
  const refuse = (reason: string): never => {
    throw new GitopsError('bug', `Unable to ${what}: ${reason}`);
  };
  if (from === vmid) refuse('a container is not cloned to itself');
  if (description.trim() === '') refuse('without a description of its own it would carry its source’s mark');
  if (kind === 'linked' && storage !== undefined) refuse('a linked clone stays on its source’s storage');
}

function lxc(session: Session, node: string, vmid: number, signal: AbortSignal) {
  return api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
}
