import { describe, expect, it } from 'vitest';
import { examineCluster } from '../../../src/doctor/cluster.ts';
import { examineReserved } from '../../../src/doctor/container.ts';
import { examineHosts } from '../../../src/doctor/hosts.ts';
import { bridgeUses, examineBridges, networkPaths } from '../../../src/doctor/network.ts';
import { nodeOf } from '../../../src/doctor/place.ts';
import { examineStorages, storageUses } from '../../../src/doctor/storages.ts';
import { backupStorage } from '../../../src/doctor/way-back.ts';
import type { Finding } from '../../../src/model/finding.ts';
import type { HostState } from '../../../src/model/inspection.ts';
import type { StorageState } from '../../../src/model/observed.ts';
import type { Settings } from '../../../src/model/settings.ts';
import { exitCodeOfFindings, findingsJson, renderFindings } from '../../../src/report/findings.ts';

const shown = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ status, text }) => `${status}: ${text}`);

describe('hosts', () => {
  const answers = (more: Partial<Extract<HostState, { kind: 'answers' }>>): HostState => ({
    kind: 'answers',
    host: 'pve:8006',
    milliseconds: 12,
    release: '9.1.4',
    ...more,
  });
  const examine = (...hosts: HostState[]): readonly string[] => shown(examineHosts(hosts, { kind: 'system' }));

  it('one that answers', () => {
    expect(examine(answers({ clockOffset: -400 }))).toEqual([
      'ok: pve:8006 answers in 12 ms, its certificate is trusted (public CA)',
      'ok: pve:8006 is Proxmox VE 9.1.4',
      'ok: the clock of pve:8006 is right to 0 s',
    ]);
  });

  it.each([
    ['7.4-17', 'problem: pve:8006 is Proxmox VE 7.4-17: too old'],
    ['8.0.3', 'ok: pve:8006 is Proxmox VE 8.0.3'],
    ['10.0.1', 'warning: pve:8006 is Proxmox VE 10.0.1, which this version of pve-gitops does not know (8 and 9)'],
    ['', 'problem: pve:8006 is Proxmox VE : too old'],
  ])('release %s', (release, line) => {
    expect(examine(answers({ release }))[1]).toBe(line);
  });

  it.each([
    [60_000, 'ok: the clock of pve:8006 is right to 60 s'],
    [60_001, "warning: the clock of pve:8006 is 60 s ahead of this machine's"],
    [-3_600_000, "warning: the clock of pve:8006 is 3600 s behind this machine's"],
  ])('a clock that is %i ms off', (clockOffset, line) => {
    expect(examine(answers({ clockOffset }))[2]).toBe(line);
  });

  it('the fingerprint of one of several is added by its host', () => {
    const untrusted: HostState = { kind: 'untrusted', host: 'pve2:8006', reason: 'self-signed', fingerprint: 'AA' };
    const [finding] = examineHosts([untrusted, answers({})], { kind: 'system' });
    expect(finding?.fix.join('\n')).toContain('"fingerprint": { …, "pve2:8006": "AA" }');
    expect(finding?.fix.join('\n')).toContain('PROXMOX_FINGERPRINT=…,pve2:8006=AA');
  });
});

describe('cluster', () => {
  const nodes = (...online: boolean[]) => online.map((up, index) => ({ node: `pve${index}`, online: up }));
  it.each<[string, Parameters<typeof examineCluster>[0], boolean[], readonly string[]]>([
    ['a node of its own', {}, [true], ['ok: one node, no cluster: pve0']],
    ['quorum', { quorate: true }, [true, true, true], ['ok: the cluster has quorum, 3 of 3 nodes are online']],
    [
      'quorum with one node down',
      { quorate: true },
      [true, true, false],
      ['ok: the cluster has quorum, 2 of 3 nodes are online', 'warning: not online: pve2'],
    ],
    [
      'no quorum',
      { quorate: false },
      [true, false, false],
      ['problem: the cluster has no quorum: nothing can be created or changed', 'warning: not online: pve1, pve2'],
    ],
    [
      'not visible: a majority is up',
      undefined,
      [true, true, false],
      ['ok: 2 of 3 nodes are online (the quorum itself needs Sys.Audit on /)', 'warning: not online: pve2'],
    ],
    ['not visible: no majority', undefined, [true, false], ['problem: 1 of 2 nodes are online: that is no majority']],
  ])('%s', (_, cluster, online, lines) => {
    expect(shown(examineCluster(cluster, nodes(...online)))).toEqual(lines);
  });
});

const GIB = 1024 ** 3;
const storage = (more: Partial<StorageState> = {}): StorageState => ({
  storage: 'tank',
  content: ['rootdir'],
  active: true,
  enabled: true,
  available: 100 * GIB,
  total: 200 * GIB,
  ...more,
});

