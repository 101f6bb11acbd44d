import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import { parseDescription } from '../../../src/model/mark.ts';
import { checkIdempotence, checkPlan, DUE, kinds, planOf, present, type Row, TEMPLATES } from './planner.ts';
import { container, DEBIAN_12, DEBIAN_13, desired, mark } from './samples.ts';

const NO_NESTING = { nesting: false, keyctl: false, fuse: false, mknod: false, mount: [] };

const ROWS: readonly Row[] = [
  { name: 'nothing differs', steps: [] },
  { name: 'stopped', state: { running: false }, steps: ['start'] },
  { name: 'memory', desired: { memory: 4096 }, steps: ['update'], field: 'memory 2048 4096 none' },
  { name: 'cores left out', desired: { cores: undefined } as never, steps: ['update'], field: 'cores 2 all none' },
  { name: 'hostname', config: { hostname: 'other' }, steps: ['update'], field: 'hostname other apache none' },
  { name: 'start at boot off', desired: { onboot: false }, steps: ['update'], field: 'start at boot 1 0 none' },
  { name: 'onboot was never set', desired: { onboot: false }, config: { onboot: undefined }, steps: [] },
  {
    name: 'nesting off',
    desired: { features: NO_NESTING },
    steps: ['update', 'restart'],
    field: 'nesting on off restart',
  },
  {
    name: 'nesting off while stopped needs no restart',
    desired: { features: NO_NESTING },
    state: { running: false },
    steps: ['update', 'start'],
  },
  {
    name: 'disk grows',
    desired: { rootfs: { storage: 'local-lvm', size: 12 } },
    steps: ['resize'],
    field: 'disk size 8 GiB 12 GiB none',
  },
  { name: 'disk cannot shrink', desired: { rootfs: { storage: 'local-lvm', size: 4 } }, steps: ['replace'] },
  { name: 'a disk without limit fits any size', config: { rootfs: 'local-lvm:subvol-1042-disk-0,size=0T' }, steps: [] },
  {
    name: 'other storage',
    desired: { rootfs: { storage: 'fast', size: 8 } },
    steps: ['move', 'start'],
    field: 'disk storage local-lvm fast restart',
  },
  {
    name: 'other storage and a larger disk, while stopped',
    desired: { rootfs: { storage: 'fast', size: 12 } },
    state: { running: false },
    steps: ['move', 'resize', 'start'],
    field: 'disk storage local-lvm fast none',
  },
  {
    name: 'other storage and a change that waits for a restart: one stop is enough',
    desired: { rootfs: { storage: 'fast', size: 8 }, nameserver: '1.1.1.1' },
    steps: ['move', 'update', 'start'],
  },
  {
    name: 'other storage and a smaller disk: the new one is made there',
    desired: { rootfs: { storage: 'fast', size: 4 } },
    steps: ['replace'],
    field: 'disk storage local-lvm fast restart',
  },
  { name: 'privileges', desired: { unprivileged: false }, steps: ['replace'] },
  { name: 'a template named in git', desired: { template: { kind: 'volid', volid: DEBIAN_13 } }, steps: ['replace'] },
  { name: 'the same template named in git', desired: { template: { kind: 'volid', volid: DEBIAN_12 } }, steps: [] },
  { name: 'baseline changed', mark: { applied: { baseline: 'old', configuration: 'c1' } }, steps: ['baseline'] },
  { name: 'never configured', mark: { applied: { baseline: 'b1' } }, steps: ['configure'] },
  {
    name: 'no engine, nothing to configure',
    desired: { engine: 'none' },
    mark: { applied: { baseline: 'b1' } },
    steps: [],
  },
  {
    name: 'tags of people stay',
    config: { tags: 'prod;web' },
    steps: ['update'],
    field: 'tags prod;web prod;pve-gitops;web none',
  },
  { name: 'our pending value', state: { pending: { features: null }, running: true }, steps: ['update', 'restart'] },
  { name: 'a pending value of somebody else', state: { pending: { timezone: 'UTC' } }, steps: [] },
  {
    name: 'a bind mount',
    desired: { mounts: [{ kind: 'bind', host: '/srv/data', path: '/data' }] },
    steps: ['update'],
    field: 'mount /data  /srv/data none',
  },
  {
    name: 'a bind mount taken out of git',
    config: { mp0: '/srv/data,mp=/data' },
    steps: ['update', 'restart'],
    field: 'mount /data /srv/data  restart',
  },
  {
    name: 'a volume made by hand is left alone',
    config: { mp0: 'local-lvm:vm-1042-disk-1,mp=/data,size=4G' },
    steps: [],
  },
  { name: 'gone on purpose', desired: { state: 'absent' }, steps: ['stop', 'destroy'] },
];

