import { describe, expect, it } from 'vitest';
import { checkIdempotence, checkPlan, kinds, planOf, type Row, seenBy } from './planner.ts';
import { desired } from './samples.ts';

const FEATURES = { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] };
const USB = '/dev/ttyUSB0';

const ROWS: readonly Row[] = [
  // Processor
  { name: 'a cpu limit', desired: { cpuLimit: 1.5 }, steps: ['update'], field: 'cpu limit 0 1.5 none' },
  { name: 'the same limit in other digits', desired: { cpuLimit: 2 }, config: { cpulimit: '2.0' }, steps: [] },
  { name: 'a limit as the server writes it', desired: { cpuLimit: 1.5 }, config: { cpulimit: '1.5' }, steps: [] },
  { name: 'no limit where there is none', desired: { cpuLimit: 0 }, steps: [] },
  {
    name: 'a limit taken away',
    desired: { cpuLimit: 0 },
    config: { cpulimit: '1' },
    steps: ['update'],
    field: 'cpu limit 1 0 none',
  },
  { name: 'a limit that nobody wrote', config: { cpulimit: '3' }, steps: [], after: { cpulimit: '3' } },
  { name: 'cpu units', desired: { cpuUnits: 200 }, steps: ['update'], field: 'cpu units  200 none' },
  { name: 'cpu units that nobody wrote', config: { cpuunits: '500' }, steps: [] },
  // Start
  {
    name: 'a startup order',
    desired: { startup: { order: 1, up: 30 } },
    steps: ['update'],
    field: 'startup  order=1,up=30 none',
  },
  {
    name: 'the same startup in another form',
    desired: { startup: { order: 1, up: 30 } },
    config: { startup: '1,up=30' },
    steps: [],
  },
  { name: 'a startup that nobody wrote', config: { startup: 'order=3' }, steps: [], after: { startup: 'order=3' } },
  { name: 'protection on', desired: { protection: true }, steps: ['update'], field: 'protection 0 1 none' },
  { name: 'protection off', desired: { protection: false }, config: { protection: '1' }, steps: ['update'] },
  { name: 'protection that nobody wrote', config: { protection: '1' }, steps: [], after: { protection: '1' } },
  { name: 'no protection, said', desired: { protection: false }, steps: [] },
  // Names
  {
    name: 'name servers wait for a restart',
    desired: { nameserver: '1.1.1.1 9.9.9.9' },
    steps: ['update', 'restart'],
    field: 'nameserver host settings 1.1.1.1 9.9.9.9 restart',
  },
  {
    name: 'the same name servers with other separators',
    desired: { nameserver: '1.1.1.1 9.9.9.9' },
    config: { nameserver: '1.1.1.1,9.9.9.9' },
    steps: [],
  },
  { name: 'name servers taken away', config: { nameserver: '1.1.1.1' }, steps: ['update', 'restart'] },
  { name: 'an empty value that somebody stored', config: { searchdomain: ' ' }, steps: [] },
  {
    name: 'a search domain while stopped',
    desired: { searchdomain: 'home' },
    state: { running: false },
    steps: ['update', 'start'],
  },
  // Tags and text
  {
    name: 'tags that git writes are all there are, beside ours',
    desired: { tags: ['web', 'prod'] },
    config: { tags: 'old;pve-gitops' },
    steps: ['update'],
    field: 'tags old;pve-gitops prod;pve-gitops;web none',
  },
  {
    name: 'the same tags in another order and case',
    desired: { tags: ['web', 'prod'] },
    config: { tags: 'Web,pve-gitops;PROD' },
    steps: [],
  },
  {
    name: 'no tags but ours',
    desired: { tags: [] },
    config: { tags: 'a;pve-gitops' },
    steps: ['update'],
    after: { tags: 'pve-gitops' },
  },
  {
    name: 'a description',
    desired: { description: 'Web server\n\nAsk Ann.' },
    steps: ['update'],
    field: 'description  Web server … none',
  },
  {
    name: 'the same description after the server had it',
    desired: { description: 'Web server\r\nAsk Ann.\n\n' },
    seen: { text: 'Web server\nAsk Ann.' },
    steps: [],
  },
  { name: 'a description that nobody wrote', seen: { text: 'by hand' }, steps: [] },
  // Pool and place
  { name: 'a pool', desired: { pool: 'web' }, steps: ['pool'], field: 'pool  web none' },
  {
    name: 'another pool',
    desired: { pool: 'web' },
    seen: { pool: 'old' },
    steps: ['pool'],
    field: 'pool old web none',
  },
  { name: 'the pool it is in', desired: { pool: 'web' }, seen: { pool: 'web' }, steps: [] },
  { name: 'a pool that nobody wrote', seen: { pool: 'old' }, steps: [] },
  { name: 'a node of the list', desired: { nodes: ['pve2', 'pve'] }, steps: [] },
  {
    name: 'another node',
    desired: { nodes: ['pve2', 'pve3'] },
    steps: ['migrate'],
    field: 'node pve pve2 restart',
  },
  // Features
  {
    name: 'keyctl',
    desired: { features: { ...FEATURES, keyctl: true } },
    steps: ['update', 'restart'],
    field: 'keyctl off on restart',
    after: { features: 'nesting=1,keyctl=1' },
  },
  {
    name: 'file systems that can be mounted',
    desired: { features: { ...FEATURES, mount: ['nfs', 'cifs'] } },
    steps: ['update', 'restart'],
    field: 'mount types none cifs, nfs restart',
  },
  {
    name: 'the same features in another order',
    desired: { features: { ...FEATURES, fuse: true, mount: ['nfs', 'cifs'] } },
    config: { features: 'fuse=1,mount=nfs;cifs,nesting=1' },
    steps: [],
  },
  {
    name: 'a feature that no key says stays',
    desired: { features: { ...FEATURES, fuse: true } },
    config: { features: 'nesting=1,force_rw_sys=1' },
    steps: ['update', 'restart'],
    after: { features: 'nesting=1,fuse=1,force_rw_sys=1' },
  },
  {
    name: 'the last feature goes',
    desired: { features: { ...FEATURES, nesting: false } },
    config: { features: 'keyctl=1,nesting=1' },
    steps: ['update', 'restart'],
    after: { features: undefined },
  },
  // Devices
  {
    name: 'a device',
    desired: { devices: [{ path: USB, mode: '0666', gid: 20 }] },
    steps: ['update', 'restart'],
    field: `device ${USB}  ${USB}, mode 0666, gid 20 restart`,
    after: { dev0: `${USB},mode=0666,gid=20` },
  },
  {
    name: 'defaults of a device',
    desired: { devices: [{ path: USB }] },
    config: { dev0: `path=${USB},mode=0660,uid=0` },
    steps: [],
  },
  {
    name: 'another mode',
    desired: { devices: [{ path: USB, denyWrite: true }] },
    config: { dev3: USB },
    steps: ['update', 'restart'],
    after: { dev3: `${USB},deny-write=1`, dev0: undefined },
  },
  {
    name: 'a device taken out of git',
    config: { dev0: USB },
    steps: ['update', 'restart'],
    after: { dev0: undefined },
  },
  // Directories of the node
  {
    name: 'the share, read-only',
    desired: { mounts: [{ kind: 'share', readOnly: true }] },
    steps: ['update'],
    field: 'mount /share  /tank/share, read-only none',
    after: { mp0: '/tank/share,mp=/share,ro=1' },
  },
  {
    name: 'a mount becomes read-only and keeps what people set on it',
    desired: { mounts: [{ kind: 'bind', host: '/srv/a', path: '/a', readOnly: true }] },
    config: { mp2: '/srv/a,mp=/a,shared=1' },
    steps: ['update', 'restart'],
    after: { mp2: '/srv/a,mp=/a,shared=1,ro=1' },
  },
  {
    name: 'another directory at the same path',
    desired: { mounts: [{ kind: 'bind', host: '/srv/b', path: '/a' }] },
    config: { mp0: '/srv/a,mp=/a,ro=1' },
    steps: ['update', 'restart'],
    after: { mp0: '/srv/b,mp=/a' },
  },
];

