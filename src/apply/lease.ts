import { GitopsError } from '../model/errors.ts';
import { formatDescription, type Lease, type Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Clock, Containers, Inventory, Marks, Reporter, Runs } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

/** A lease without renewal ends after this; a run renews at every step and every RENEW_MS within a long one. */
export const LEASE_MS = 5 * 60_000;
export const RENEW_MS = 2 * 60_000;

/** A container of ours as it was last seen. */
export interface Holding {
  readonly state: ContainerState;
  readonly mark: Mark;
  /** The description without our lines. */
  readonly text: string;
}

export interface LeasePorts {
  readonly inventory: Inventory;
  readonly containers: Containers;
  readonly marks: Marks;
  readonly runs: Runs;
  readonly clock: Clock;
  readonly reporter: Reporter;
}

/** This run's lease, from now on by the server's clock. */
export function newLease(ports: LeasePorts): Lease {
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  return { run: ports.runs.id, until: new Date(now.getTime() + LEASE_MS).toISOString(), by: ports.runs.by };
}

/**
 * Whether another run holds the container. A lease is dead when its process is known to be gone, or when it has
 * expired and neither a lock nor a running task says that somebody is still at work. true: another run had
 * it and is gone; what that one started has ended by now, and the container is to be looked at again.
 */
export async function assertFree(ports: LeasePorts, { state, mark }: Holding, signal: AbortSignal): Promise<boolean> {
  const { lease } = mark;
  const { vmid, node } = state;
  const running = async () =>
    (await ports.inventory.tasks(node, vmid, call(DEADLINES.read, signal))).filter((task) => task.running);
  if (lease !== undefined && lease.run !== ports.runs.id) {
    const now = ports.inventory.serverTime() ?? ports.clock.now();
    const expired = Date.parse(lease.until) < now.getTime();
    const alive = await ports.runs.alive(lease.run);
    const dead = alive === false || (expired && alive === undefined && state.lock === undefined);
    const tasks = dead ? await running() : [];
    if (!dead || (alive === undefined && tasks.length > 0)) {
      throw new GitopsError('busy', `Unable to change container ${vmid}: a run holds it (${lease.by ?? lease.run})`, {
        advice: [`its lease ends at ${lease.until} unless it is renewed; try again when that run has ended`],
      });
    }
    // The run is gone, what it started may still be at work on the server.
    for (const task of tasks)
      await ports.containers.settle(node, task.upid, call(DEADLINES.move, signal)).catch(() => undefined);
    return true;
  }
  if (state.lock !== undefined) {
    throw new GitopsError('busy', `Unable to change container ${vmid}: it is locked (${state.lock})`, {
      advice: [
        'wait until that has ended',
        `a lock that nobody holds is left after a power cut; on the node, as root: pct unlock ${vmid}`,
      ],
    });
  }
  return false;
}

/** Writes the mark by compare-and-set; false when somebody else has changed the container meanwhile. */
export function writeMark(
  ports: LeasePorts,
  { state, text }: Holding,
  mark: Mark,
  signal: AbortSignal,
): Promise<boolean> {
  const description = formatDescription(text, mark);
  return ports.marks.write(state.node, state.vmid, description, state.digest, call(DEADLINES.write, signal));
}

/** Runs `work` while the lease is renewed beside it; ends the renewal before it returns. */
export async function whileRenewing<T>(
  ports: LeasePorts,
  renew: () => Promise<void>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const renewal = (async () => {
    while (!both.aborted) {
      await ports.clock.sleep(RENEW_MS, both);
      await renew();
    }
  })().catch((error: unknown) => {
    if (both.aborted) return;
    ports.reporter.tell({
      kind: 'warning',
      text: `the lease could not be renewed: ${error instanceof Error ? error.message : String(error)}`,
    });
  });
  try {
    return await work();
  } finally {
    stop.abort();
    await renewal;
  }
}
