import { EXIT } from '../../src/report/exit-code.ts';
import { attempt } from './attempt.ts';
import { compare, type Golden, goodTasks, minus } from './golden.ts';
import { SCENARIO_VMID } from './scenarios.ts';
import type { Seen } from './seen.ts';
import type { Tally, Try } from './tally.ts';
import { type Exchange, isCommand, isWrite, WireRun } from './wire.ts';
import { World } from './world.ts';

/** A fault of the node's control endpoint, as it is armed right before the call that it is for. */
interface ApiFault {
  readonly name: string;
  readonly fault: object;
  /** `call`: the call itself; `task`: the next task of any kind; `state`: the node, until the run has ended. */
  readonly meets: 'call' | 'task' | 'state';
  /** At every call, or where something is written; a read cannot tell whether its work was done. */
  readonly at: 'calls' | 'writes';
  readonly login?: 'ticket';
  /** A read that meets it is asked again at once. */
  readonly isRetried?: true;
}

const call = (name: string, fault: object, at: ApiFault['at'] = 'calls'): ApiFault => ({
  name,
  fault,
  meets: 'call',
  at,
});
const state = (name: string, fault: object, at: ApiFault['at'] = 'writes'): ApiFault => ({
  name,
  fault,
  meets: 'state',
  at,
});

export const API_FAULTS: readonly ApiFault[] = [
  { ...call('connection reset, nothing done', { kind: 'refused' }), isRetried: true },
  call('connection reset, work done', { kind: 'dropped' }, 'writes'),
  { ...call('answer cut off', { kind: 'cut' }), isRetried: true },
  call('401', { kind: '401' }),
  { ...call('tickets expired', { kind: 'expired-tickets' }), login: 'ticket', isRetried: true },
  call('595, nothing done', { kind: '5xx', status: 595 }, 'writes'),
  call('595, work done', { kind: '5xx', status: 595, done: true }, 'writes'),
  { ...call('596, nothing done', { kind: '5xx', status: 596 }), isRetried: true },
  call('596, work done', { kind: '5xx', status: 596, done: true }, 'writes'),
  call('599, work done', { kind: '5xx', status: 599, done: true }, 'writes'),
  { name: 'task fails', fault: { kind: 'task-failure', text: 'no such luck' }, meets: 'task', at: 'writes' },
  state('container locked', { kind: 'lock', vmid: SCENARIO_VMID, lock: 'backup' }, 'calls'),
  state('lock file held', { kind: 'flock', vmid: SCENARIO_VMID }),
  {
    name: 'lock file taken by another task',
    fault: { kind: 'flock', vmid: SCENARIO_VMID },
    meets: 'task',
    at: 'writes',
  },
  state('no quorum', { kind: 'no-quorum' }),
  state('storage full', { kind: 'storage-full', storage: 'local-lvm' }),
];

export interface Disturbance {
  readonly name: string;
  readonly fault: ApiFault;
  /** The call before which it is armed. */
  readonly spot: Spot;
}

/** A call by what it asks for, and how often that was asked for before: a repeated call is the same one. */
interface Spot {
  readonly key: string;
  readonly nth: number;
}

/** Names that differ from run to run are left out. */
const keyOf = ({ method, path }: Exchange): string =>
  `${method} ${path.replace(/UPID[^/]*/, '').replace(/\d{4}_.*/, '')}`;

/** Each fault at each call, by fault. */
export function disturbancesOf({ exchanges }: Golden): readonly (readonly Disturbance[])[] {
  const counts = new Map<string, number>();
  const calls = exchanges.flatMap((exchange) => {
    if (isCommand(exchange)) return [];
    const key = keyOf(exchange);
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    return [{ exchange, spot: { key, nth } }];
  });
  return API_FAULTS.map((fault) => {
    const spots = calls.filter(({ exchange }) => fault.at === 'calls' || isWrite(exchange));
    return spots.map(({ exchange, spot }, index) => {
      return { name: `${index + 1} of ${spots.length}, ${exchange.method} ${exchange.path}`, fault, spot };
    });
  });
}

/** Nobody runs again in the same second: what is known by its time is another one. */
const BETWEEN_MS = 5000;
/** So far apart are two disturbances of one run, in what one process is given. */
const APART = 3;

/**
 * All disturbances by one fault. A read that fails is asked again, and nothing else comes of it: such ones share a run,
 * far apart from each other. Where that run does not come to its end, each of them has a run of its own.
 */
export async function disturbAll(
  golden: Golden,
  disturbances: readonly Disturbance[],
  tally: Tally,
  seen: Seen,
): Promise<void> {
  const shared = disturbances.filter(({ fault, spot }) => fault.isRetried === true && spot.key.startsWith('GET '));
  const alone = new Set(disturbances.filter((disturbance) => !shared.includes(disturbance)));
  for (let first = 0; first < Math.min(APART, shared.length); first += 1) {
    const group = shared.filter((_, index) => index % APART === first);
    const whole = group.length > 1 && (await disturb(golden, group, seen));
    if (whole !== false && whole.kind === 'survived') for (const entry of group) tally.survived(what(golden, entry));
    else for (const entry of group) alone.add(entry);
  }
  for (const entry of alone) {
    const result = await disturb(golden, [entry], seen);
    if (result.kind === 'lost') tally.lost(what(golden, entry), result.reasons);
    else tally[result.kind](what(golden, entry));
  }
}

