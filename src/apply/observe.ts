import type { Desired } from '../model/desired.ts';
import { GitopsError, isGitopsError } from '../model/errors.ts';
import { type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState, Guest } from '../model/observed.ts';
import type { Containers, Inventory, Reporter } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';
import { findCandidate } from './find-candidate.ts';
import { makingTask } from './making.ts';

/** Whose a container is, decided by src/plan; handed in because stages do not import each other. */
export interface Judge<Found> {
  /** Throws kind not-ours when the container is not this run's. */
  claim(state: ContainerState, guest: Guest | undefined): Found;
  qemu(guest: Guest): GitopsError;
  /** Whether this mark is this run's, for finding a container without a fixed vmid, and its candidate. */
  matches(mark: Mark): boolean;
}

export interface ObserveInput<Found> {
  readonly inventory: Inventory;
  readonly containers: Containers;
  readonly reporter: Reporter;
  readonly judge: Judge<Found>;
  readonly desired: Desired;
  /** vmid of the candidate that a replace builds for a container. */
  candidateOf(vmid: number): number;
  /** Node for a new container; undefined: the one that answers. */
  readonly defaultNode?: string;
  /** Where this run has seen the container before: it is asked for there while the list is read. */
  readonly seenOn?: string;
  /** Called as soon as the list lacks the container, so that what only a new one needs can begin. */
  missing?(vmid: number): void;
  readonly signal: AbortSignal;
}

export type Observed<Found> =
  /** `candidate`: vmid of one that was about to take its place, on the node. */
  | { readonly kind: 'absent'; readonly vmid: number; readonly node: string; readonly candidate?: number }
  | { readonly kind: 'present'; readonly found: Found };

/** Looks at what is: finds the vmid and its node wherever it stands in the cluster, and whose it is. */
export async function observe<Found>(input: ObserveInput<Found>): Promise<Observed<Found>> {
  const { inventory, desired, judge, signal } = input;
  const read = call(DEADLINES.read, signal);
  if (desired.vmid.kind === 'lowest') return observeByMark(input, await inventory.guests(read));

  const { vmid } = desired.vmid;
  const { seenOn } = input;
  const early = seenOn === undefined ? undefined : firstLook(input, seenOn, vmid);
  // What it was refused for is thrown where it is used.
  early?.catch(() => undefined);
  const guests = await inventory.guests(read);
  const guest = guests.find((entry) => entry.vmid === vmid);
  if (guest?.type === 'qemu') throw judge.qemu(guest);
  // The list lags by seconds and may be filtered, so it only tells where to look.
  const node = guest?.node ?? (await nodeForNew(input));
  if (guest === undefined) input.missing?.(vmid);
  // Whose rights end with a pool may not even ask for a container that is not there.
  if (guest === undefined && (await inventory.vmidFree(vmid, read))) return absent(input, guests, vmid, node);
  const state = await settled(input, node, vmid, node === seenOn ? early : undefined);
  if (state !== undefined) return { kind: 'present', found: judge.claim(state, guest) };
  input.missing?.(vmid);
  if (await inventory.vmidFree(vmid, read)) return absent(input, guests, vmid, await nodeForNew(input));
  const moved = await elsewhere(input, node, vmid);
  if (moved !== undefined) return { kind: 'present', found: judge.claim(moved, guest) };
  throw new GitopsError('not-ours', `Unable to use vmid ${vmid}: a guest that this identity cannot see has it`, {
    advice: ['choose another ID in the definition', `or give the identity VM.Audit on /vms/${vmid}`],
  });
}

async function observeByMark<Found>(input: ObserveInput<Found>, guests: readonly Guest[]): Promise<Observed<Found>> {
  const { inventory, desired, judge, signal } = input;
  const read = call(DEADLINES.read, signal);
  // A container made seconds ago stands in the list without name and tags.
  const candidates = guests.filter(
    (guest) =>
      guest.type === 'lxc' &&
      (guest.name === undefined || guest.name === desired.hostname || guest.tags.includes('pve-gitops')),
  );
  let promoted: { readonly vmid: number; readonly node: string; readonly candidate: number } | undefined;
  for (const guest of candidates) {
    const state = (await settled(input, guest.node, guest.vmid)) ?? (await elsewhere(input, guest.node, guest.vmid));
    const { mark } = parseDescription(state?.config.description);
    if (state === undefined || mark === undefined || mark.vmid !== state.vmid || !judge.matches(mark)) continue;
    const { promotion, role } = mark;
    if (role !== 'candidate') {
      return { kind: 'present', found: judge.claim(state, guest) };
    }
    if (promotion !== undefined) {
      promoted = { vmid: promotion.other, node: state.node, candidate: state.vmid };
    }
  }
  if (promoted !== undefined) return { kind: 'absent', ...promoted };
  const vmid = await inventory.nextVmid(read);
  input.missing?.(vmid);
  return { kind: 'absent', vmid, node: await nodeForNew(input) };
}

