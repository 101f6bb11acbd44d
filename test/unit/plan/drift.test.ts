import { describe, expect, it } from 'vitest';
import type { Change, Plan } from '../../../src/model/plan.ts';
import { markDrift, toldBy } from '../../../src/plan/drift.ts';

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
    wayBack: 'none kept yet',
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

describe('who did it', () => {
  const task = (type: string, started: number, user = 'ann@pam') => ({ type, started, user });

  it('is told of what changes a container and has a task, since the deploy, newest first, five at most', () => {
    const tasks = [
      task('resize', 90),
      task('vzsnapshot', 101),
      task('resize', 130, 'bob@pve'),
      task('vzrollback', 120),
    ];
    expect(toldBy(tasks, 100, true)).toEqual([
      'since the deploy: resize by bob@pve, 1970-01-01 00:02 UTC',
      'since the deploy: vzrollback by ann@pam, 1970-01-01 00:02 UTC',
    ]);
    const many = Array.from({ length: 9 }, (_, at) => task('resize', 101 + at));
    expect(toldBy(many, 100, true)).toHaveLength(5);
  });

  it('is told of the last stop of one that does not run', () => {
    const tasks = [task('vzstop', 110), task('vzstart', 120), task('vzshutdown', 130, 'bob@pve')];
    expect(toldBy(tasks, 100, false)).toEqual(['since the deploy: vzshutdown by bob@pve, 1970-01-01 00:02 UTC']);
    expect(toldBy(tasks, 100, true)).toEqual([]);
    expect(toldBy(tasks, 140, false)).toEqual([]);
  });
});
