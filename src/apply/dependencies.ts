import type { Desired } from '../model/desired.ts';
import type { Dependency } from '../model/plan.ts';
import type { Inventory } from '../model/ports.ts';
import { listOwn, type OwnContainer } from './list.ts';

/** A container of stage develop that needs a database may need the one of stage main. */
const FALLBACK = 'main';

/** Finds what a definition depends on by the owner marks of its site, in its own stage or else in main. */
export async function lookUpDependencies(
  inventory: Inventory,
  desired: Desired,
  site: string,
  signal: AbortSignal,
): Promise<readonly Dependency[]> {
  const own = await listOwn(inventory, site, signal);
  return desired.depends.map((name) => {
    const matching = own.filter(({ mark }) => (name.includes('/') ? mark.owner : mark.name) === name);
    const of = (stage: string) => matching.filter(({ mark }) => mark.stage === stage);
    const found = best(of(desired.stage)) ?? best(of(FALLBACK));
    if (found === undefined) return { name, state: 'absent' };
    const { state, mark } = found;
    const how = mark.role === 'retired' ? 'retired' : state.running ? 'running' : 'stopped';
    return { name, vmid: state.vmid, stage: mark.stage, state: how };
  });
}

/** Two owners may have containers of one name: one that runs is enough. Candidates and images are no services. */
function best(found: readonly OwnContainer[]): OwnContainer | undefined {
  const live = found.filter(({ mark }) => mark.role === 'live' || mark.role === 'retired');
  return live.find(({ state, mark }) => state.running && mark.role === 'live') ?? live[0];
}
