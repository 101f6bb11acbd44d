import type { Snapshots, Volumes } from '../model/container-ports.ts';
import type { Desired } from '../model/desired.ts';
import { isGitopsError } from '../model/errors.ts';
import type { OfferedTemplate, TemplateFile } from '../model/observed.ts';
import type { Dependency } from '../model/plan.ts';
import type { Inventory, Reporter } from '../model/ports.ts';
import type { Observation } from './context.ts';
import { call, DEADLINES } from './deadlines.ts';
import { lookUpDependencies } from './dependencies.ts';
import type { Holding } from './lease.ts';
import { lookAtVolumes, NO_VOLUME_FACTS, type VolumeFacts } from './volume-facts.ts';

export interface Facts extends VolumeFacts {
  readonly storage: string;
  readonly present: readonly TemplateFile[];
  readonly offered: readonly OfferedTemplate[];
  readonly dependencies: readonly Dependency[];
}

/** Before anything was looked at, or where it does not matter. */
export function noFacts(desired: Desired): Facts {
  return { storage: desired.templateStorage, present: [], offered: [], ...NO_VOLUME_FACTS, dependencies: [] };
}

export interface FactsInput {
  readonly inventory: Inventory;
  readonly volumes: Pick<Volumes, 'list'>;
  readonly reporter: Reporter;
  readonly desired: Desired;
  readonly site: string;
  readonly signal: AbortSignal;
}

/**
 * What a plan needs to know beside the container: templates, and for a new container what the node offers. One read for a
 * container that is there, unless it depends on others or has detached volumes.
 */
export async function gatherFacts(input: FactsInput, seen: Observation): Promise<Facts> {
  const { inventory, desired, signal } = input;
  const read = call(DEADLINES.read, signal);
  const storage = desired.templateStorage;
  const absent = seen.kind === 'absent';
  const node = absent ? seen.node : seen.state.node;
  // In a replace a volume may have another name with the candidate: it is missing by its own, and not lost.
  const away = absent || seen.mark.promotion !== undefined;
  const volumes = away ? NO_VOLUME_FACTS : await lookAtVolumes(input, seen);
  if (desired.state === 'absent') return { storage, present: [], offered: [], ...volumes, dependencies: [] };
  const [present, offered, dependencies] = await Promise.all([
    inventory.templates(node, storage, read),
    absent && desired.template.kind === 'newest' ? offers(input, node) : [],
    desired.depends.length === 0 ? [] : lookUpDependencies(inventory, desired, input.site, signal),
  ]);
  return { storage, present, offered, ...volumes, dependencies };
}

/** What decides how a container could go back; read only when a change of a good one is due. */
export interface BackFacts {
  readonly snapshotPossible: boolean;
  readonly backupStorage: string | undefined;
  readonly used: number | undefined;
}

/** `after`: whether it can be in a snapshot once its disks have moved, where some do. */
export async function gatherBackFacts(
  { inventory, snapshots }: { readonly inventory: Inventory; readonly snapshots: Snapshots },
  { state }: Holding,
  wish: Desired['wayBack'],
  signal: AbortSignal,
  after?: boolean,
): Promise<BackFacts> {
  const read = call(DEADLINES.read, signal);
  const snapshotPossible = after ?? (await snapshots.possible(state.node, state.vmid, read));
  if (snapshotPossible && wish !== 'backup') return { snapshotPossible, backupStorage: undefined, used: state.used };
  const storages = await inventory.storages(state.node, read);
  const fits = storages.filter(({ content, active, enabled }) => active && enabled && content.includes('backup'));
  const roomiest = fits.toSorted((a, b) => b.available - a.available)[0];
  return { snapshotPossible, backupStorage: roomiest?.storage, used: state.used };
}

/** The index may be closed to this identity; then only what is on the storage counts. */
async function offers({ inventory, reporter, signal }: FactsInput, node: string): Promise<readonly OfferedTemplate[]> {
  try {
    return await inventory.offeredTemplates(node, call(DEADLINES.read, signal));
  } catch (error) {
    if (!isGitopsError(error) || error.remote.status === 401) throw error;
    reporter.tell({ kind: 'note', text: `the node's template index cannot be read: ${error.message}` });
    return [];
  }
}
