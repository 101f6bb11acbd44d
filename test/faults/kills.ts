import { attempt } from './attempt.ts';
import { compare, type Golden } from './golden.ts';
import type { Seen } from './seen.ts';
import type { Tally } from './tally.ts';
import { type Death, isCommand, isWrite, WireRun } from './wire.ts';
import { World } from './world.ts';

/** A lease that nobody can tell dead ends by its time. */
const LEASE_IS_OVER_MS = 6 * 60_000;
/** Long enough for the next run to meet the task of the dead one. */
const TASK_MS = 40;

interface Moment {
  readonly name: string;
  readonly death: Death;
  /** The task that was started is still at work when the next run begins. */
  readonly slow: boolean;
  /** The next run is on another machine, and cannot look whether the dead one lives. */
  readonly elsewhere: boolean;
}

/** Before and after every write and every command, the next run here or elsewhere, what was started done or at work. */
export function momentsOf({ exchanges }: Golden): readonly Moment[] {
  const spots = exchanges.flatMap((exchange, at) =>
    isWrite(exchange) || isCommand(exchange) ? [{ exchange, at }] : [],
  );
  return spots.flatMap(({ exchange, at }, index) => {
    const body = isCommand(exchange) ? ((JSON.parse(exchange.body) as { name: string }).name ?? '') : '';
    const what = isCommand(exchange) ? `command ${body}` : `${exchange.method} ${exchange.path}`;
    const name = (side: string): string => `${index + 1} of ${spots.length}, ${side} ${what}`;
    const moment = (side: Death['side'], slow: boolean, elsewhere: boolean): Moment => ({
      name: `${name(side)}${slow ? ', its task at work' : ''}${elsewhere ? ', run again elsewhere' : ''}`,
      death: { at, side },
      slow,
      elsewhere,
    });
    const plain = [moment('before', false, false), moment('after', false, false), moment('after', false, true)];
    return isWrite(exchange) && exchange.method !== 'PUT' ? [...plain, moment('after', true, false)] : plain;
  });
}

/** Kills a run at a moment and runs again. */
export async function kill(golden: Golden, moment: Moment, tally: Tally, seen: Seen): Promise<void> {
  const { scenario, home, start } = golden;
  const world = await World.open(home, start);
  try {
    const what = { scenario: scenario.name, fault: 'SIGKILL', at: moment.name };
    if (moment.slow)
      await world.control('POST', 'faults', { kind: 'delay', milliseconds: TASK_MS, match: { task: '*' } });
    const first = await attempt(world, scenario.files, new WireRun(moment.death));
    if (first.code !== 'died') return tally.missed(what);
    world.machine = moment.elsewhere ? 'another' : 'the same';
    if (moment.elsewhere) {
      // Minutes later, on another machine: what was started has ended by then.
      await world.settle();
      world.time.pass(LEASE_IS_OVER_MS);
    }
    const known = seen.keyOf(world, golden);
    if (seen.isGood(known)) return tally.survived(what);
    const again = await attempt(world, scenario.files);
    await world.settle();
    const differing = compare(golden, world);
    if (again.code === 0 && differing.length === 0) {
      seen.good(known);
      tally.survived(what);
    } else
      tally.lost(
        what,
        again.code === 0 ? differing : [`run again: exit ${again.code}, ${again.message}`, ...differing],
      );
  } finally {
    await world.close();
  }
}