describe('each field', () => {
  it.each(ROWS)('$name → $steps', checkPlan);

  it.each(ROWS.filter((row) => !row.steps.includes('replace')))('is empty after itself: $name', checkIdempotence);
});

describe('what is reserved to root@pam', () => {
  const wanted = desired({
    devices: [{ path: USB }],
    mounts: [{ kind: 'bind', host: '/a', path: '/b' }],
    features: { ...FEATURES, fuse: true },
  });
  const said = `device ${USB}`;

  it.each([
    ['at create', { kind: 'absent', vmid: 1042, node: 'pve' } as const],
    ['of a container that is there', seenBy({ name: '', steps: [] })],
  ])('is named before anything changes, %s', (_, seen) => {
    const can = planOf(wanted, seen, { rootLogin: true });
    expect(can.notes.join()).toMatch(new RegExp(`root@pam.*${said}`));
    expect(can.notes.join()).toMatch(/mount \/b/);
    expect(can.notes.join()).toMatch(/feature fuse/);
    expect(can.refusals).toEqual([]);
    const cannot = planOf(wanted, seen, { rootLogin: false });
    expect(cannot.refusals).toMatchObject([{ kind: 'user', reason: expect.stringContaining(said) }]);
  });

  it('is sent as root@pam, also what is taken away', () => {
    const row: Row = { name: '', config: { features: 'nesting=1,keyctl=1', dev0: USB }, steps: [] };
    const plan = planOf(desired(), seenBy(row), { rootLogin: true });
    expect(plan.steps[0]).toMatchObject({ kind: 'update', reserved: true });
    expect(planOf(desired({ memory: 1 }), seenBy({ name: '', steps: [] })).steps[0]).not.toHaveProperty('reserved');
  });

  it('is nesting too where the container is privileged', () => {
    const row: Row = { name: '', config: { unprivileged: '0' }, steps: [] };
    const without = desired({ unprivileged: false, features: { ...FEATURES, nesting: false } });
    expect(planOf(without, seenBy(row), { rootLogin: false }).refusals).toHaveLength(1);
  });
});

