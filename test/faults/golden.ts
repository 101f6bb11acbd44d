import { attempt, type Ended } from './attempt.ts';
import { differences, type EndState, endState, macsOf } from './end-state.ts';
import type { Scenario } from './scenarios.ts';
import { type Exchange, isCommand, isWrite } from './wire.ts';
import { type Past, World } from './world.ts';

/** How a scenario goes undisturbed: where it begins, what it says over the wire, and what it comes to. */
export interface Golden {
  readonly scenario: Scenario;
  readonly home: string;
  readonly start: Past;
  readonly known: ReadonlySet<string>;
  readonly exchanges: readonly Exchange[];
  readonly end: EndState;
  /** Tasks that ended well, by type. */
  readonly tasks: Readonly<Record<string, number>>;
}

/** Throws when the scenario does not even go well undisturbed, or when a second run finds something to do. */
export async function goldenOf(scenario: Scenario, home: string): Promise<Golden> {
  const prepared = await World.open(home);
  if (scenario.before !== undefined) assertGood(scenario, await attempt(prepared, scenario.before));
  await scenario.meanwhile?.(prepared);
  const known = macsOf(prepared.node.core);
  const start = await prepared.freeze();

  const world = await World.open(home, start);
  const before = goodTasks(world);
  const ended = await attempt(world, scenario.files);
  assertGood(scenario, ended);
  const end = endState(world.node.core, known);
  const text = JSON.stringify(end);
  const missing = scenario.shows.filter((part) => !text.includes(part));
  if (missing.length > 0) throw new Error(`${scenario.name}: its end does not show ${missing.join(', ')}:\n${text}`);
  const again = await attempt(world, scenario.files);
  assertGood(scenario, again);
  const writes = again.wire.exchanges.filter((exchange) => isWrite(exchange) || isCommand(exchange));
  const more = writes.filter(({ path, body }) => !(path === '/control/exec' && body.includes('"name":"checks"')));
  if (more.length > 0) throw new Error(`${scenario.name}: a second run changes something: ${JSON.stringify(more)}`);
  const tasks = minus(goodTasks(world), before);
  await world.close();
  return { scenario, home, start, known, exchanges: ended.wire.exchanges, end, tasks };
}

/** What differs from the undisturbed end. */
export function compare(golden: Golden, world: World): readonly string[] {
  return differences(golden.end, endState(world.node.core, golden.known));
}

function assertGood({ name }: Scenario, { code, message, lines }: Ended): void {
  if (code !== 0) throw new Error(`${name} does not go well undisturbed (${code}): ${message}\n${lines.join('\n')}`);
}

/** Types of tasks that ended well, with their number. */
export function goodTasks(world: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { upid, exitstatus } of world.node.core.tasks.all()) {
    const type = upid.split(':')[5] ?? '';
    if (exitstatus === 'OK' || exitstatus?.startsWith('WARNINGS') === true) counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

export function minus(
  all: Readonly<Record<string, number>>,
  before: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(all).map(([type, count]) => [type, count - (before[type] ?? 0)]));
}