const what = ({ scenario }: Golden, { name, fault }: Disturbance): Try => ({
  scenario: scenario.name,
  fault: fault.name,
  at: name,
});

type Result =
  | { readonly kind: 'survived' | 'reported' | 'byHand' | 'missed' }
  | { readonly kind: 'lost'; readonly reasons: readonly string[] };

const lost = (...reasons: readonly string[]): Result => ({ kind: 'lost', reasons });

/** A run under faults, and one more when it ended with an error. */
async function disturb(golden: Golden, group: readonly Disturbance[], seen: Seen): Promise<Result> {
  const { scenario, home, start } = golden;
  const [one] = group;
  if (one === undefined) return { kind: 'missed' };
  const world = await World.open(home, start);
  try {
    const before = goodTasks(world);
    const tracker = new Tracker(group);
    const first = await attempt(
      world,
      scenario.files,
      new WireRun(undefined, async (exchange) => {
        const due = tracker.dueAt(exchange);
        if (due !== undefined && (await armFault(world, due.fault, exchange))) tracker.armed += 1;
      }),
      one.fault.login,
    );
    await world.control('DELETE', 'faults');
    await world.settle();
    if (tracker.armed < group.length) return { kind: 'missed' };
    if (first.code === EXIT.ok) {
      const differing = [...compare(golden, world), ...twice(golden, minus(goodTasks(world), before))];
      return differing.length === 0 ? { kind: 'survived' } : lost('exit 0', ...differing);
    }
    if (first.code === EXIT.bug) return lost(`ended as a fault of our own: ${first.message}`);
    if (group.length > 1) return { kind: 'reported' };
    const known = seen.keyOf(world, golden);
    if (seen.isGood(known)) return { kind: 'reported' };
    world.time.pass(BETWEEN_MS);
    let again = await attempt(world, scenario.files);
    const byHand = again.code !== EXIT.ok && unlocked(world, again.advice);
    if (byHand) again = await attempt(world, scenario.files);
    await world.settle();
    const differing = compare(golden, world).filter((text) => !isTold(text, again.lines));
    const ended = again.code === EXIT.ok ? [] : [`run again: exit ${again.code}, ${again.message}`];
    if (ended.length + differing.length > 0)
      return lost(`exit ${first.code}: ${first.message}`, ...ended, ...differing);
    if (byHand) return { kind: 'byHand' };
    seen.good(known);
    return { kind: 'reported' };
  } finally {
    await world.close();
  }
}

/** Which disturbance a call is to meet. A call that was disturbed and is repeated is not counted again. */
class Tracker {
  armed = 0;
  readonly #due: Map<string, Disturbance>;
  readonly #counts = new Map<string, number>();

  constructor(group: readonly Disturbance[]) {
    this.#due = new Map(group.map((entry) => [`${entry.spot.key} ${entry.spot.nth}`, entry]));
  }

  dueAt(exchange: Exchange): Disturbance | undefined {
    const key = keyOf(exchange);
    const nth = this.#counts.get(key) ?? 0;
    const due = this.#due.get(`${key} ${nth}`);
    this.#due.delete(`${key} ${nth}`);
    if (due === undefined) this.#counts.set(key, nth + 1);
    return due;
  }
}

/** Does as root what the run advises; no token may take a lock off (facts, 5). false: it advises no such thing. */
function unlocked({ node }: World, advice: readonly string[]): boolean {
  if (!advice.some((line) => line.endsWith(`as root: pct unlock ${SCENARIO_VMID}`))) return false;
  const { config } = node.core.guests.read('lxc', SCENARIO_VMID);
  const { lock, ...values } = config.values;
  node.core.guests.write('lxc', SCENARIO_VMID, { ...config, values });
  node.core.making.update((making) => {
    delete making[SCENARIO_VMID];
  });
  return lock !== undefined;
}

/** A config that names another size than the disk has can be mended by root on the node only: a warning says so. */
function isTold(difference: string, lines: readonly string[]): boolean {
  return difference.includes('.values.rootfs: ') && lines.some((line) => line.includes('pct rescan'));
}

/** false: it makes no sense here, as there is no container yet that could be locked. */
async function armFault(world: World, { fault, meets }: ApiFault, { method, path }: Exchange): Promise<boolean> {
  if ('vmid' in fault && !world.node.core.guests.has('lxc', SCENARIO_VMID)) return false;
  const match = meets === 'call' ? { method, path, times: 1 } : meets === 'task' ? { task: '*', times: 1 } : {};
  await world.control('POST', 'faults', { ...fault, match });
  return true;
}

/** Tasks that ended well more often than they would undisturbed. */
function twice({ tasks }: Golden, done: Readonly<Record<string, number>>): readonly string[] {
  return Object.entries(done)
    .filter(([type, count]) => count > (tasks[type] ?? 0))
    .map(([type, count]) => `${type} was done ${count} times instead of ${tasks[type] ?? 0}`);
}
