import { describe, expect, it } from 'vitest';
import type { ReplacementStep } from '../../../src/model/replacement.ts';
import { CANDIDATE, LIVE, type Wish, World } from './replacement-world.ts';

const VOLUMES = {
  mp1: 'other:subvol-1042-disk-3,mp=/srv,size=1G',
  mp2: '/host/share,mp=/share',
  unused0: 'local-lvm:vm-1042-disk-7',
  protection: '1',
};

const world = (wish: Wish = {}, config: Record<string, string> = VOLUMES): World => {
  const made = new World(wish, config);
  made.snapshots = [{ name: 'pgo_1', droppable: true }];
  made.changes = true;
  return made;
};

/** Whose content must never be missing. */
const KEPT = ['content of mp0', 'content of mp1', 'content of unused0'];

function expectNothingLost(here: World, when: string): void {
  const contents = [...here.volumes.values()].map(({ content }) => content);
  expect({ when, lost: KEPT.filter((content) => !contents.includes(content)) }).toEqual({ when, lost: [] });
  expect({ when, freed: here.freed }).toEqual({ when, freed: [] });
}

const finished = (wish: Wish): unknown => {
  const here = world(wish);
  here.run();
  return here.end();
};

const modes: [string, Wish][] = [
  ['beside, backed up before', {}],
  ['beside, backed up in the downtime', { backup: 'after' }],
  ['beside, without a way back', { backup: 'none' }],
  ['in place', { inPlace: true }],
];

