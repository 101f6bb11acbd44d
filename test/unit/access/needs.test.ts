import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { missingPrivileges } from '../../../src/access/missing.ts';
import { needs, type Place, ROWS, type Wanted } from '../../../src/access/needs.ts';
import { rolePrivileges } from '../../../src/access/role.ts';

const PLACE: Place = {
  guest: '/pool/gitops',
  container: '/vms/142',
  storages: ['local-lvm', 'tank', 'local-lvm'],
  templateStorage: 'local',
  backupStorage: 'local',
  networks: ['/sdn/zones/localnetwork/vmbr0/7'],
  major: 9,
  download: true,
};
const WANTED: Wanted = { unprivileged: true, state: 'present', wayBack: 'auto' };

const shown = (wanted: Wanted | undefined, place: Partial<Place> = {}): readonly string[] =>
  needs(wanted, { ...PLACE, ...place }).map(
    ({ paths, privileges, verb }) => `${verb}: ${privileges.join('|')} on ${paths.join('|')}`,
  );

describe('needs', () => {
  it('a definition: on the pool or the container, each storage, the VLAN of the bridge', () => {
    expect(shown(WANTED)).toEqual([
      'deploy: VM.Audit on /pool/gitops|/vms/142',
      'deploy: VM.Allocate on /pool/gitops|/vms/142',
      'deploy: VM.Config.Options on /pool/gitops|/vms/142',
      'deploy: VM.Config.Memory on /pool/gitops|/vms/142',
      'deploy: VM.Config.Network on /pool/gitops|/vms/142',
      'deploy: VM.Config.Disk on /pool/gitops|/vms/142',
      'deploy: VM.PowerMgmt on /pool/gitops|/vms/142',
      'deploy: Datastore.AllocateSpace on /storage/local-lvm',
      'deploy: Datastore.AllocateSpace on /storage/tank',
      'deploy: Datastore.AllocateTemplate on /storage/local',
      'deploy: Datastore.AllocateSpace|Datastore.Audit on /storage/local',
      'deploy: SDN.Use on /sdn/zones/localnetwork/vmbr0/7',
      'snapshot: VM.Snapshot on /pool/gitops|/vms/142',
      'backup: VM.Backup on /pool/gitops|/vms/142',
      'backup: Datastore.AllocateSpace on /storage/local',
    ]);
  });

  it.each<[string, Wanted | undefined, Partial<Place>, string, boolean]>([
    ['cores', { ...WANTED, cores: 2 }, {}, 'VM.Config.CPU', true],
    ['a CPU limit', { ...WANTED, cpuLimit: 1 }, {}, 'VM.Config.CPU', true],
    ['neither', WANTED, {}, 'VM.Config.CPU', false],
    ['any deploy', undefined, {}, 'VM.Config.CPU', true],
    ['a pool by name', { ...WANTED, pool: 'gitops' }, {}, 'Pool.Audit on /pool/gitops', true],
    ['no pool by name', WANTED, {}, 'Pool.Audit', false],
    ['no pool at all', undefined, { guest: '/vms' }, 'Pool.Audit', false],
    ['a template that is there', WANTED, { download: false }, 'Datastore.AllocateTemplate', false],
    ['a privileged container on 9', { ...WANTED, unprivileged: false }, { major: 9 }, 'Sys.Modify on /', true],
    ['a privileged container on 8', { ...WANTED, unprivileged: false }, { major: 8 }, 'Sys.Modify', false],
    ['a way back by snapshot alone', { ...WANTED, wayBack: 'snapshot' }, {}, 'VM.Backup', false],
    ['a way back by backup alone', { ...WANTED, wayBack: 'backup' }, {}, 'VM.Snapshot', false],
    ['no way back', { ...WANTED, wayBack: 'none' }, {}, 'VM.', true],
    ['no storage for backups', { ...WANTED, wayBack: 'backup' }, {}, 'backup: VM.Backup', true],
    ['another pool for what is there', WANTED, { moveTo: 'web' }, 'Pool.Allocate on /pool/web', true],
    ['clones, for a definition', WANTED, {}, 'VM.Clone', false],
    ['clones, for any', undefined, {}, 'VM.Clone', true],
    ['a node by name', { ...WANTED, nodes: ['pve2'] }, {}, 'migrate: VM.Migrate', true],
    ['no node by name', { ...WANTED, nodes: [] }, {}, 'VM.Migrate', false],
    ['its removal', { ...WANTED, state: 'absent' }, {}, 'Datastore', false],
  ])('%s', (_, wanted, place, text, there) => {
    expect(shown(wanted, place).some((line) => line.includes(text))).toBe(there);
  });
});

