import { expect } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import type { ContainerState } from '../../../src/model/observed.ts';
import type { Plan, Step } from '../../../src/model/plan.ts';
import { type Observation, type PlanInput, plan } from '../../../src/plan/plan.ts';
import { afterStep, type There } from './after.ts';
import { container, DEBIAN_12, desired, mark } from './samples.ts';

export const TEMPLATES = {
  storage: 'local',
  present: [{ volid: DEBIAN_12, os: 'debian', release: '12', version: '12.7-1' }],
  offered: [],
};
export const DUE = { baseline: 'b1', configuration: 'c1', force: false };

export function present(
  state: ContainerState,
  changes: Parameters<typeof mark>[0] = {},
  more: Partial<There> = {},
): There {
  return { kind: 'present', state, mark: mark(changes), text: '', ...more };
}

export function planOf(wanted: Desired, observed: Observation, input: Partial<PlanInput> = {}): Plan {
  return plan({ desired: wanted, observed, templates: TEMPLATES, due: DUE, ...input });
}

export const kinds = (steps: readonly Step[]): string[] => steps.map((step) => step.kind);

/** As apply does: the first step, look again, until nothing is due. */
export function settle(
  wanted: Desired,
  seen: There,
  input: Partial<PlanInput> = {},
): { readonly now: There; readonly taken: readonly Step[] } {
  let now = seen;
  const taken: Step[] = [];
  for (let count = 0; count < 30; count += 1) {
    const [step] = planOf(wanted, now, input).steps;
    if (step === undefined) return { now, taken };
    taken.push(step);
    now = afterStep(now, step, wanted, DUE);
  }
  throw new Error(`it never ends: ${kinds(taken).join(', ')}`);
}

/** A container, a definition that differs in one thing, and what that costs. */
export interface Row {
  readonly name: string;
  readonly desired?: Partial<Desired>;
  readonly config?: Record<string, string | undefined>;
  readonly state?: Partial<ContainerState>;
  readonly mark?: Parameters<typeof mark>[0];
  readonly seen?: Partial<There>;
  readonly steps: readonly string[];
  /** `field from to disruption` */
  readonly field?: string;
  /** A key of the config when all is done; undefined as value: it is gone. */
  readonly after?: Readonly<Record<string, string | undefined>>;
}

export function seenBy(row: Row): There {
  return present(container(row.config, row.state), row.mark, row.seen);
}

export function checkPlan(row: Row): void {
  const { steps } = planOf(desired(row.desired), seenBy(row), { share: '/tank/share' });
  expect(kinds(steps)).toEqual(row.steps);
  if (row.field === undefined) return;
  const changes = steps.flatMap((step) => ('changes' in step ? step.changes : []));
  expect(changes.map((c) => `${c.field} ${c.from ?? ''} ${c.to ?? ''} ${c.disruption}`)).toContain(row.field);
}

/** The plan is empty after itself, and what it does is what it said. */
export function checkIdempotence(row: Row): void {
  const wanted = desired(row.desired);
  const { now, taken } = settle(wanted, seenBy(row), { share: '/tank/share' });
  // A restart that was planned for a key falls away when the server takes the value at once.
  expect(row.steps).toEqual(expect.arrayContaining(kinds(taken)));
  expect(planOf(wanted, now, { share: '/tank/share' }).steps).toEqual([]);
  for (const [key, value] of Object.entries(row.after ?? {})) expect(now.state.config[key], key).toBe(value);
}
