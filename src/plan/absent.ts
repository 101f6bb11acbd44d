import type { Desired } from '../model/desired.ts';
import type { DataLine, Refusal, Step } from '../model/plan.ts';
import { dataOfAbsent } from './data.ts';
import { change, effectiveConfig, type FieldContext, type Present } from './edit.ts';
import { guardStep, keepsVolumes, liftStep, mayLift } from './protection.ts';
import { protectedRefusal } from './refusals.ts';
import { calledOf, type FoundVolume, volumesOf } from './volumes.ts';

export interface AbsentPlan {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
  readonly data: readonly DataLine[];
}

/**
 * A container that shall not be there. Proxmox VE's DELETE takes every volume along; so one that has volumes which git (or
 * `--delete-volume`) does not name is stopped and retired instead.
 */
export function absentPlan(
  desired: Desired,
  present: Present,
  { sizes, missing }: Pick<FieldContext, 'sizes' | 'missing'>,
  reason: string,
): AbsentPlan {
  const { state, mark } = present;
  const { vmid } = state;
  // A snapshot may hold one that no config names, and dies with the container.
  const found = volumesOf(state, mark, desired, sizes).filter(
    ({ place, volid }) => place !== 'lost' || !missing.has(volid),
  );
  const isNamed = (volume: FoundVolume): boolean => desired.deletedVolumes.includes(calledOf(volume));
  const all = found.every(isNamed);
  // One without a name changes its key when it is detached, so by its key it dies only with the container.
  const dies = (volume: FoundVolume): boolean => isNamed(volume) && (all || volume.name !== undefined);
  const kept = found.filter((volume) => !dies(volume));
  const doomed = found.filter(dies);
  const guarded = effectiveConfig(state).protection === '1';
  const unguard = guarded && mayLift(desired, mark);
  const off: Step[] = unguard ? [liftStep(reason)] : [];
  const stop: Step[] = state.running ? [{ kind: 'stop', reason, disruption: 'replace' }] : [];
  if (kept.length === 0) {
    const what = `destroy container ${vmid}`;
    return {
      steps: [...off, ...stop, { kind: 'destroy', reason, disruption: 'replace' }],
      notes: [],
      refusals: guarded && !unguard ? [protectedRefusal(what, 'nothing was stopped or destroyed')] : [],
      data: dataOfAbsent(present, found, dies, 'destroyed'),
    };
  }
  const names = kept.map(calledOf);
  const retired = mark.role === 'retired' && effectiveConfig(state).onboot !== '1';
  const why = `its volumes are kept: ${names.join(', ')}`;
  const isOpen = !guarded || (unguard && doomed.length > 0);
  const on: Step[] =
    isOpen && desired.protection === undefined && keepsVolumes(desired, found, missing) ? [guardStep()] : [];
  return {
    steps: [
      ...stop,
      ...(doomed.length > 0 ? off : []),
      ...discardSteps(
        doomed.filter(({ place }) => place !== 'lost'),
        state.config,
      ),
      ...on,
      ...(retired ? [] : [{ kind: 'retire', reason: why, disruption: 'replace' } as const]),
    ],
    notes: [
      `container ${vmid} is ${retired ? '' : 'stopped and '}retired, not destroyed: ${why}; a deploy makes it live again`,
      `to destroy it with them: pve-gitops destroy DIR ${names.map((name) => `--delete-volume ${name}`).join(' ')}`,
    ],
    refusals:
      guarded && !unguard && doomed.length > 0
        ? [protectedRefusal(`destroy volume ${doomed.map(calledOf).join(', ')}`, 'nothing was changed')]
        : [],
    data: dataOfAbsent(present, found, dies, 'kept'),
  };
}

/** The container is stopped by then: a mount point that is removed is unused at once. */
function discardSteps(doomed: readonly FoundVolume[], config: Readonly<Record<string, string>>): Step[] {
  const attached = doomed.filter(({ key }) => key !== undefined && /^mp\d+$/.test(key) && config[key] !== undefined);
  const detach: Step[] =
    attached.length === 0
      ? []
      : [
          {
            kind: 'update',
            set: {},
            remove: attached.map(({ key = '' }) => key),
            changes: attached.map((volume) => change(`volume ${calledOf(volume)}`, 'attached', 'detached')),
            reason: 'they are to be destroyed',
            disruption: 'none',
          },
        ];
  return [...detach, ...doomed.map((volume) => discardStep(calledOf(volume), volume))];
}

export function discardStep(name: string, { volid }: FoundVolume): Step {
  return {
    kind: 'discard',
    volume: name,
    volid,
    changes: [change(`volume ${name}`, volid, 'DESTROYED')],
    reason: `${name} is to be deleted`,
    disruption: 'none',
  };
}
