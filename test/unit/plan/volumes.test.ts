import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Volume } from '../../../src/model/desired.ts';
import { volumesForMark } from '../../../src/plan/volumes.ts';
import type { There } from './after.ts';
import { checkIdempotence, checkPlan, kinds, planOf, type Row, seenBy, settle } from './planner.ts';
import { desired, mark } from './samples.ts';

const GIB = 1024 ** 3;
const DATA = 'local-lvm:vm-1042-disk-1';
const AT_DATA = `${DATA},mp=/srv/data,backup=1,size=8G`;

const volume = (more: Partial<Volume> = {}): Volume => ({
  name: 'data',
  path: '/srv/data',
  storage: 'local-lvm',
  size: 8,
  backup: true,
  readOnly: false,
  options: [],
  ...more,
});
/** What protection comes to is looked at in protection.test.ts. */
const wants = (...volumes: readonly Volume[]) => ({ volumes, protection: false });
const BOOK = { volumes: { data: DATA } };

const ROWS: readonly Row[] = [
  {
    name: 'a new one',
    desired: wants(volume()),
    steps: ['update'],
    field: 'volume data  8 GiB on local-lvm at /srv/data none',
    after: { mp0: AT_DATA },
  },
  { name: 'as it is', desired: wants(volume()), config: { mp0: AT_DATA }, mark: BOOK, steps: [] },
  { name: 'known by its path alone', desired: wants(volume()), config: { mp5: AT_DATA }, steps: [] },
  {
    name: 'as the server may write it',
    desired: wants(volume({ options: ['noatime', 'nodev'], readOnly: true })),
    config: { mp0: `volume=${DATA},backup=1,mountoptions=nodev;noatime,mp=/srv/data/,replicate=1,ro=1,size=8G` },
    mark: BOOK,
    steps: [],
  },
  {
    name: 'larger: live',
    desired: wants(volume({ size: 12 })),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['resize'],
    field: 'volume data size 8 GiB 12 GiB none',
    after: { mp0: `${DATA},mp=/srv/data,backup=1,size=12G` },
  },
  {
    name: 'another path',
    desired: wants(volume({ path: '/srv/files' })),
    config: { mp3: `${AT_DATA},shared=1` },
    mark: BOOK,
    steps: ['update', 'restart'],
    field: 'volume data /srv/data /srv/files restart',
    after: { mp3: `${DATA},mp=/srv/files,backup=1,size=8G,shared=1` },
  },
  {
    name: 'larger and elsewhere: the new value has the new size',
    desired: wants(volume({ path: '/srv/files', size: 9 })),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['resize', 'update', 'restart'],
    after: { mp0: `${DATA},mp=/srv/files,backup=1,size=9G` },
  },
  {
    name: 'options',
    desired: wants(
      volume({ readOnly: true, options: ['noexec'], backup: false, acl: true, quota: true, replicate: false }),
    ),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['update', 'restart'],
    after: { mp0: `${DATA},mp=/srv/data,ro=1,mountoptions=noexec,acl=1,quota=1,replicate=0,size=8G` },
  },
  {
    name: 'another storage',
    desired: wants(volume({ storage: 'fast' })),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['move', 'start'],
    field: 'volume data storage local-lvm fast restart',
    after: { mp0: 'fast:vm-1042-disk-1,mp=/srv/data,backup=1,size=8G' },
  },
  {
    name: 'another storage, path and size',
    desired: wants(volume({ storage: 'fast', path: '/srv/files', size: 9 })),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['move', 'resize', 'update', 'start'],
    after: { mp0: 'fast:vm-1042-disk-1,mp=/srv/files,backup=1,size=9G', unused0: undefined },
  },
  {
    name: 'detached, and written again for another storage: attached, then moved',
    desired: wants(volume({ storage: 'fast' })),
    config: { unused0: DATA },
    mark: BOOK,
    steps: ['update', 'move', 'start'],
    after: { mp0: 'fast:vm-1042-disk-1,mp=/srv/data,backup=1', unused0: undefined },
  },
  {
    name: 'moved by a run that was killed before it noted it',
    desired: wants(volume({ storage: 'fast' })),
    config: { mp0: 'fast:vm-1042-disk-1,mp=/srv/data,backup=1,size=8G' },
    state: { running: false },
    mark: { ...BOOK, moving: [{ key: 'mp0', from: DATA, storage: 'fast' }] },
    steps: ['start'],
  },
  {
    name: 'taken out of git: detached and kept',
    desired: wants(),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['update', 'restart'],
    field: 'volume data /srv/data detached restart',
    after: { mp0: undefined, unused0: DATA },
  },
  {
    name: 'taken out while stopped',
    desired: wants(),
    config: { mp0: AT_DATA },
    mark: BOOK,
    state: { running: false },
    steps: ['update', 'start'],
  },
  {
    name: 'written again: the same one comes back, live',
    desired: wants(volume()),
    config: { unused0: DATA },
    mark: BOOK,
    steps: ['update'],
    field: 'volume data detached /srv/data none',
    after: { mp0: `${DATA},mp=/srv/data,backup=1`, unused0: undefined },
  },
  {
    name: 'written again before the restart that takes it out',
    desired: wants(volume()),
    config: { mp4: AT_DATA },
    state: { pending: { mp4: null } },
    mark: BOOK,
    steps: ['update'],
    after: { mp4: `${DATA},mp=/srv/data,backup=1,size=8G`, unused0: undefined },
  },
  {
    name: 'in no config, but in the mark: the same one is attached again',
    desired: wants(volume()),
    mark: BOOK,
    steps: ['update'],
    after: { mp0: `${DATA},mp=/srv/data,backup=1` },
  },
  {
    name: 'deleted: detached, then destroyed',
    desired: { deletedVolumes: ['data'] },
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['update', 'restart', 'discard'],
    after: { mp0: undefined, unused0: undefined },
  },
  {
    name: 'deleted once it is detached: no restart',
    desired: { deletedVolumes: ['data'] },
    config: { unused2: DATA },
    mark: BOOK,
    steps: ['discard'],
    after: { unused2: undefined },
  },
  { name: 'deleted already', desired: { deletedVolumes: ['data'] }, steps: [] },
  {
    name: 'another name at the same path: nothing happens to it',
    desired: wants(volume({ name: 'files' })),
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: [],
    after: { mp0: AT_DATA },
  },
  {
    name: 'another name while the old one is deleted: a new one',
    desired: { ...wants(volume({ name: 'files', path: '/srv/data' })), deletedVolumes: ['data'] },
    config: { mp0: AT_DATA },
    mark: BOOK,
    steps: ['update', 'restart', 'discard'],
    after: { mp1: 'local-lvm:vm-1042-disk-2,mp=/srv/data,backup=1,size=8G', mp0: undefined },
  },
  { name: 'made by hand', config: { mp0: AT_DATA, unused0: 'local-lvm:vm-1042-disk-7' }, steps: [] },
  {
    name: 'of another container, put in by hand',
    config: { mp0: 'local-lvm:vm-100-disk-1,mp=/srv/data,size=8G' },
    mark: { volumes: { data: 'local-lvm:vm-100-disk-1' } },
    steps: [],
    after: { mp0: 'local-lvm:vm-100-disk-1,mp=/srv/data,size=8G' },
  },
];

