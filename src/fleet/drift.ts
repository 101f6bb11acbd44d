import { call, DEADLINES } from '../apply/deadlines.ts';
import { readOwn } from '../apply/list.ts';
import { define, preview } from '../deploy.ts';
import { isGitopsError } from '../model/errors.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Step } from '../model/plan.ts';
import type { Ports } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { toldBy } from '../plan/drift.ts';
import { changesOf, changeText, stepTitle } from '../report/plan.ts';
import { assertThere, type DefinitionOf, type FleetOptions, forEach, isWanted, type Work } from './own.ts';
import { seenOnce } from './seen-once.ts';

/** What a run would do anyway, or of its own accord: nobody has changed anything by hand because of it. */
const DUE: ReadonlySet<Step['kind']> = new Set(['keep', 'baseline', 'configure']);

/** Looked at at once: while the definition of one is read from the disk, another is planned. */
const AT_ONCE = 8;

/** How each container differs from the definition that it was deployed from. Changes nothing. */
export async function drift(
  ports: Ports,
  settings: Settings,
  options: FleetOptions,
  definitionOf: DefinitionOf,
): Promise<readonly FleetReport[]> {
  const { site, only, signal } = options;
  const inventory = seenOnce(ports.inventory);
  const looking = { ...ports, inventory };
  const live: Mark[] = [];
  const states = new Map<number, ContainerState>();
  // While one is planned, others are read.
  const marks = (await readOwn(inventory, site, signal, 'as listed')).map(async (read) => {
    const own = await read;
    if (own?.mark.role !== 'live') return undefined;
    live.push(own.mark);
    states.set(own.mark.vmid, own.state);
    return isWanted(only, own.mark.name) ? own.mark : undefined;
  });
  // What one was refused for is thrown where it has its turn.
  for (const mark of marks) mark.catch(() => undefined);
  const look: Work = async (mark) => {
    const { name, owner, stage, commit } = mark;
    const found = await definitionOf(mark).catch((error: unknown) => {
      if (isGitopsError(error)) return error.message;
      throw error;
    });
    if (found === undefined || typeof found === 'string')
      return { state: 'skipped', text: found ?? `the definition of ${owner} is not here`, details: [] };
    try {
      const who = { name, owner, stage, ...(commit === undefined ? {} : { commit }) };
      const desired = await define(ports, settings, found.directory, who);
      const outcome = await preview(looking, { settings, desired, directory: found.directory, signal, back: true });
      const steps = outcome.kind === 'planned' ? outcome.plan.steps.filter(({ kind }) => !DUE.has(kind)) : [];
      const details = steps.flatMap((step) => [
        `${stepTitle(step)}: ${step.reason}`,
        ...changesOf(step).map((change) => `  ${changeText(change)}`),
      ]);
      const state = states.get(mark.vmid);
      if (steps.length > 0 && state !== undefined) details.push(...(await whoDid(ports, mark, state, signal)));
      const since = commit === undefined ? 'its definition' : `commit ${commit.slice(0, 12)}`;
      return steps.length === 0
        ? { state: 'ok', text: `as ${since} says`, details }
        : { state: 'changed', text: `differs from ${since}`, details };
    } finally {
      await found.close();
    }
  };
  const reports = await forEach(marks, ports, signal, look, AT_ONCE);
  assertThere(live, options);
  return reports;
}

/** Only for one that differs: looking at a thousand that do not costs nothing. */
async function whoDid(
  { inventory }: Ports,
  { good }: Mark,
  { node, vmid, running }: ContainerState,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const since = Date.parse(good?.at ?? '') / 1000;
  if (Number.isNaN(since)) return [];
  return toldBy(await inventory.tasks(node, vmid, call(DEADLINES.read, signal)), since, running);
}
