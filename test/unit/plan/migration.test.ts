import { describe, expect, it } from 'vitest';
import type { MigrateFacts } from '../../../src/model/relocation.ts';
import { checkIdempotence, kinds, planOf, present } from './planner.ts';
import { container, desired, mark, room } from './samples.ts';

const GIB = 1024 ** 3;
const ROOT = 'local-lvm:vm-1042-disk-0';
const facts = (more: Partial<MigrateFacts> = {}): MigrateFacts => ({
  to: 'pve2',
  online: ['pve', 'pve2'],
  here: [room('local-lvm'), room('ceph', { shared: true, type: 'rbd' })],
  there: [room('local-lvm'), room('ceph', { shared: true, type: 'rbd' })],
  snapshots: [],
  clones: new Map(),
  managed: false,
  ...more,
});
const wanted = desired({ nodes: ['pve2'] });
const seen = present(container());
const goes = (more: Partial<MigrateFacts> = {}, there = seen, what = wanted) =>
  planOf(what, there, { migrating: facts(more) });

describe('a container that git names another node for', () => {
  it('stays on any of several that it stands on', () => {
    expect(planOf(desired({ nodes: ['pve2', 'pve'] }), seen).steps).toEqual([]);
  });

  it('migrates first and changes there, with the time that nobody serves', () => {
    const plan = goes({}, seen, desired({ nodes: ['pve2'], memory: 4096 }));
    expect(kinds(plan.steps)).toEqual(['migrate', 'update']);
    expect(plan.steps[0]).toMatchObject({ to: 'pve2', drops: [], disruption: 'restart' });
    expect(plan.refusals).toEqual([]);
    expect(plan.notes).toContain('nobody serves while it goes to pve2: about 90 s, 8 GiB at most are sent');
    const stopped = goes({}, present(container({}, { running: false })));
    expect(kinds(stopped.steps)).toEqual(['migrate', 'start']);
    expect(stopped.steps[0]?.disruption).toBe('none');
    const shared = goes({}, present(container({ rootfs: 'ceph:vm-1042-disk-0,size=8G' })), {
      ...wanted,
      rootfs: { storage: 'ceph', size: 8 },
    });
    expect(shared.notes).toContain('nobody serves while it goes to pve2: about 10 s: its disks are on shared storage');
  });

  it('is there after it', () => checkIdempotence({ name: '', desired: { nodes: ['pve2'] }, steps: ['migrate'] }));

  it('goes to the first that is online', () => {
    const several = desired({ nodes: ['down', 'pve2'] });
    expect(planOf(several, seen, { migrating: facts() }).steps[0]).toMatchObject({ kind: 'migrate', to: 'pve2' });
  });

  it.each<[string, Partial<MigrateFacts>, typeof seen, RegExp]>([
    ['a node that is down', { to: undefined }, seen, /to pve2: it is not online; online: pve, pve2/],
    [
      'a directory of the node',
      {},
      present(container({ mp0: '/tank,mp=/tank', dev0: '/dev/ttyUSB0' })),
      /\/tank, \/dev\/ttyUSB0 is of the node/,
    ],
    ['high availability', { managed: true }, seen, /high availability decides.*ha-manager migrate ct:1042 pve2/s],
    [
      'a storage that is not there',
      { there: [room('fast'), room('slow', { content: ['backup'] })] },
      present(container(), { volumes: {} }),
      /pve2 has no storage for rootfs on local-lvm.*name one of fast for every disk/s,
    ],
    [
      'a storage that cannot send',
      { here: [room('local-lvm', { type: 'iscsi' })] },
      seen,
      /cannot send rootfs on local-lvm/,
    ],
    [
      'a linked clone',
      { clones: new Map([[ROOT, 'base-1-disk-0']]) },
      seen,
      /rootfs is a linked clone of base-1-disk-0/,
    ],
    [
      'a snapshot of somebody',
      { snapshots: [{ name: 'mine', droppable: false, volumes: [ROOT] }] },
      seen,
      /somebody else took \(mine\).*drop_snapshots: \[mine\]/s,
    ],
    [
      'too little room',
      { there: [room('local-lvm', { available: GIB })] },
      present(container({}, { used: 3 * GIB })),
      /local-lvm has 1.0 GiB left there for 3.0 GiB/,
    ],
  ])('is refused with %s', (_, more, there, reason) => {
    const { refusals } = goes(more, there, desired({ ...wanted, volumes: [] }));
    expect(refusals.map(({ reason: text, advice }) => [text, ...advice].join('\n')).join('\n')).toMatch(reason);
    expect(refusals[0]?.reason).toMatch(/^Unable to migrate container 1042 from pve to pve2/);
  });

  it('is refused while a volume of it is in no config, which would stay behind', () => {
    const volid = 'local-lvm:vm-1042-disk-7';
    const held = present(container(), { volumes: { data: volid } });
    expect(goes({}, held).refusals.map(({ reason }) => reason)).toEqual([
      `Unable to migrate container 1042: volume data (${volid}) is in no config, and would stay on pve`,
    ]);
    expect(planOf(wanted, held, { migrating: facts(), missing: new Set([volid]) }).refusals).toEqual([]);
  });

  it('sends its disks to the storage that git names for all of them, where theirs is not there', () => {
    const plan = goes({ there: [room('fast')] }, seen, { ...wanted, rootfs: { storage: 'fast', size: 8 } });
    expect(kinds(plan.steps)).toEqual(['migrate']);
    expect(plan.steps[0]).toMatchObject({ to: 'pve2', storage: 'fast' });
    expect(plan.refusals).toEqual([]);
  });

  it('moves disks there, when their own storage is there too', () => {
    const both = { there: [room('fast'), room('local-lvm')] };
    const plan = goes(both, seen, { ...wanted, rootfs: { storage: 'fast', size: 8 } });
    expect(kinds(plan.steps)).toEqual(['migrate', 'move', 'start']);
    expect(plan.refusals).toEqual([]);
    const nowhere = goes({}, seen, { ...wanted, rootfs: { storage: 'fast', size: 8 } });
    expect(nowhere.refusals[0]?.reason).toContain('Unable to move rootfs of container 1042 to fast');
  });

  it('drops snapshots of ours that cannot be sent, and none that can', () => {
    const snapshots = [{ name: 'pgo_1', droppable: true, volumes: [ROOT] }];
    expect(goes({ snapshots }).steps[0]).toMatchObject({ drops: ['pgo_1'] });
    const zfs = room('local-lvm', { type: 'zfspool' });
    expect(goes({ snapshots, here: [zfs], there: [zfs] }).steps[0]).toMatchObject({ drops: [] });
  });

  it('keeps its way back once it is there, where that is to be had', () => {
    const good = { good: { commit: 'a'.repeat(40), at: '2026-01-01T00:00:00Z' } };
    const due = { baseline: 'b1', configuration: 'c2', force: false };
    const wayBack = { snapshotPossible: true, backupStorage: undefined, used: GIB };
    const away = planOf(wanted, present(container(), good), { due, wayBack, migrating: facts() });
    expect(kinds(away.steps)).toEqual(['migrate', 'configure']);
    const there = planOf(wanted, present(container({}, { node: 'pve2' }), good), { due, wayBack });
    expect(kinds(there.steps)).toEqual(['keep', 'configure']);
    expect(mark(good).good).toBeDefined();
  });
});