describe('volumes', () => {
  it.each(ROWS)('$name → $steps', checkPlan);
  it.each(ROWS.filter((row) => !row.steps.includes('replace')))('is empty after itself: $name', checkIdempotence);

  it('never shrink, and the error says what there is', () => {
    const row = { name: '', config: { mp0: AT_DATA }, mark: BOOK, steps: [] };
    expect(() => planOf(desired(wants(volume({ size: 4 }))), seenBy(row))).toThrow(
      'Unable to plan volume data: it has 8 GiB, and 4 GiB would cut off data',
    );
    // One that is detached: only its storage knows the size.
    const unused = seenBy({ name: '', config: { unused0: DATA }, mark: BOOK, steps: [] });
    const sizes = new Map([[DATA, 8 * GIB]]);
    expect(() => planOf(desired(wants(volume({ size: 4 }))), unused, { sizes })).toThrow('it has 8 GiB');
  });

  it('that are on their storage no more are never made anew in silence', () => {
    const seen = seenBy({ name: '', mark: BOOK, steps: [] });
    const missing = new Set([DATA]);
    expect(() => planOf(desired(wants(volume())), seen, { missing })).toThrow(
      `Unable to plan volume data: ${DATA} is on its storage no more`,
    );
    // Said on purpose, the name is forgotten.
    expect(planOf(desired({ deletedVolumes: ['data'] }), seen, { missing }).notes.join()).toContain('the line can go');
  });

  it('that a snapshot may hold keep their name until they are gone', () => {
    const seen = seenBy({ name: '', mark: BOOK, steps: [] });
    const wanted = desired({ deletedVolumes: ['data'] });
    const plan = planOf(wanted, seen, { sizes: new Map([[DATA, 8 * GIB]]) });
    expect(plan.steps).toEqual([]);
    expect(plan.notes).toEqual([`volume data (${DATA}) goes once no snapshot of the container holds it`]);
    expect(volumesForMark(seen.state, seen.mark, wanted, () => false)).toBeUndefined();
  });

  it('that come back larger grow once they are there', () => {
    const seen = seenBy({ name: '', config: { unused0: DATA }, mark: BOOK, steps: [] });
    const sizes = new Map([[DATA, 8 * GIB]]);
    const { steps } = planOf(desired(wants(volume({ size: 12 }))), seen, { sizes });
    expect(kinds(steps)).toEqual(['update', 'resize']);
    expect(steps[1]).toMatchObject({ disk: 'mp0', size: 12 });
  });

  it('are made with the container, what lies in another one after it', () => {
    const wanted = desired({
      volumes: [volume({ name: 'deep', path: '/srv/data/deep', size: 1, backup: false }), volume()],
      mounts: [{ kind: 'bind', host: '/a', path: '/b' }],
    });
    const [create] = planOf(wanted, { kind: 'absent', vmid: 1042, node: 'pve' }).steps;
    expect(create).toMatchObject({
      parameters: {
        mp0: '/a,mp=/b',
        mp1: 'local-lvm:8,mp=/srv/data,backup=1',
        mp2: 'local-lvm:1,mp=/srv/data/deep',
      },
    });
  });

  it.each([
    ['a new name', wants(volume()), { mp0: AT_DATA }, {}, { data: DATA }],
    ['nothing new', wants(volume()), { mp0: AT_DATA }, { data: DATA }, undefined],
    ['a detached one stays', {}, { unused0: DATA }, { data: DATA }, undefined],
    ['one in no config stays', {}, {}, { data: DATA }, undefined],
    ['a deleted one goes once it is gone', { deletedVolumes: ['data'] }, {}, { data: DATA }, {}],
    ['a deleted one stays until then', { deletedVolumes: ['data'] }, { unused0: DATA }, { data: DATA }, undefined],
    ['another name', wants(volume({ name: 'files' })), { mp0: AT_DATA }, { data: DATA }, { files: DATA }],
  ])('in the mark: %s', (_, fields, config, volumes, expected) => {
    const { state } = seenBy({ name: '', config, steps: [] });
    expect(volumesForMark(state, mark({ volumes }), desired(fields), () => true)).toEqual(expected);
  });

  it('say in the data line what becomes of them', () => {
    const row: Row = {
      name: '',
      config: {
        mp0: AT_DATA,
        mp1: 'local-lvm:vm-1042-disk-2,mp=/old,size=1G',
        mp2: 'local-lvm:vm-1042-disk-3,mp=/dead,size=2G',
        mp3: 'local-lvm:vm-1042-disk-4,mp=/hand,size=3G',
        unused0: 'local-lvm:vm-1042-disk-5',
      },
      mark: {
        volumes: {
          ...BOOK.volumes,
          old: 'local-lvm:vm-1042-disk-2',
          dead: 'local-lvm:vm-1042-disk-3',
          back: 'local-lvm:vm-1042-disk-5',
        },
      },
      steps: [],
    };
    const wanted = desired({
      volumes: [volume({ size: 12 }), volume({ name: 'back', path: '/back' }), volume({ name: 'new', path: '/new' })],
      deletedVolumes: ['dead'],
    });
    const { data } = planOf(wanted, seenBy(row), { sizes: new Map([['local-lvm:vm-1042-disk-5', 8 * GIB]]) });
    expect(data.map(({ name, fate, size, path }) => [name, fate, size, path].join(' ').trim())).toEqual([
      'root file system kept 8',
      'data kept 12 /srv/data',
      'old detached 1',
      'dead destroyed 2',
      'mp3 kept 3 /hand',
      'back attached 8 /back',
      'new new 8 /new',
    ]);
  });
});

