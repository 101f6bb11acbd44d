import { describe, expect, it } from 'vitest';
import { kinds, planOf, type Row, seenBy, settle } from './planner.ts';
import { desired } from './samples.ts';

const DATA = 'local-lvm:vm-1042-disk-1';
const AT_DATA = `${DATA},mp=/srv/data,size=8G`;
const VOLUME = {
  name: 'data',
  path: '/srv/data',
  storage: 'local-lvm',
  size: 8,
  backup: false,
  readOnly: false,
  options: [],
} as const;
const KEPT = { volumes: [VOLUME] };
const MOVED = { volumes: [{ ...VOLUME, path: '/srv/files' }] };

const seen = (protection: '0' | '1', mark: Row['mark'] = {}, more: Row['config'] = {}) =>
  seenBy({
    name: '',
    config: { mp0: AT_DATA, protection, ...more },
    mark: { volumes: { data: DATA }, ...mark },
    steps: [],
  });

describe('protection, without a word of it', () => {
  it('is on from the create call when there are volumes, and the mark says whose it is', () => {
    const absent = { kind: 'absent', vmid: 1042, node: 'pve' } as const;
    const [step] = planOf(desired(KEPT), absent).steps;
    expect(step).toMatchObject({ kind: 'create', guarded: true, parameters: { protection: 1 } });
    const [bare] = planOf(desired(), absent).steps;
    expect(bare).not.toHaveProperty('guarded');
    expect(bare).not.toHaveProperty('parameters.protection');
    const [said] = planOf(desired({ ...KEPT, protection: false }), absent).steps;
    expect(said).not.toHaveProperty('parameters.protection');
  });

  it('comes as soon as there is a volume to keep, also a detached one', () => {
    for (const wanted of [desired(KEPT), desired()]) {
      const { now, taken } = settle(wanted, seen('0'));
      expect(taken.at(-1)).toMatchObject({ set: { protection: 1 }, guarded: true });
      expect(now.mark.guarded).toBe(true);
      expect(planOf(wanted, now).steps).toEqual([]);
    }
  });

  it('is lifted for a change of disks and set again', () => {
    const { now, taken } = settle(desired(MOVED), seen('1', { guarded: true }));
    expect(taken.map((step) => (step.kind === 'update' ? step.set : step.kind))).toEqual([
      { protection: 0 },
      { mp0: `${DATA},mp=/srv/files,size=8G` },
      'restart',
      { protection: 1 },
    ]);
    expect([now.state.config.protection, now.mark.guarded]).toEqual(['1', true]);
    expect(kinds(planOf(desired(MOVED), seen('1', { guarded: true })).steps)).toEqual(kinds(taken));
  });

  it('goes with the last volume that git deletes', () => {
    const { now } = settle(desired({ deletedVolumes: ['data'] }), seen('1', { guarded: true }));
    expect(now.state.config.protection).toBe('0');
    expect(now.mark).not.toHaveProperty('guarded');
    expect(JSON.stringify(now.mark)).not.toContain(DATA);
  });

  it('of somebody else is in the way of whatever touches disks', () => {
    expect(planOf(desired(MOVED), seen('1')).refusals).toHaveLength(1);
    expect(planOf(desired({ state: 'absent', deletedVolumes: ['data'] }), seen('1')).refusals).toHaveLength(1);
    expect(planOf(desired(KEPT), seen('1')).steps).toEqual([]);
  });

  it('stays where a container is retired, and does not hinder that it goes with volumes that are named', () => {
    const { now, taken } = settle(desired({ state: 'absent' }), seen('0'));
    expect(kinds(taken)).toEqual(['stop', 'update', 'retire']);
    expect(now.state.config.protection).toBe('1');
    const named = desired({ state: 'absent', deletedVolumes: ['data'] });
    expect(kinds(planOf(named, now).steps)).toEqual(['update', 'destroy']);
    expect(planOf(named, now).refusals).toEqual([]);
  });

  it('is still there after one of two volumes has died with a retired container', () => {
    const two = seen(
      '1',
      { guarded: true, volumes: { data: DATA, logs: 'local-lvm:vm-1042-disk-2' } },
      {
        unused0: 'local-lvm:vm-1042-disk-2',
      },
    );
    const { now, taken } = settle(desired({ state: 'absent', deletedVolumes: ['logs'] }), two);
    expect(kinds(taken)).toEqual(['stop', 'update', 'discard', 'update', 'retire']);
    expect([now.state.config.protection, now.mark.guarded]).toEqual(['1', true]);
  });
});

describe('protection, said once', () => {
  it('is nobody else’s to lift when the definition falls silent again', () => {
    const { now } = settle(desired({ ...KEPT, protection: true }), seen('1', { guarded: true }));
    expect(now.mark).not.toHaveProperty('guarded');
    expect(planOf(desired(MOVED), now).refusals).toHaveLength(1);
  });
});