describe('storages', () => {
  const use = { storage: 'tank', content: 'rootdir', size: 8, named: 'disk' } as const;
  const examine = (state: StorageState | undefined, maySee = true): readonly string[] =>
    shown(examineStorages([use], { node: 'pve', storages: state === undefined ? [] : [state], maySee: () => maySee }));

  it.each<[string, StorageState | undefined, boolean, readonly string[]]>([
    ['good', storage(), true, ['ok: storage tank takes rootdir, 100 GiB free, 8 GiB asked for']],
    ['not there', undefined, true, ['problem: storage tank does not exist on node pve']],
    ['not visible: told as a privilege', undefined, false, []],
    ['disabled', storage({ enabled: false }), true, ['problem: storage tank is disabled']],
    ['not active', storage({ active: false }), true, ['problem: storage tank is not active on pve']],
    ['other content', storage({ content: ['iso'] }), true, ['problem: storage tank does not take rootdir, but iso']],
    [
      'too small, which a thin one may be',
      storage({ available: 5 * GIB }),
      true,
      ['warning: storage tank has 5.0 GiB free, and the definition asks for 8 GiB'],
    ],
    ['full', storage({ available: GIB / 2 }), true, ['problem: storage tank is full: 0.5 GiB free']],
  ])('%s', (_, state, maySee, lines) => {
    expect(examine(state, maySee)).toEqual(lines);
  });

  it('disks of a new container are summed by storage; of one that is there they are there', () => {
    const volume = { name: 'data', path: '/d', storage: 'tank', size: 3, backup: true, readOnly: false, options: [] };
    const desired = {
      rootfs: { storage: 'tank', size: 8 },
      volumes: [volume, { ...volume, storage: 'big' }],
      templateStorage: 'local',
    };
    expect(storageUses(desired, true).map(({ storage: name, size }) => [name, size])).toEqual([
      ['tank', 11],
      ['big', 3],
      ['local', 0],
    ]);
    expect(storageUses(desired, false).map(({ size }) => size)).toEqual([0, 0, 0]);
  });

  it.each<[string, readonly StorageState[], string | undefined]>([
    ['the roomiest that takes them', [storage({ storage: 'local', content: ['vztmpl', 'backup'] })], 'local'],
    [
      'another one',
      [storage({ storage: 'local', content: [] }), storage({ storage: 'pbs', content: ['backup'] })],
      'pbs',
    ],
    ['none', [storage({ storage: 'local', content: [] })], undefined],
    ['not visible', [], 'local'],
  ])('backups go to %s', (_, storages, expected) => {
    expect(backupStorage('local', storages)).toBe(expected);
  });
});

describe('network', () => {
  const uses = bridgeUses([{ bridge: 'vmbr0', vlan: 7, trunks: [8, 9] }, { bridge: 'lan' }]);

  it('paths follow from zone and VLANs', () => {
    expect(networkPaths(uses, [{ name: 'lan', zone: 'office' }])).toEqual([
      '/sdn/zones/localnetwork/vmbr0/7',
      '/sdn/zones/localnetwork/vmbr0/8',
      '/sdn/zones/localnetwork/vmbr0/9',
      '/sdn/zones/office/lan',
    ]);
  });

  it('a bridge that may be used and is not in the list does not exist', () => {
    const examine = (mayUse: boolean) => shown(examineBridges(uses, [{ name: 'lan' }], 'pve', () => mayUse));
    expect(examine(true)).toEqual(['problem: bridge vmbr0 does not exist on pve', 'ok: bridge lan is on pve']);
    expect(examine(false)).toEqual(['ok: bridge lan is on pve']);
  });
});

describe('the node', () => {
  const nodes = [
    { node: 'a', online: false },
    { node: 'b', online: true },
    { node: 'c', online: true },
  ];
  const settings = (node?: string) => ({ connection: node === undefined ? {} : { node } }) as unknown as Settings;
  const on = (...wanted: string[]) => ({ nodes: wanted }) as never;
  it.each([
    ['that answers', nodeOf(settings(), undefined, undefined, nodes, 'c'), 'c'],
    ['of the settings', nodeOf(settings('b'), on(), undefined, nodes, 'c'), 'b'],
    ['of the settings, down', nodeOf(settings('a'), on(), undefined, nodes, 'c'), undefined],
    ['first of the definition that is up', nodeOf(settings('b'), on('a', 'c'), undefined, nodes, 'b'), 'c'],
  ])('%s', (_, found, expected) => {
    expect(found).toBe(expected);
  });
});

describe('what is reserved to root@pam', () => {
  const nothing = {
    mounts: [],
    devices: [],
    features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] },
  };
  const connection = { hosts: [], port: 8006, trust: { kind: 'system' as const } };
  it('asks for its login, and for nothing else', () => {
    expect(examineReserved(nothing, connection)).toEqual([]);
    const fuse = { ...nothing, features: { ...nothing.features, fuse: true } };
    expect(examineReserved(fuse, connection)[0]?.status).toBe('problem');
    expect(examineReserved(fuse, { ...connection, user: 'root@pam', password: 'x' })[0]?.status).toBe('ok');
    expect(examineReserved(fuse, { ...connection, user: 'a@pve', password: 'x' })[0]?.status).toBe('problem');
  });
});

describe('the report', () => {
  const finding = (status: Finding['status'], kind?: Finding['kind']): Finding => ({
    area: 'hosts',
    status,
    text: status,
    fix: status === 'ok' ? [] : ['do this'],
    ...(kind === undefined ? {} : { kind }),
  });

  it.each([
    [[finding('ok'), finding('warning')], 0],
    [[finding('warning'), finding('problem', 'remote'), finding('problem', 'user')], 4],
    [[finding('problem', 'user'), finding('problem', 'remote')], 3],
    [[finding('problem', 'host')], 9],
  ])('ends by the first problem', (findings, code) => {
    expect(exitCodeOfFindings(findings)).toBe(code);
    expect(JSON.parse(findingsJson(findings))).toMatchObject({ version: 1, kind: 'doctor', exitCode: code });
  });

  it('shows each with what mends it, and a verdict', () => {
    expect(renderFindings([finding('ok')])).toEqual(['hosts', '  ok ok', 'everything is in order']);
    expect(renderFindings([finding('warning'), finding('problem', 'user')])).toEqual([
      'hosts',
      '  warning warning',
      '     → do this',
      '  problem problem',
      '     → do this',
      '1 problem, 1 warning',
    ]);
  });
});
