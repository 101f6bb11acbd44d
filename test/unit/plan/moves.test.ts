import { describe, expect, it } from 'vitest';
import type { Volume } from '../../../src/model/desired.ts';
import type { MoveFacts, Room } from '../../../src/model/relocation.ts';
import { foundStopped, snapshotsAfter } from '../../../src/plan/moves.ts';
import { movedVolumes, volumesForMark } from '../../../src/plan/volumes.ts';
import { kinds, planOf, present } from './planner.ts';
import { container, desired, mark, room } from './samples.ts';

const GIB = 1024 ** 3;
const DATA = 'local-lvm:vm-1042-disk-1';
const ROOT = 'local-lvm:vm-1042-disk-0';
const CONFIG = { mp0: `${DATA},mp=/srv/data,backup=1,size=8G` };
const data = (storage: string): Volume => ({
  name: 'data',
  path: '/srv/data',
  storage,
  size: 8,
  backup: true,
  readOnly: false,
  options: [],
});
const facts = (rooms: readonly Room[], snapshots: MoveFacts['snapshots'] = []): MoveFacts => ({ rooms, snapshots });
const wanted = desired({ rootfs: { storage: 'fast', size: 8 }, volumes: [data('fast')], protection: false });
const seen = present(container(CONFIG), { volumes: { data: DATA } });
const moved = (rooms: readonly Room[], snapshots: MoveFacts['snapshots'] = []) =>
  planOf(wanted, seen, { moving: facts(rooms, snapshots) });
const GOOD = { good: { commit: 'a'.repeat(40), at: '2026-01-01T00:00:00Z' } };

describe('disks that go to another storage', () => {
  it('go one after the other in one stop, whose cost is said', () => {
    const plan = moved([room('fast')]);
    expect(kinds(plan.steps)).toEqual(['move', 'move', 'start']);
    expect(plan.steps.map(({ disruption }) => disruption)).toEqual(['restart', 'restart', 'none']);
    expect(plan.refusals).toEqual([]);
    expect(plan.notes).toContain('nobody serves while 16 GiB at most are copied: about 3 min');
    expect(plan.data.map(({ fate }) => fate)).toEqual(['kept', 'kept']);
    expect(foundStopped(plan.steps)).toBe(false);
    expect(foundStopped(planOf(desired(), present(container({}, { running: false }))).steps)).toBe(true);
  });

  it.each<[string, readonly Room[], RegExp]>([
    ['that is not there', [room('other')], /node pve has no such storage.*there are: other/s],
    ['that is disabled', [room('fast', { enabled: false })], /it is disabled on node pve/],
    ['that is not active', [room('fast', { active: false })], /it is not active on node pve/],
    ['that takes none', [room('fast', { content: ['backup'] })], /it takes no disks of containers/],
    [
      'without room for whole volumes',
      [room('fast', { type: 'lvm', available: 15 * GIB })],
      /it has 15 GiB left, and 16 GiB are to go there/,
    ],
  ])('are refused for a storage %s', (_, rooms, reason) => {
    const { refusals } = moved(rooms);
    expect(refusals.map((entry) => [entry.kind, entry.reason, ...entry.advice].join(' '))).toEqual([
      expect.stringMatching(reason),
    ]);
    expect(refusals[0]?.reason).toMatch(
      /^Unable to move mp0?, ?rootfs|^Unable to move rootfs, mp0 of container 1042 to fast/,
    );
  });

  it('go to a thin one as far as is known, with a word where it may be too little', () => {
    const tight = moved([room('fast', { available: 10 * GIB })]);
    expect(tight.refusals).toEqual([]);
    expect(tight.notes.join()).toContain('fast has 10 GiB left for up to 16 GiB');
    const full = planOf(wanted, present(container(CONFIG, { used: 11 * GIB }), { volumes: { data: DATA } }), {
      moving: facts([room('fast', { available: 10 * GIB })]),
    });
    expect(full.refusals[0]?.reason).toContain('it has 10 GiB left, and 11 GiB are to go there');
  });

  it('drop snapshots of ours that hold them, and stop at those of others', () => {
    const hold = (name: string, droppable: boolean, ...volumes: string[]) => ({ name, droppable, volumes });
    const ours = moved([room('fast')], [hold('pgo_1', true, ROOT, DATA), hold('mine', false, 'local-lvm:other')]);
    expect(ours.refusals).toEqual([]);
    expect(ours.steps.flatMap((step) => (step.kind === 'move' ? [step.drops] : []))).toEqual([['pgo_1'], ['pgo_1']]);
    expect(ours.notes.join()).toContain('snapshots hold what moves, and go first: pgo_1');
    const foreign = moved([room('fast')], [hold('mine', false, DATA)]);
    expect(foreign.refusals[0]?.reason).toContain('snapshots that somebody else took (mine)');
    expect(foreign.refusals[0]?.advice[0]).toContain('drop_snapshots: [mine]');
  });

  it('keep a snapshot after they have moved, and a backup before', () => {
    const change = desired({ rootfs: { storage: 'fast', size: 8 } });
    const due = { baseline: 'b1', configuration: 'c2', force: false };
    const at = (snapshotPossible: boolean) =>
      planOf(change, present(container(), GOOD), {
        due,
        moving: facts([room('fast')]),
        wayBack: { snapshotPossible, backupStorage: 'local', used: GIB },
      });
    expect(kinds(at(true).steps)).toEqual(['move', 'keep', 'start', 'configure']);
    expect(kinds(at(false).steps)).toEqual(['keep', 'move', 'start', 'configure']);
  });

  it('can be in a snapshot afterwards if their new storage can', () => {
    const { steps } = moved([room('fast')]);
    const rooms = (fast: boolean) => facts([room('fast', { snapshots: fast }), room('local-lvm')]);
    expect(snapshotsAfter(seen.state.config, steps, rooms(true))).toBe(true);
    expect(snapshotsAfter(seen.state.config, steps, rooms(false))).toBe(false);
    expect(snapshotsAfter({ ...seen.state.config, mp1: '/srv,mp=/srv' }, steps, rooms(true))).toBe(false);
    expect(snapshotsAfter(seen.state.config, [], rooms(true))).toBeUndefined();
  });

  it('wait until a replace has made the root file system where it is to be', () => {
    const plan = planOf(desired({ ...wanted, unprivileged: false }), seen, { moving: facts([]) });
    expect(kinds(plan.steps)).toEqual(['replace']);
    expect(plan.notes.join()).toContain('after it, in a stop of its own: volume data storage → fast');
    expect(plan.refusals.map(({ reason }) => reason).join()).toContain('Unable to move mp0 of container 1042 to fast');
    expect(plan.refusals.map(({ reason }) => reason).join()).not.toContain('rootfs');
  });
});