describe('plan', () => {
  it.each(ROWS)('$name → $steps', checkPlan);

  it.each(ROWS.filter((row) => !row.steps.includes('replace') && !row.steps.includes('destroy')))(
    'is empty after itself: $name',
    checkIdempotence,
  );

  it('creates what is not there, in order, with the parameters that Proxmox VE takes', () => {
    const result = planOf(desired(), { kind: 'absent', vmid: 1042, node: 'pve' });
    expect(kinds(result.steps)).toEqual(['create', 'start', 'baseline', 'configure']);
    expect(result.steps[0]).toMatchObject({
      template: DEBIAN_12,
      parameters: {
        hostname: 'apache',
        rootfs: 'local-lvm:8',
        unprivileged: 1,
        features: 'nesting=1',
        net0: 'name=eth0,bridge=vmbr0,ip=192.168.178.42/24,gw=192.168.178.1,type=veth',
      },
    });
  });

  it('downloads a newer template that the node offers', () => {
    const offered = [
      { name: 'debian-13-standard_13.1-2_amd64.tar.zst', os: 'debian', release: '13', version: '13.1-2' },
    ];
    const result = planOf(
      desired(),
      { kind: 'absent', vmid: 1042, node: 'pve' },
      { templates: { ...TEMPLATES, offered } },
    );
    expect(kinds(result.steps)).toEqual(['download', 'create', 'start', 'baseline', 'configure']);
    expect(result.steps[1]).toMatchObject({ template: DEBIAN_13 });
  });

  it('a new container goes into the site’s pool when the definition names none; one that is there stays', () => {
    const absent = { kind: 'absent', vmid: 1042, node: 'pve' } as const;
    const poolOf = (wanted: Desired) => {
      const step = planOf(wanted, absent, { pool: 'gitops' }).steps.find(({ kind }) => kind === 'create');
      return step?.kind === 'create' ? step.parameters.pool : undefined;
    };
    expect(poolOf(desired())).toBe('gitops');
    expect(poolOf(desired({ pool: 'web' }))).toBe('web');
    expect(planOf(desired(), present(container()), { pool: 'gitops' }).steps).toEqual([]);
  });

  it('names what there is when a template is missing', () => {
    const wanted = desired({ template: { kind: 'volid', volid: 'local:vztmpl/nope.tar.zst' } });
    expect(() => planOf(wanted, { kind: 'absent', vmid: 1042, node: 'pve' })).toThrow(
      'Unable to use template local:vztmpl/nope.tar.zst: it is not on storage local',
    );
  });

  it('keeps the MAC and what people set on an interface when its address changes', () => {
    const state = container({
      net0: 'name=eth0,bridge=vmbr0,firewall=1,gw=192.168.178.1,hwaddr=BC:24:11:00:00:01,ip=192.168.178.9/24,mtu=1400,type=veth',
    });
    const [step] = planOf(desired(), present(state)).steps;
    expect(step).toMatchObject({
      kind: 'update',
      set: {
        net0: 'name=eth0,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:01,mtu=1400,type=veth,ip=192.168.178.42/24,gw=192.168.178.1',
      },
    });
  });

  it('notes a newer template and never replaces for it', () => {
    const templates = {
      ...TEMPLATES,
      present: [...TEMPLATES.present, { volid: DEBIAN_13, os: 'debian', release: '13', version: '13.1-2' }],
    };
    const result = planOf(desired(), present(container()), { templates });
    expect(result.steps).toEqual([]);
    expect(result.notes).toEqual([`a newer template is there: ${DEBIAN_13} (made from ${DEBIAN_12})`]);
  });

  it('configures again when asked to', () => {
    const result = planOf(desired(), present(container()), { due: { ...DUE, force: true } });
    expect(result.steps).toMatchObject([{ kind: 'configure', reason: 'asked for' }]);
  });

  it('shows both the ID and the vmid', () => {
    expect(planOf(desired(), present(container()))).toMatchObject({ id: 42, vmid: 1042, address: '192.168.178.42/24' });
  });

  it('the sample description holds the sample mark', () => {
    expect(parseDescription(container().config.description).mark).toEqual(mark());
  });
});