describe.each(modes)('a replace %s', (_name, wish) => {
  it('ends with the new root file system, every volume and nothing left over', () => {
    const here = world(wish);
    const steps = here.run();
    expect(steps.at(-1)).toBe('end');
    const box = here.box(LIVE);
    expect([...here.boxes.keys()]).toEqual([LIVE]);
    expect(box.running).toBe(true);
    expect(box.config).toMatchObject({ protection: '1', net0: expect.stringContaining('BC:24:11:00:00:01') });
    expect(box.mark.promotion).toBeUndefined();
    expect(box.mark.hostKeys).toEqual(['SHA256:abc']);
    const content = (key: string) => here.volumes.get((box.config[key] ?? '').split(',')[0] ?? '')?.content;
    expect(['rootfs', 'mp0', 'mp1', 'unused0'].map(content)).toEqual(['new root goal-1', ...KEPT]);
    expect(box.mark.volumes).toEqual({ data: (box.config.mp0 ?? '').split(',')[0] });
    expect(here.archives.map(({ kind }) => kind)).toEqual(wish.backup === 'none' ? [] : ['before']);
    expectNothingLost(here, 'the end');
  });

  it('never has the live one stopped before the candidate is proven and archived', () => {
    const here = world(wish);
    const kinds: string[] = [];
    for (let step = here.next(); step !== undefined && step.kind !== 'end'; step = here.next()) {
      kinds.push(step.kind === 'stop' ? `stop ${step.vmid}` : step.kind);
      here.take(step);
    }
    const stopped = kinds.indexOf(`stop ${LIVE}`);
    const before = wish.inPlace === true ? ['create-candidate'] : ['prove', 'carry-keys', 'archive', 'drop-snapshot'];
    for (const kind of before) expect(kinds.indexOf(kind)).toBeLessThan(stopped);
    expect(kinds.filter((kind) => kind === 'give')).toHaveLength(2 * KEPT.length);
    expect(kinds.indexOf('restore')).toBeGreaterThan(kinds.indexOf('give'));
  });

  it('comes to the same end from every instant, also from half of a step', () => {
    const end = finished(wish);
    let tried = 0;
    for (const half of [undefined, 'first', 'second'] as const) {
      for (let at = 0; ; at += 1) {
        const here = world(wish);
        let step = here.next();
        for (let index = 0; index < at && step !== undefined && step.kind !== 'end'; index += 1) {
          here.take(step);
          step = here.next();
        }
        if (step === undefined || step.kind === 'end') break;
        if (!takeHalf(here, step, half)) continue;
        const when = `${half ?? 'before'} ${step.kind} (${at})`;
        expectNothingLost(here, when);
        here.looked = false;
        const taken = here.run();
        // A server that died between a rename and its config leaves a line that only a person may take out.
        if (taken.at(-1) === 'blocked') {
          expect([when, half]).toEqual([when, 'first']);
          mendDeadLine(here);
          here.run();
        }
        expectNothingLost(here, when);
        expect({ when, end: here.end() }).toEqual({ when, end });
        tried += 1;
      }
    }
    expect(tried).toBeGreaterThan(30);
  });

  it('that fails at any step gives the old one back with everything', () => {
    const old = world(wish);
    old.snapshots = [];
    for (let at = 2; ; at += 1) {
      const here = world(wish);
      const done: string[] = [];
      let step = here.next();
      for (let index = 0; index < at && step !== undefined && step.kind !== 'end'; index += 1) {
        here.take(step);
        done.push(step.kind);
        step = here.next();
      }
      if (step === undefined || step.kind === 'end' || !here.boxes.has(CANDIDATE)) break;
      const renewed = done.includes('restore');
      if (renewed && wish.backup === 'none') break;
      if (step.kind.startsWith('remove')) break;
      here.note(CANDIDATE, { back: true });
      const when = `${step.kind} (${at})`;
      expect({ when, last: here.run().at(-1) }).toEqual({ when, last: 'end' });
      expectNothingLost(here, when);
      const box = here.box(LIVE);
      const config = { ...old.box(LIVE).config };
      const shape = (values: Record<string, string>) => Object.keys(values).toSorted();
      expect({ when, keys: shape(box.config) }).toEqual({ when, keys: shape(config) });
      const content = (key: string) => here.volumes.get((box.config[key] ?? '').split(',')[0] ?? '')?.content;
      expect({ when, is: ['rootfs', 'mp0', 'mp1', 'unused0'].map(content) }).toEqual({
        when,
        is: ['old root', ...KEPT],
      });
      expect([box.running, box.config.mp2, box.config.protection]).toEqual([true, VOLUMES.mp2, '1']);
      expect(box.mark.volumes).toEqual({ data: (box.config.mp0 ?? '').split(',')[0] });
      expect([...here.boxes.keys()]).toEqual([LIVE]);
      // It serves, and needs no backup of itself.
      expect({ when, archives: here.archives }).toEqual({ when, archives: [] });
    }
  });

  it('for which git says something else meanwhile begins anew, from every instant', () => {
    for (let at = 1; ; at += 1) {
      const here = world(wish);
      let step = here.next();
      for (let index = 0; index < at && step !== undefined && step.kind !== 'end'; index += 1) {
        here.take(step);
        step = here.next();
      }
      if (step === undefined || step.kind === 'end') break;
      const renewed = here.boxes.get(LIVE)?.mark.promotion?.renewed === true;
      here.wish.goal = 'goal-2';
      here.run();
      if (renewed) here.run();
      if (here.box(LIVE).mark.promotion === undefined && rootOf(here) !== 'new root goal-2') here.run();
      const when = `${step.kind} (${at})`;
      expect({ when, root: rootOf(here) }).toEqual({ when, root: 'new root goal-2' });
      expectNothingLost(here, when);
    }
  });
});

const rootOf = (here: World): string | undefined =>
  here.volumes.get((here.box(LIVE).config.rootfs ?? '').split(',')[0] ?? '')?.content;

/** false: this step has no such half. */
function takeHalf(here: World, step: ReplacementStep, half: 'first' | 'second' | undefined): boolean {
  if (half === undefined) return true;
  if (step.kind === 'give') {
    here.give(step.from, step.to, step.key, half === 'first' ? 'renamed' : 'out');
    // Lines of unused volumes have neither size nor options to know one by.
    return true;
  }
  if (step.kind === 'restore') {
    here.restore(step.archive, step.what, step.over, half === 'first' ? 'gone' : 'rootless');
    return true;
  }
  return false;
}