/** What stands in git at one moment: for each name written, deleted or not there. */
const inGit = fc.record({
  a: fc.constantFrom('kept', 'kept elsewhere', 'larger', 'deleted', 'gone'),
  b: fc.constantFrom('kept', 'deleted', 'gone'),
  running: fc.boolean(),
});
type InGit = typeof inGit extends fc.Arbitrary<infer T> ? T : never;

/** Volumes never shrink, so one that has grown stays large in every later commit. */
function definitionOf(git: InGit, grown: ReadonlySet<string>) {
  const size = grown.has('a') || git.a === 'larger' ? 12 : 8;
  const path = git.a === 'kept elsewhere' ? '/elsewhere' : '/a';
  return desired({
    volumes: [
      ...(['kept', 'kept elsewhere', 'larger'].includes(git.a) ? [volume({ name: 'a', path, size })] : []),
      ...(git.b === 'kept' ? [volume({ name: 'b', path: '/b' })] : []),
    ],
    deletedVolumes: [...(git.a === 'deleted' ? ['a'] : []), ...(git.b === 'deleted' ? ['b'] : [])],
  });
}

const volids = ({ state }: There): readonly string[] =>
  Object.entries(state.config)
    .filter(([key]) => /^(mp|unused)\d+$/.test(key))
    .map(([, value]) => value.split(',')[0] ?? '');

