import { describe, expect, it } from 'vitest';
import { formerValues } from '../../../src/apply/back/take.ts';
import type { Desired, Volume } from '../../../src/model/desired.ts';
import type { Step } from '../../../src/model/plan.ts';
import { inPlace, withTodaysDisks } from '../../../src/plan/todays-disks.ts';
import { planOf, present } from './planner.ts';
import { container, DEBIAN_13, desired } from './samples.ts';

/** A past definition on the way back: whatever has become of disks since, none of them is the worse for it. */

const volume = (name: string, change: Partial<Volume> = {}): Volume => ({
  ...{ name, path: `/srv/${name}`, storage: 'local-lvm', size: 8, backup: true, readOnly: false, options: [] },
  ...change,
});
const DATA = 'local-lvm:vm-1042-disk-1';
const NEW = 'fast:vm-1042-disk-2';
const seen = present(
  container({
    rootfs: 'fast:vm-1042-disk-0,size=12G',
    mp0: `${DATA},mp=/srv/data,backup=1,size=16G`,
    mp1: `${NEW},mp=/srv/new,backup=1,size=2G`,
    unprivileged: undefined,
    protection: '1',
  }),
  { volumes: { data: DATA, new: NEW }, template: DEBIAN_13, guarded: true },
);
const now = desired({ volumes: [volume('data', { size: 16 }), volume('new', { size: 2, storage: 'fast' })] });

function back(past: Partial<Desired>): Desired {
  return inPlace(withTodaysDisks(desired(past), seen, now), seen);
}

describe('a past definition with the disks of today', () => {
  it.each<[string, Partial<Desired>]>([
    ['smaller disks', { volumes: [volume('data')], rootfs: { storage: 'local-lvm', size: 8 } }],
    ['another storage', { volumes: [volume('data', { storage: 'slow' })], rootfs: { storage: 'slow', size: 12 } }],
    ['a volume that it does not know', { volumes: [volume('data', { size: 16 })] }],
    ['a volume that it deletes', { volumes: [], deletedVolumes: ['data', 'new'] }],
    ['another node', { nodes: ['pve2'], volumes: now.volumes }],
    ['another template and other privileges', { template: { kind: 'volid', volid: 'x' }, volumes: now.volumes }],
    ['another vmid', { vmid: { kind: 'fixed', vmid: 1050 }, volumes: now.volumes }],
  ])('%s: nothing is due', (_, past) => {
    expect(planOf(back(past), seen).steps).toEqual([]);
  });

  it('a volume that was taken out comes back at its path', () => {
    const config = { unused0: DATA, mp1: `${NEW},mp=/srv/new,backup=1,size=2G`, unprivileged: undefined };
    const without = present(container(config), { volumes: { data: DATA, new: NEW }, template: DEBIAN_13 });
    const wanted = inPlace(withTodaysDisks(desired({ volumes: [volume('data')] }), without, now), without);
    const [step] = planOf(wanted, without).steps;
    expect(step).toMatchObject({ kind: 'update', set: { mp0: `${DATA},mp=/srv/data,backup=1` } });
  });

  it('what else it says holds', () => {
    expect(planOf(back({ volumes: now.volumes, memory: 512 }), seen).steps).toMatchObject([
      { kind: 'update', set: { memory: 512 } },
    ]);
  });
});

describe('values that a change is about to set', () => {
  const update = (
    set: Readonly<Record<string, string | number>>,
    remove: readonly string[] = [],
    reserved?: true,
  ): Step => ({
    ...{ kind: 'update', set, remove, changes: [], reason: '', disruption: 'none' },
    ...(reserved === undefined ? {} : { reserved }),
  });
  const { state } = seen;

  it('are noted as they are, absent ones too; what holds a disk, and what only root may set, is not', () => {
    const steps = [
      update({ memory: 4096, cpulimit: 2, mp0: 'x', rootfs: 'y', protection: 1, tags: 'a' }, ['swap', 'mp1']),
      update({ features: 'mknod=1' }, [], true),
    ];
    expect(formerValues(state, steps)).toEqual({ memory: '2048', cpulimit: '', swap: '512' });
  });

  it('are none where nothing is updated, or where the mark has no room for them', () => {
    expect(formerValues(state, [{ kind: 'start', reason: '', disruption: 'none' }])).toBeUndefined();
    const long = { ...state, config: { ...state.config, searchdomain: 'x'.repeat(1100) } };
    expect(formerValues(long, [update({ searchdomain: 'y' })])).toBeUndefined();
  });
});