/** The list of guests may lag behind a migration. */
async function elsewhere<Found>(
  input: ObserveInput<Found>,
  node: string,
  vmid: number,
): Promise<ContainerState | undefined> {
  for (const other of await input.inventory.nodes(call(DEADLINES.read, input.signal))) {
    const state = other === node ? undefined : await settled(input, other, vmid);
    if (state !== undefined) return state;
  }
  return undefined;
}

async function absent<Found>(
  input: ObserveInput<Found>,
  guests: readonly Guest[],
  vmid: number,
  node: string,
): Promise<Observed<Found>> {
  const { inventory, judge, signal, candidateOf } = input;
  const search = { inventory, signal, candidateOf, matches: (mark: Mark) => judge.matches(mark) };
  return { kind: 'absent', vmid, node, ...(await findCandidate(search, guests, { vmid, node })) };
}

/** The first online one of the definition's nodes; else the site's; else the one that answers. */
async function nodeForNew<Found>({ desired, defaultNode, inventory, signal }: ObserveInput<Found>): Promise<string> {
  const [only, ...others] = desired.nodes.length > 0 ? desired.nodes : defaultNode === undefined ? [] : [defaultNode];
  if (only !== undefined && others.length === 0) return only;
  const online = await inventory.nodes(call(DEADLINES.read, signal));
  const first = only === undefined ? online[0] : [only, ...others].find((name) => online.includes(name));
  if (first !== undefined) return first;
  const reason = only === undefined ? 'none is online' : `none of ${desired.nodes.join(', ')} is online`;
  throw new GitopsError('remote', `Unable to choose a node: ${reason}`, {
    advice: online.length === 0 ? [] : [`online: ${online.join(', ')}`],
  });
}

/**
 * The container, once nothing is creating it any more: while a create runs, its config shows `lock: create` and
 * nothing else, so that only the node's task list tells who is at work.
 */
async function settled<Found>(
  input: ObserveInput<Found>,
  node: string,
  vmid: number,
  early = firstLook(input, node, vmid),
): Promise<ContainerState | undefined> {
  const { inventory, containers, reporter, signal } = input;
  const read = call(DEADLINES.read, signal);
  const state = await early;
  if (!(state instanceof GitopsError) && state?.lock !== 'create') return state;
  const task = await makingTask(inventory, node, vmid, read);
  if (task === undefined && state instanceof GitopsError) throw state;
  if (task === undefined) {
    const again = await inventory.container(node, vmid, read);
    if (again?.lock !== 'create') return again;
    throw new GitopsError(
      'busy',
      `Unable to use container ${vmid} on node ${node}: it is locked (create) and no task is at work on it`,
      { advice: [unlocking(again)] },
    );
  }
  reporter.tell({ kind: 'note', text: `container ${vmid} is being created by task ${task.upid}; waiting for it` });
  await containers.settle(task.node, task.upid, call(DEADLINES.create, signal)).catch((error: unknown) => {
    reporter.tell({
      kind: 'warning',
      text: `that create failed: ${error instanceof Error ? error.message : String(error)}`,
    });
  });
  const after = await visible(inventory.container(node, vmid, read));
  // What has ended was somebody else's clone of the same image.
  if (!(after instanceof GitopsError)) return after?.lock === 'create' ? settled(input, node, vmid) : after;
  if (await inventory.vmidFree(vmid, read)) return undefined;
  throw after;
}

function firstLook<Found>(
  { inventory, signal }: ObserveInput<Found>,
  node: string,
  vmid: number,
): Promise<ContainerState | undefined | GitopsError> {
  return visible(inventory.container(node, vmid, call(DEADLINES.read, signal)));
}

/** Destroying is named only where there is nothing but the lock: with a disk it is one that a restore was to replace. */
function unlocking({ vmid, config }: ContainerState): string {
  return config.rootfs === undefined
    ? `a create was cut off; on the node, as root: pct unlock ${vmid} && pct destroy ${vmid}`
    : `what was to replace it was cut off before it began; look at it, then on the node, as root: pct unlock ${vmid}`;
}

/**
 * Under a pool's rights a container can be seen only once its create has ended and put it into the pool; until then its
 * own task is all that shows. The refusal comes back as a value.
 */
async function visible<T>(read: Promise<T>): Promise<T | GitopsError> {
  try {
    return await read;
  } catch (error) {
    if (isGitopsError(error) && error.remote.status === 403) return error;
    throw error;
  }
}
