import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/model/plan.ts';
import { olderRefusal } from '../../src/plan/refusals.ts';
import { within } from '../../src/scope.ts';

const ABOUT_RESOURCES = { kind: 'user', reason: 'Unable to move: no room', advice: [] } as const;
const older = olderRefusal(1042, 'a'.repeat(40), 'b'.repeat(40));
const plan: Plan = {
  name: 'apache',
  stage: 'main',
  vmid: 1042,
  node: 'pve',
  steps: [],
  data: [],
  notes: [],
  refusals: [ABOUT_RESOURCES, ...older],
} as unknown as Plan;

describe('what a stretch is refused', () => {
  it('is all of it where resources change', () => {
    expect(within(plan, 'resources', false).refusals).toEqual([ABOUT_RESOURCES, ...older]);
  });

  it('is what is about the run itself where only the configuration does: an older commit', () => {
    expect(older).toHaveLength(1);
    expect(within(plan, 'configuration', false).refusals).toEqual(older);
  });
});
