import { describe, expect, it } from 'vitest';
import type { Change, Plan } from '../../../src/model/plan.ts';
import { markDrift } from '../../../src/plan/drift.ts';

function planOf(...changes: readonly Change[]): Plan {
  const common = { reason: 'config differs', disruption: 'none' } as const;
  return {
    name: 'apache',
    stage: 'main',
    vmid: 1042,
    node: 'pve',
    hostname: 'apache',
    address: 'dhcp',
    steps: [
      { kind: 'update', set: {}, remove: [], changes, ...common },
      { kind: 'start', ...common },
    ],
    notes: [],
    refusals: [],
    data: [],
  };
}

const change = (field: string): Change => ({ field, from: '1', to: '2', disruption: 'none' });

describe('drift', () => {
  it('is what the deployed commit wanted otherwise too; the rest is what git wants now', () => {
    const marked = markDrift(planOf(change('memory'), change('cores')), planOf(change('memory')));
    expect(marked.steps[0]).toMatchObject({ changes: [{ field: 'memory', drift: true }, { field: 'cores' }] });
    expect(marked.steps[0]).not.toMatchObject({ changes: [{}, { drift: true }] });
  });

  it('is nothing when the container is as the deployed commit wanted it', () => {
    const plan = planOf(change('memory'));
    expect(markDrift(plan, planOf())).toBe(plan);
  });
});
