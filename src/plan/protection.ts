import type { Desired } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { Step, UpdateStep } from '../model/plan.ts';
import { change, type Edit, type FieldContext } from './edit.ts';
import { type FoundVolume, volumesOf } from './volumes.ts';

const KEPT = 'it has volumes that are to be kept';

/**
 * Off comes before the disks, which it guards; on comes after. Where the definition is silent it is on as long as there
 * are volumes to keep; without any it stays as it is.
 */
export function protection(context: FieldContext): Edit[] {
  const { desired, config, mark, state, sizes, missing } = context;
  const from = config.protection === '1' ? '1' : '0';
  if (desired.protection === undefined) {
    const found = volumesOf(state, mark, desired, sizes);
    return from === '1' || !keepsVolumes(desired, found, missing) ? [] : [raised()];
  }
  const wanted = desired.protection ? '1' : '0';
  // From now on it is somebody's word, and stays when the definition falls silent again.
  if (from === wanted && mark.guarded !== true) return [];
  const note = from === wanted ? { note: 'the definition says so now' } : {};
  const changed = change('protection', from, wanted, note);
  const order = desired.protection ? 'last' : 'first';
  return [{ change: changed, set: { protection: Number(wanted) }, guarded: false, order }];
}

/** Volumes that git names, and those it named once: a detached one waits to be attached again. */
export function keepsVolumes(
  desired: Desired,
  found: readonly FoundVolume[],
  missing: ReadonlySet<string> = new Set(),
): boolean {
  if (desired.volumes.length > 0) return true;
  return found.some(
    ({ name, place, volid }) =>
      name !== undefined && !desired.deletedVolumes.includes(name) && !(place === 'lost' && missing.has(volid)),
  );
}

/** Whether what stands in the way is only our own guard, which gives way to what git says by name. */
export function mayLift(desired: Desired, mark: Mark): boolean {
  return desired.protection === false || (desired.protection === undefined && mark.guarded === true);
}

function raised(): Edit {
  const changed = change('protection', '0', '1', { note: KEPT });
  return { change: changed, set: { protection: 1 }, guarded: true, order: 'last' };
}

/** The guard for the time in which disks change. */
export function liftStep(reason: string): Step {
  return step(0, false, reason);
}

export function guardStep(): Step {
  return step(1, true, KEPT);
}

function step(value: 0 | 1, guarded: boolean, reason: string): Step {
  const changes = [change('protection', String(1 - value), String(value))];
  const update: UpdateStep = { kind: 'update', set: { protection: value }, remove: [], guarded, changes };
  return { ...update, reason, disruption: 'none' };
}
