import type { Desired } from '../../../src/model/desired.ts';
import { formatDescription } from '../../../src/model/mark.ts';
import type { Step } from '../../../src/model/plan.ts';
import type { Due } from '../../../src/plan/guest-steps.ts';
import type { Observation } from '../../../src/plan/plan.ts';
import { volumesForMark } from '../../../src/plan/volumes.ts';
import { movedState, resizedState, startedState, updatedState } from './fake-config.ts';

export type There = Extract<Observation, { kind: 'present' }>;

/** What Proxmox VE would have after one step, and the mark after it: the other half of the idempotence property. */
export function afterStep(seen: There, step: Step, wanted: Desired, due: Due): There {
  const next = changed(seen, step, due);
  // The description names volumes too.
  const { description: _, ...named } = next.state.config;
  const config = JSON.stringify(named);
  const volumes = volumesForMark(next.state, next.mark, wanted, (volid) => !config.includes(volid));
  if (volumes === undefined) return next;
  const { moving: __, ...rest } = next.mark;
  return { ...next, mark: { ...rest, volumes } };
}

function changed(seen: There, step: Step, due: Due): There {
  const { state, mark } = seen;
  switch (step.kind) {
    case 'update': {
      const text = step.text ?? seen.text;
      const { guarded: before, ...rest } = mark;
      const guard = (step.guarded ?? before === true) ? { guarded: true as const } : {};
      const now = { ...rest, ...guard };
      const description =
        step.text === undefined && step.guarded === undefined ? {} : { description: formatDescription(text, now) };
      return {
        ...seen,
        mark: now,
        text,
        state: updatedState(state, { set: { ...step.set, ...description }, remove: step.remove }),
      };
    }
    case 'resize':
      return { ...seen, state: resizedState(state, step.disk, step.size) };
    case 'move': {
      const moved = movedState(state, step.disk, step.storage);
      const moving = { key: step.disk, from: step.volid, storage: step.storage };
      const named = Object.values(mark.volumes ?? {}).includes(step.volid);
      return { ...seen, state: moved, mark: named ? { ...mark, moving: [moving] } : mark };
    }
    case 'migrate':
      return { ...seen, state: { ...startedState(state), node: step.to, running: state.running } };
    case 'pool':
      return { ...seen, pool: step.pool };
    case 'discard': {
      const config = Object.fromEntries(Object.entries(state.config).filter(([, value]) => value !== step.volid));
      return { ...seen, state: { ...state, config } };
    }
    case 'start':
    case 'restart':
      return { ...seen, state: startedState(state) };
    case 'stop':
      return { ...seen, state: { ...startedState(state), running: false } };
    case 'baseline':
      return {
        ...seen,
        mark: { ...mark, borrowedKeys: undefined, applied: { ...mark.applied, baseline: due.baseline } },
      };
    case 'configure':
      return {
        ...seen,
        mark: {
          ...mark,
          applied: { ...mark.applied, ...(due.configuration ? { configuration: due.configuration } : {}) },
        },
      };
    case 'retire':
      return {
        ...seen,
        mark: { ...mark, role: 'retired' },
        state: updatedState(state, { set: { onboot: 0 }, remove: [] }),
      };
    case 'keep':
      return {
        ...seen,
        mark: { ...mark, attempt: { at: '2026-11-21T00:00:00.000Z', way: { kind: 'snapshot', name: 'pgo_x' } } },
      };
    case 'revive':
      return { ...seen, mark: { ...mark, role: 'live' } };
    case 'create':
    case 'download':
    case 'image':
    case 'destroy':
    case 'replace':
      throw new Error(`a ${step.kind} is not for a container that is there`);
    default:
      return step satisfies never;
  }
}
