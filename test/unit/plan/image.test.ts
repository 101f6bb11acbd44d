import { describe, expect, it } from 'vitest';
import type { BaseImage, ImageFacts } from '../../../src/model/image.ts';
import type { StorageKind } from '../../../src/model/resources.ts';
import { createPlan } from '../../../src/plan/create.ts';
import {
  ageText,
  type ImageChoice,
  imageFacts,
  imageParameters,
  newestFirst,
  sharedStorage,
} from '../../../src/plan/image.ts';
import { renderPlan } from '../../../src/report/plan.ts';
import { DEBIAN_12, desired } from './samples.ts';

const storage = (name: string, linkedClones: boolean): StorageKind => ({
  storage: name,
  type: linkedClones ? 'lvmthin' : 'dir',
  content: ['rootdir'],
  shared: false,
  snapshots: linkedClones,
  linkedClones,
  reassign: true,
});
const STORAGES = [storage('local-lvm', true), storage('slow', false)];

function image(changes: Partial<BaseImage> = {}, config: Readonly<Record<string, string>> = {}): BaseImage {
  const net0 = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=192.168.178.42/24';
  const known = { template: '1', net0, ...config };
  return {
    state: { vmid: 800_000, node: 'pve', running: false, config: known, pending: {}, digest: 'd' },
    name: 'debian-12-abc',
    key: 'abc',
    kind: 'debian-12',
    template: DEBIAN_12,
    built: '2026-11-01T00:00:00.000Z',
    hostKeys: ['SHA256:image'],
    upgraded: true,
    storage: 'local-lvm',
    size: 2,
    ...changes,
  };
}

function facts(images: readonly BaseImage[], changes: Partial<ImageChoice> = {}): ImageFacts | undefined {
  return imageFacts({
    settings: { mode: 'build', vmidBase: 800_000, maxAgeDays: 14 },
    key: 'abc',
    name: 'debian-12-abc',
    desired: desired(),
    vmid: 1042,
    node: 'pve',
    images,
    storages: STORAGES,
    ...changes,
  });
}