describe('the role', () => {
  it.each([8, 9])('of %i holds what any deploy and the later verbs need, and nothing that reaches further', (major) => {
    const needed = needs(undefined, { ...PLACE, major });
    const role = rolePrivileges(major);
    expect(needed.every(({ privileges }) => privileges.some((name) => role.includes(name)))).toBe(true);
    expect(role.every((name) => needed.some(({ privileges }) => privileges[0] === name))).toBe(true);
    expect(role.filter((name) => /^(Sys|Permissions|User|Realm|Group|Mapping)\.|Pool\.Allocate/.test(name))).toEqual(
      [],
    );
  });

  it.each(['8.4', '9.1'])('every privilege of the table is one of %s', (release) => {
    const file = new URL(`../../../local/node/schema/pve-${release}.jsonl`, import.meta.url);
    const text = readFileSync(file, 'utf8');
    // Some stand in no published check, but in the code behind it (facts, C1).
    const inCode = [
      'VM.Config.Options',
      'VM.Config.Memory',
      'VM.Config.CPU',
      'VM.Backup',
      'SDN.Use',
      'Datastore.Audit',
    ];
    const unknown = ROWS.flatMap(({ privileges }) => privileges).filter((name) => !text.includes(`"${name}"`));
    expect(unknown.filter((name) => !inCode.includes(name))).toEqual([]);
  });
});

describe('docs/setup.md', () => {
  it('has a row for each privilege of the role, with its reasons', () => {
    const page = readFileSync(new URL('../../../docs/setup.md', import.meta.url), 'utf8');
    for (const privilege of rolePrivileges(9)) {
      const line = page.split('\n').find((text) => text.startsWith(`| \`${privilege}\` |`)) ?? '';
      const reasons = ROWS.filter(({ privileges }) => privileges[0] === privilege).map(({ reason }) => reason);
      for (const reason of reasons) expect(line).toContain(reason);
    }
    const rows = page.split('\n').filter((text) => /^\| `[A-Z]\w+\./.test(text));
    expect(rows).toHaveLength(rolePrivileges(9).length);
  });
});

describe('missing', () => {
  const all = needs(undefined, { ...PLACE, storages: ['local-lvm'], networks: [] });
  const held = (without: string) =>
    new Map(
      ['/pool/gitops', '/storage/local-lvm', '/storage/local'].map((path) => [
        path,
        new Set(rolePrivileges(9).filter((name) => name !== without)),
      ]),
    );

  it('nothing', () => {
    expect(missingPrivileges(all, held(''))).toEqual([]);
  });

  it('one privilege that is needed twice on a path is one, with both reasons', () => {
    const found = missingPrivileges(all, held('Datastore.AllocateSpace'));
    expect(found.map(({ path, privilege }) => `${privilege} ${path}`)).toEqual([
      'Datastore.AllocateSpace /storage/local-lvm',
      'Datastore.AllocateSpace /storage/local',
    ]);
    expect(found[1]).toMatchObject({
      verbs: ['backup', 'deploy'],
      reasons: ['keep backups there', 'see and use templates'],
    });
  });

  it('either of two will do', () => {
    const audit = new Map([['/storage/local', new Set(['Datastore.Audit'])]]);
    const read = all.filter(({ privileges }) => privileges.length === 2);
    expect(read).toHaveLength(1);
    expect(missingPrivileges(read, audit)).toEqual([]);
  });

  it('rights on the container itself count as those on its pool', () => {
    const own = new Map([['/vms/142', new Set(rolePrivileges(9))]]);
    const ofPool = missingPrivileges(all, own).filter(({ path }) => path === '/pool/gitops');
    // in which pool it is, only the pool's own right tells
    expect(ofPool.map(({ privilege }) => privilege)).toEqual(['Pool.Audit']);
  });
});