it('any history of a definition: it ends, and no volume dies that git does not delete', () => {
  fc.assert(
    fc.property(fc.array(inGit, { maxLength: 6 }), (history) => {
      let seen = seenBy({ name: '', steps: [] });
      const grown = new Set<string>();
      for (const git of history) {
        const wanted = definitionOf(git, grown);
        if (git.a === 'larger') grown.add('a');
        seen = { ...seen, state: { ...seen.state, running: git.running } };
        const before = volids(seen);
        const named = seen.mark.volumes ?? {};
        const { now } = settle(wanted, seen);
        const doomed = wanted.deletedVolumes.map((name) => named[name]);
        expect(volids(now)).toEqual(expect.arrayContaining(before.filter((volid) => !doomed.includes(volid))));
        for (const name of wanted.deletedVolumes) expect(now.mark.volumes?.[name]).toBeUndefined();
        for (const { name } of wanted.volumes) {
          const volid = now.mark.volumes?.[name];
          expect(volid).toBe(named[name] ?? volid);
          expect(
            Object.entries(now.state.config).find(
              ([key, value]) => key.startsWith('mp') && value.startsWith(`${volid},`),
            ),
          ).toBeDefined();
        }
        if (wanted.deletedVolumes.includes('a')) grown.delete('a');
        seen = now;
      }
    }),
    { numRuns: 100 },
  );
}, 20_000);