describe('what a new container is made from', () => {
  const with_ = (changes: Parameters<typeof desired>[0]) => ({ desired: desired(changes) });

  it.each([
    ['no image, build', facts([]), { build: true }],
    ['no image, use', facts([], { settings: { mode: 'use', vmidBase: 1, maxAgeDays: 1 } }), { build: false }],
    ['one of its key', facts([image()]), { build: false, source: { vmid: 800_000, kind: 'linked' } }],
    ['one of another key', facts([image({ key: 'other' })]), { build: true }],
    ['one that is not finished', facts([image({ built: undefined as never })]), { build: true }],
    ['one that is no template yet', facts([image({}, { template: '0' })]), { build: true }],
    [
      'one on a storage without bases',
      facts([image({ storage: 'slow' }, { template: '0' })]),
      { source: { kind: 'full' } },
    ],
    [
      'a disk elsewhere',
      facts([image()], with_({ rootfs: { storage: 'slow', size: 8 } })),
      { source: { kind: 'full' } },
    ],
    ['no network to build it in', facts([], with_({ interfaces: [] })), { build: false }],
  ])('%s', (_, found, expected) => expect(found).toMatchObject(expected));

  it.each([
    ['off', facts([image()], { settings: { mode: 'off', vmidBase: 1, maxAgeDays: 1 } })],
    ['a privileged container', facts([image()], with_({ unprivileged: false }))],
    ['a smaller disk', facts([image()], with_({ rootfs: { storage: 'local-lvm', size: 1 } }))],
  ])('%s: its template', (_, found) => expect(found).toBeUndefined());

  it('the newest of those that can be linked', () => {
    const older = image({ built: '2026-10-01T00:00:00.000Z' });
    const full = image({ storage: 'slow', built: '2026-11-20T00:00:00.000Z' });
    const newest = { ...image(), state: { ...image().state, vmid: 800_003 } };
    expect(facts([older, full, newest])?.source?.vmid).toBe(800_003);
  });

  it('one on another node, where that is said', () => {
    const there = image();
    const source = facts([{ ...there, state: { ...there.state, node: 'pve2' } }])?.source;
    expect(source).toMatchObject({ vmid: 800_000, node: 'pve2', kind: 'linked' });
    expect(facts([image()])?.source?.node).toBeUndefined();
  });

  it('a storage is one node’s own, or shared', () => {
    const nfs = { ...storage('nfs', false), shared: true };
    expect(sharedStorage('nfs', [...STORAGES, nfs])).toBe('nfs');
    expect(sharedStorage('local-lvm', [...STORAGES, nfs])).toBeUndefined();
    expect(sharedStorage('other', [nfs])).toBeUndefined();
  });

  it('has the MAC address that its neighbours know only where the image was built for it, at its address', () => {
    expect(facts([image({ for: 1042 })])?.source?.mac).toBe('BC:24:11:00:00:01');
    expect(facts([image()])?.source?.mac).toBeUndefined();
    expect(facts([image({ for: 1043 })])?.source?.mac).toBeUndefined();
    const elsewhere = { net0: 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=192.168.178.99/24' };
    expect(facts([image({ for: 1042 }, elsewhere)])?.source?.mac).toBeUndefined();
  });
});

describe('the plan of a new container', () => {
  const NOW = new Date('2026-11-04T01:00:00Z');
  const planned = (images: ImageFacts | undefined, without: readonly string[] = []) => {
    const absent = { kind: 'absent', vmid: 1042, node: 'pve' } as const;
    const templates = {
      storage: 'local',
      present: [{ volid: DEBIAN_12, os: 'debian', release: '12', version: '12.7-1' }],
      offered: [],
    };
    const due = { baseline: 'b', configuration: 'c', force: false };
    return createPlan(
      {
        desired: desired(),
        observed: absent,
        templates,
        due,
        now: NOW,
        without: new Set(without),
        ...(images === undefined ? {} : { images }),
      },
      absent,
    );
  };
  const kinds = (body: ReturnType<typeof planned>) => body.steps.map(({ kind }) => kind);

  it('builds the image once, and clones', () => {
    expect(kinds(planned(facts([])))).toEqual(['image', 'create', 'start', 'baseline', 'configure']);
    expect(kinds(planned(facts([]), ['image']))).toEqual(['create', 'start', 'baseline', 'configure']);
  });

  it('says which image, how old it is, and when it is too old', () => {
    const whole = {
      ...planned(facts([image()])),
      ...{ name: 'apache', stage: 'main', vmid: 1042, node: 'pve', hostname: 'apache', address: 'x' },
      wayBack: 'none',
    };
    const text = renderPlan(whole).join('\n');
    expect(text).toContain('clone container 1042 from image debian-12-abc');
    expect(text).toContain('template: clone from image debian-12-abc (built 3 days ago)');
    expect(planned(facts([image()])).notes).toEqual([]);
    const old = facts([image({ built: '2026-10-01T00:00:00.000Z' })]);
    expect(planned(old).notes).toEqual([
      'image debian-12-abc was built 34 days ago: pve-gitops image build makes a new one',
    ]);
  });
});

it('an image is built at the first address, with no more than that', () => {
  expect(imageParameters(desired(), 'debian-12-abc', 'BC:24:11:00:00:02')).toMatchObject({
    hostname: 'image-debian-12-abc',
    onboot: 0,
    unprivileged: 1,
    rootfs: 'local-lvm:2',
    net0: expect.stringMatching(/ip=192\.168\.178\.42\/24.*hwaddr=BC:24:11:00:00:02/),
  });
});

it.each([
  ['2026-11-01T00:00:00Z', '0 minutes ago'],
  ['2026-10-31T23:59:00Z', '1 minute ago'],
  ['2026-10-31T20:00:00Z', '4 hours ago'],
  ['2026-10-20T00:00:00Z', '12 days ago'],
  ['2026-11-02T00:00:00Z', '0 minutes ago'],
])('built %s is %s', (built, text) => expect(ageText(built, new Date('2026-11-01T00:00:00Z'))).toBe(text));

describe('of two images', () => {
  it.each([
    ['the later one', { vmid: 1, built: '2026-01-02T00:00:00Z' }, { vmid: 2, built: '2026-01-01T00:00:00Z' }],
    ['in one second that of the higher vmid', { vmid: 2, built: 'x' }, { vmid: 1, built: 'x' }],
    ['one that was finished', { vmid: 1, built: 'x' }, { vmid: 2, built: undefined }],
  ])('%s is the newer one', (_, newer, older) => {
    expect([older, newer].toSorted(newestFirst)).toEqual([newer, older]);
  });
});