describe('a protected container', () => {
  const mounted = { mounts: [{ kind: 'bind', host: '/a', path: '/b' }] } as const;
  const guarded = { name: '', config: { protection: '1' }, steps: [] };

  it('refuses changes of its disks before anything', () => {
    expect(planOf(desired(mounted), seenBy(guarded)).refusals).toMatchObject([
      { kind: 'user', reason: expect.stringContaining('mount /b of container 1042: its protection is on') },
    ]);
    expect(planOf(desired({ memory: 4096 }), seenBy(guarded)).refusals).toEqual([]);
  });

  it('is opened first when git says so, and closed last', () => {
    const opened = planOf(desired({ ...mounted, protection: false }), seenBy(guarded));
    expect(opened.refusals).toEqual([]);
    expect(opened.steps.slice(0, 2)).toMatchObject([{ set: { protection: 0 } }, { set: { mp0: '/a,mp=/b' } }]);
    const closed = planOf(desired({ ...mounted, protection: true }), seenBy({ name: '', steps: [] }));
    expect(closed.steps).toMatchObject([{ set: { mp0: '/a,mp=/b' } }, { set: { protection: 1 } }]);
  });
});

describe('what a container depends on', () => {
  const dependencies = [
    { name: 'db', vmid: 1050, stage: 'main', state: 'running' },
    { name: 'srv/mq', state: 'absent' },
    { name: 'cache', vmid: 1051, stage: 'main', state: 'stopped' },
  ] as const;

  it('is noted, and refused as busy when it does not run', () => {
    const plan = planOf(desired({ memory: 1024 }), seenBy({ name: '', steps: [] }), { dependencies });
    expect(plan.notes).toEqual([
      'depends on db: container 1050 (stage main) runs',
      'depends on srv/mq, which is not there',
      'depends on cache: container 1051 (stage main) is stopped',
    ]);
    expect(plan.refusals).toMatchObject([{ kind: 'busy', reason: expect.stringMatching(/srv\/mq.*cache/) }]);
    expect(plan.refusals[0]?.reason).not.toContain('db');
    expect(kinds(plan.steps)).toEqual(['update']);
  });

  it('that serves its share is told so, and what else there is', () => {
    const share = { from: { container: 'share' }, name: 'share', readOnly: false } as const;
    const wanted = desired({ share });
    const seen = seenBy({ name: '', steps: [] });
    const runs = planOf(wanted, seen, {
      dependencies: [{ name: 'share', vmid: 1045, stage: 'main', state: 'running' }],
    });
    expect(runs.notes).toContain('depends on share: container 1045 (stage main) runs, and serves /share by SMB');
    expect(runs.refusals).toEqual([]);
    const gone = planOf(wanted, seen, { dependencies: [{ name: 'share', state: 'absent' }] });
    expect(gone.refusals).toMatchObject([
      { kind: 'busy', reason: expect.stringContaining('share, which is not there'), advice: expect.anything() },
    ]);
    expect(gone.refusals[0]?.advice.join('\n')).toMatch(/libs\/share[\s\S]*MOUNT=\/host\/path:\/share/);
    expect(gone.refusals[0]?.advice).not.toContain('or take it out of depends');
  });

  it('does not hold up a destroy', () => {
    const gone = planOf(desired({ state: 'absent' }), seenBy({ name: '', steps: [] }), { dependencies });
    expect(gone.refusals).toEqual([]);
  });
});

it('a directory of the node is added with what it costs', () => {
  const wanted = desired({ mounts: [{ kind: 'bind', host: '/mnt/a', path: '/a' }] });
  const plans = [
    planOf(wanted, seenBy({ name: '', steps: [] })),
    planOf(wanted, { kind: 'absent', vmid: 1042, node: 'pve' }),
  ];
  for (const { steps } of plans) {
    const changes = steps.flatMap((step) => ('changes' in step ? step.changes : []));
    expect(changes.find(({ field }) => field === 'mount /a')?.note).toContain('no backup holds it');
  }
});

it('the share of a site that has none is an error', () => {
  const wanted = desired({ mounts: [{ kind: 'share' }] });
  expect(() => planOf(wanted, seenBy({ name: '', steps: [] }))).toThrow(
    'Unable to mount the share: this site has none',
  );
});