/** What the advice tells the person to do. */
function mendDeadLine(here: World): void {
  for (const box of here.boxes.values()) {
    for (const [key, value] of Object.entries(box.config)) {
      const isVolume = /^(mp|unused)\d+$/.test(key) && !value.startsWith('/');
      if (isVolume && !here.volumes.has(value.split(',')[0] ?? '')) delete box.config[key];
    }
  }
}

describe('what stops a replace', () => {
  it('a snapshot of somebody else, before anything is done', () => {
    const here = world();
    here.snapshots.push({ name: 'mine', droppable: false });
    expect(here.run()).toEqual(['blocked']);
    expect(here.next()).toMatchObject({
      advice: [expect.stringContaining('drop_snapshots: [mine]'), expect.anything()],
    });
    expect(here.box(LIVE).running).toBe(true);
  });

  it('a volume that two could be: neither is touched', () => {
    const here = world({}, {});
    while (here.next()?.kind !== 'give') here.take(here.next() as ReplacementStep);
    here.give(LIVE, CANDIDATE, 'mp0', 'out');
    here.allocate(CANDIDATE, 'somebody else’s', 2);
    expect(here.run().at(-1)).toBe('blocked');
    expect([...here.volumes.values()].map(({ content }) => content)).toContain('content of mp0');
  });

  it('a volume that somebody gave the candidate', () => {
    const here = world({}, {});
    while (here.next()?.kind !== 'remove-candidate') here.take(here.next() as ReplacementStep);
    here.box(CANDIDATE).config.mp5 = `${here.allocate(CANDIDATE, 'a guest', 1)},mp=/guest`;
    expect(here.run()).toEqual(['blocked']);
    expect(here.boxes.has(CANDIDATE)).toBe(true);
  });

  it('nothing that is due', () => {
    expect(world({ goal: undefined }).next()).toBeUndefined();
  });
});

const HALVES = ['gone', 'rootless', 'orphaned'] as const;

describe('when the restore of the new root file system fails for good', () => {
  it.each(HALVES)('%s, with a backup: the old one comes back', (half) => {
    const here = failedRestore({ backup: 'after' }, half);
    expect(here.run().at(-1)).toBe('end');
    expect(rootOf(here)).toBe('old root');
    expectNothingLost(here, half);
    expect([...here.volumes.keys()].filter((volid) => !here.named().includes(volid))).toEqual([]);
    expect(here.archives).toEqual([]);
  });

  it('the backup stays as long as what came back does not come up', () => {
    const here = failedRestore({ backup: 'after' }, 'gone');
    here.comesUp = false;
    expect(here.run().at(-1)).toBe('end');
    expect(here.archives.map(({ kind }) => kind)).toEqual(['before']);
  });

  it.each(HALVES)('%s, without one: the candidate serves, and the next run goes on', (half) => {
    const here = failedRestore({ backup: 'none' }, half);
    expect(here.run().at(-1)).toBe('serve');
    expect(here.running()).toEqual([CANDIDATE]);
    expect(here.box(CANDIDATE).config.net0).toContain('BC:24:11:00:00:01');
    here.run();
    expect(rootOf(here)).toBe('new root goal-1');
    expectNothingLost(here, half);
    expect([...here.volumes.keys()].filter((volid) => !here.named().includes(volid))).toEqual([]);
  });
});

function failedRestore(wish: Wish, half: (typeof HALVES)[number]): World {
  const here = world(wish);
  for (let step = here.next(); step !== undefined; step = here.next()) {
    if (step.kind === 'restore') {
      here.restore(step.archive, step.what, step.over, half);
      here.note(CANDIDATE, { back: true });
      here.looked = true;
      return here;
    }
    here.take(step);
  }
  throw new Error('no restore');
}