describe('a volume that was on its way', () => {
  const moving = { key: 'mp0', from: DATA, storage: 'fast' };
  const known = mark({ volumes: { data: DATA }, moving: [moving] });
  const AT_FAST = 'fast:vm-1042-disk-0,mp=/srv/data,backup=1,size=8G';

  it('keeps its name where it arrived, and in the mark', () => {
    const state = container({ mp0: AT_FAST });
    expect(movedVolumes(state, known)).toEqual([{ kind: 'moved', from: DATA, to: 'fast:vm-1042-disk-0' }]);
    expect(volumesForMark(state, known, wanted, () => true)).toEqual({ data: 'fast:vm-1042-disk-0' });
  });

  it('keeps it on another node, whatever its storage and name are there', () => {
    const sent = mark({ volumes: { data: DATA }, moving: [{ key: 'mp0', from: DATA, node: 'pve2' }] });
    const there = container({ mp0: AT_FAST }, { node: 'pve2' });
    expect(volumesForMark(there, sent, wanted, () => true)).toEqual({ data: 'fast:vm-1042-disk-0' });
    // Put in by hand before the container went anywhere.
    expect(movedVolumes(container({ mp0: AT_FAST }), sent)).toEqual([]);
  });

  it('is where it was when nothing happened to it', () => {
    const state = container(CONFIG);
    expect(movedVolumes(state, known)).toEqual([]);
    expect(volumesForMark(state, known, wanted, () => true)).toEqual({ data: DATA });
  });

  it('is not guessed where there are two: nothing is noted, changed or destroyed', () => {
    const state = container({ mp0: AT_FAST, unused0: DATA });
    expect(volumesForMark(state, known, wanted, () => true)).toBeUndefined();
    const plan = planOf(wanted, present(state, { volumes: { data: DATA }, moving: [moving] }));
    expect(plan.refusals[0]?.reason).toBe(
      `Unable to tell which volume of container 1042 is the one that was to be moved: ${DATA} (unused0) or fast:vm-1042-disk-0`,
    );
  });
});
