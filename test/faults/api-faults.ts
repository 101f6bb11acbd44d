import { EXIT } from '../../src/report/exit-code.ts';
import { attempt } from './attempt.ts';
import { compare, type Golden, goodTasks, minus } from './golden.ts';
import { SCENARIO_VMID } from './scenarios.ts';
import type { Tally } from './tally.ts';
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
  call('connection reset, nothing done', { kind: 'refused' }),
  call('connection reset, work done', { kind: 'dropped' }, 'writes'),
  call('answer cut off', { kind: 'cut' }),
  call('401', { kind: '401' }),
  { ...call('tickets expired', { kind: 'expired-tickets' }), login: 'ticket' },
  call('595, nothing done', { kind: '5xx', status: 595 }, 'writes'),
  call('595, work done', { kind: '5xx', status: 595, done: true }, 'writes'),
  call('596, nothing done', { kind: '5xx', status: 596 }),
  call('596, work done', { kind: '5xx', status: 596, done: true }, 'writes'),
  call('599, work done', { kind: '5xx', status: 599, done: true }, 'writes'),
  { name: 'task fails', fault: { kind: 'task-failure', text: 'no such luck' }, meets: 'task', at: 'writes' },
  state('container locked', { kind: 'lock', vmid: SCENARIO_VMID, lock: 'backup' }, 'calls'),
  state('lock file held', { kind: 'flock', vmid: SCENARIO_VMID }),
  state('no quorum', { kind: 'no-quorum' }),
  state('storage full', { kind: 'storage-full', storage: 'local-lvm' }),
];

export interface Disturbance {
  readonly name: string;
  readonly fault: ApiFault;
  /** Number of the exchange before which it is armed. */
  readonly at: number;
}

/** Each fault at each call. */
export function disturbancesOf({ exchanges }: Golden): readonly Disturbance[] {
  const calls = exchanges.flatMap((exchange, at) => (isCommand(exchange) ? [] : [{ exchange, at }]));
  return API_FAULTS.flatMap((fault) => {
    const spots = calls.filter(({ exchange }) => fault.at === 'calls' || isWrite(exchange));
    return spots.map(({ exchange, at }, index) => {
      return { name: `${index + 1} of ${spots.length}, ${exchange.method} ${exchange.path}`, fault, at };
    });
  });
}

/** A run under a fault, and one more when it ended with an error. */
export async function disturb(golden: Golden, { name, fault, at }: Disturbance, tally: Tally): Promise<void> {
  const { scenario, home, start } = golden;
  const what = { scenario: scenario.name, fault: fault.name, at: name };
  const world = await World.open(home, start);
  try {
    const before = goodTasks(world);
    let armed = false;
    const arm = async (exchange: Exchange, index: number): Promise<void> => {
      if (index !== at) return;
      armed = await armFault(world, fault, exchange);
    };
    const first = await attempt(world, scenario.files, new WireRun(undefined, arm), fault.login);
    await world.control('DELETE', 'faults');
    await world.settle();
    if (!armed) return tally.missed(what);
    if (first.code === EXIT.ok) {
      const differing = [...compare(golden, world), ...twice(golden, minus(goodTasks(world), before))];
      if (differing.length === 0) tally.survived(what);
      else tally.lost(what, ['exit 0', ...differing]);
      return;
    }
    if (first.code === EXIT.bug) return tally.lost(what, [`ended as a fault of our own: ${first.message}`]);
    const again = await attempt(world, scenario.files);
    await world.settle();
    const differing = compare(golden, world);
    const ended = again.code === EXIT.ok ? [] : [`run again: exit ${again.code}, ${again.message}`];
    if (ended.length + differing.length === 0) tally.reported(what);
    else tally.lost(what, [`exit ${first.code}: ${first.message}`, ...ended, ...differing]);
  } finally {
    await world.close();
  }
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
