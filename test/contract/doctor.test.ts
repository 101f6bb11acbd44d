import { appendFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../../src/deploy.ts';
import { examine } from '../../src/doctor/doctor.ts';
import type { DoctorInput, DoctorPorts } from '../../src/doctor/look.ts';
import type { Desired } from '../../src/model/desired.ts';
import { isGitopsError } from '../../src/model/errors.ts';
import type { Finding } from '../../src/model/finding.ts';
import type { Settings } from '../../src/model/settings.ts';
import { exitCodeOfFindings } from '../../src/report/findings.ts';
import { dataOf, type Fields, type NodeClient } from './support/node-client.ts';
import { SiteOfNode } from './support/site-of-node.ts';

const SIGNAL = new AbortController().signal;

async function findingsOf(
  site: SiteOfNode,
  given: { readonly desired?: Desired; readonly settings?: Settings; readonly ports?: Partial<DoctorPorts> } = {},
): Promise<readonly Finding[]> {
  const settings = given.settings ?? site.settings();
  const ports = { ...(await site.ports(settings)), ...given.ports };
  const definition: Pick<DoctorInput, 'definition'> =
    given.desired === undefined ? {} : { definition: { desired: given.desired } };
  return examine(ports, { settings, shown: [], local: false, simulated: false, signal: SIGNAL, ...definition });
}

const wrong = (findings: readonly Finding[]): readonly Finding[] => findings.filter(({ status }) => status !== 'ok');

/** Does what a pveum line says, as root, over the API. */
async function pveum(root: NodeClient, line: string): Promise<void> {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  const [, kind, verb, name = '', ...rest] = words;
  const options = Object.fromEntries(
    rest.flatMap((word, index): [string, string][] =>
      word.startsWith('--') ? [[word.slice(2), rest[index + 1] ?? '']] : [],
    ),
  );
  const calls: Readonly<Record<string, readonly [string, string, Fields]>> = {
    'role add': ['POST', '/access/roles', { roleid: name, ...options }],
    'role modify': ['PUT', `/access/roles/${name}`, options],
    'acl modify': ['PUT', '/access/acl', { path: name, ...options }],
    'pool add': ['POST', '/pools', { poolid: name }],
  };
  const call = calls[`${kind} ${verb}`];
  if (call === undefined) throw new Error(`not a line that is known here: ${line}`);
  dataOf(await root.call(...call));
}

describe.each(['8.4', '9.1'] as const)('doctor on %s', (release) => {
  let site: SiteOfNode;
  let root: NodeClient;
  let vmid = 300;

  beforeAll(async () => {
    site = await SiteOfNode.open(release);
    ({ root } = site.node);
  });

  afterAll(() => site.close());

  async function roleHolds(privileges: readonly string[]): Promise<void> {
    dataOf(await root.call('PUT', `/access/roles/${site.wish.role}`, { privs: privileges.join(',') }));
  }

  async function withRole<T>(privileges: readonly string[], work: () => Promise<T>): Promise<T> {
    await roleHolds(privileges);
    try {
      return await work();
    } finally {
      await roleHolds(site.wish.privileges);
    }
  }

  it('with the role of setup everything is in order, with and without a definition', async () => {
    expect(wrong(await findingsOf(site))).toEqual([]);
    const findings = await findingsOf(site, { desired: await site.define('apache', 299) });
    expect(wrong(findings)).toEqual([]);
    expect(exitCodeOfFindings(findings)).toBe(0);
    expect(findings.map(({ text }) => text)).toContain('vmid 299 is free');
  });

  it('and a deploy with it goes through, lands in the pool, and is ours afterwards', async () => {
    const desired = await site.define('apache', 298);
    const settings = site.settings();
    const outcome = await deploy(await site.ports(), {
      settings,
      desired,
      directory: `${site.folder}/apache-298`,
      signal: SIGNAL,
    });
    expect(outcome.kind).toBe('done');
    expect(site.node.node.core.accessStore.value.pools.gitops?.vms).toContain(298);
    const findings = await findingsOf(site, { desired });
    expect(wrong(findings)).toEqual([]);
    expect(findings.map(({ text }) => text)).toContain('container 298 on pve is ours, running');
    const config = dataOf<{ tags?: string }>(await root.call('GET', '/nodes/pve/lxc/298/config'));
    expect(config.tags).toBe('pve-gitops');
  });

  const GUEST = ['/pool/gitops'];
  const BOTH = ['/storage/local-lvm', '/storage/local'];
  const BRIDGE = ['/sdn/zones/localnetwork/vmbr0'];

  /** Privilege → where it is missed, and what a deploy without it ends with. */
  const NEEDED: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['VM.Audit', GUEST, /VM\.Audit/],
    ['VM.Allocate', GUEST, /Permission check failed/],
    ['VM.Config.Options', GUEST, /VM\.Config\.Options/],
    ['VM.Config.Memory', GUEST, /VM\.Config\.Memory/],
    ['VM.Config.Network', GUEST, /VM\.Config\.Network/],
    ['VM.Config.Disk', GUEST, /VM\.Config\.Disk/],
    ['VM.Config.CPU', GUEST, /VM\.Config\.CPU/],
    ['VM.PowerMgmt', GUEST, /VM\.PowerMgmt/],
    ['Datastore.AllocateSpace', BOTH, /Datastore\.AllocateSpace/],
    ['Datastore.AllocateTemplate', ['/storage/local'], /Datastore\.AllocateTemplate/],
    ['SDN.Use', BRIDGE, /SDN\.Use/],
  ];

  describe.each(NEEDED)('without %s', (privilege, paths, refusal) => {
    it('it is the only problem, on its path, and the line that is given mends it', async () => {
      const desired = await site.define('apache', 299);
      // A template that has to be fetched: the one that is there would do without the right to download.
      const fetched = { ...desired, template: { kind: 'newest' as const, os: 'debian', release: '12' } };
      const rest = site.wish.privileges.filter((name) => name !== privilege);
      await withRole(rest, async () => {
        for (const given of [{}, { desired: fetched }]) {
          const findings = wrong(await findingsOf(site, given));
          expect(findings.map((finding) => finding.privilege)).toEqual(
            paths.map((path) => ({ name: privilege, path })),
          );
          expect(findings.map(({ status }) => status)).toEqual(paths.map(() => 'problem'));
          expect(exitCodeOfFindings(findings)).toBe(4);
          for (const { fix } of findings) {
            expect(fix).toEqual([`pveum role modify GitOps --privs '${privilege}' --append 1`]);
          }
        }
        await pveum(root, `pveum role modify GitOps --privs '${privilege}' --append 1`);
        expect(wrong(await findingsOf(site, { desired: fetched }))).toEqual([]);
      });
    });

    it('a deploy really fails', async () => {
      vmid += 1;
      const desired = await site.define('apache', vmid);
      // Not there yet: each release has a template of its own to fetch.
      const template = { kind: 'newest' as const, os: 'debian', release: '12' };
      const wanted = privilege === 'Datastore.AllocateTemplate' ? { ...desired, template } : desired;
      const rest = site.wish.privileges.filter((name) => name !== privilege);
      const said = await withRole(rest, () => deployed(wanted));
      expect(said).toMatch(/403/);
      expect(said).toMatch(refusal);
    });
  });

  async function deployed(desired: Desired): Promise<string> {
    const settings = site.settings();
    const directory = `${site.folder}/${desired.name}`;
    try {
      const outcome = await deploy(await site.ports(), { settings, desired, directory, signal: SIGNAL });
      return outcome.kind === 'failed' ? outcome.message : outcome.kind;
    } catch (error) {
      if (isGitopsError(error)) return error.message;
      throw error;
    }
  }

  it('what a change takes first is needed by a deploy of what is there: without VM.Snapshot it really fails', async () => {
    const desired = await site.define('apache', 298);
    const rest = site.wish.privileges.filter((name) => name !== 'VM.Snapshot');
    await withRole(rest, async () => {
      const findings = wrong(await findingsOf(site, { desired }));
      expect(findings).toMatchObject([{ status: 'problem', privilege: { name: 'VM.Snapshot', path: '/pool/gitops' } }]);
      // a change that can fail, and so asks for a way back
      appendFileSync(`${site.folder}/${desired.name}/configure.sh`, 'true\n');
      expect(await deployed(desired)).toMatch(/403[\s\S]*VM\.Snapshot/);
    });
    expect(wrong(await findingsOf(site, { desired }))).toEqual([]);
    expect(await deployed(desired)).toBe('done');
  });

  it('a definition that names its pool needs to see it: without Pool.Audit its second deploy would move it again', async () => {
    const desired = { ...(await site.define('apache', 298)), pool: 'gitops' };
    const rest = site.wish.privileges.filter((name) => name !== 'Pool.Audit');
    expect(wrong(await findingsOf(site, { desired }))).toEqual([]);
    await withRole(rest, async () => {
      for (const given of [{}, { desired }]) {
        const findings = wrong(await findingsOf(site, given));
        expect(findings).toMatchObject([
          { status: 'problem', privilege: { name: 'Pool.Audit', path: '/pool/gitops' } },
        ]);
        expect(findings[0]?.fix).toEqual(["pveum role modify GitOps --privs 'Pool.Audit' --append 1"]);
      }
      expect(await deployed(desired)).toMatch(/403[\s\S]*Pool\.Allocate/);
    });
    expect(await deployed(desired)).toBe('done');
  });

  it('another pool for what is there asks for Pool.Allocate on it', async () => {
    dataOf(await root.call('POST', '/pools', { poolid: 'web' }));
    const grant = { path: '/pool/web', roles: 'GitOps', users: 'gitops@pve', tokens: site.wish.token };
    dataOf(await root.call('PUT', '/access/acl', grant));
    const desired = { ...(await site.define('apache', 298)), pool: 'web' };
    const findings = wrong(await findingsOf(site, { desired }));
    expect(findings.map(({ privilege }) => privilege)).toEqual([
      { name: 'Pool.Allocate', path: '/pool/web' },
      { name: 'Pool.Allocate', path: '/pool/gitops' },
    ]);
    expect(await deployed(desired)).toMatch(/403[\s\S]*Pool\.Allocate/);
    for (const line of findings.flatMap(({ fix }) => fix ?? [])) await pveum(root, line);
    expect(wrong(await findingsOf(site, { desired }))).toEqual([]);
    expect(await deployed(desired)).toBe('done');
    expect(site.node.node.core.accessStore.value.pools.web?.vms).toContain(298);
  });

  /** Privileges that no deploy needs: a warning, and the verb really fails. */
  const LATER: readonly (readonly [string, string, Fields])[] = [
    ['VM.Snapshot', '/nodes/pve/lxc/298/snapshot', { snapname: 'now' }],
    ['VM.Backup', '/nodes/pve/vzdump', { vmid: 298, storage: 'local' }],
    ['VM.Clone', '/nodes/pve/lxc/298/clone', { newid: 297, pool: 'gitops' }],
    ['VM.Migrate', '/nodes/pve/lxc/298/migrate', { target: 'pve2' }],
  ];

  describe.each(LATER)('without %s', (privilege, path, fields) => {
    it('it is a warning that names the verb, and the verb is refused', async () => {
      const rest = site.wish.privileges.filter((name) => name !== privilege);
      await withRole(rest, async () => {
        const findings = wrong(await findingsOf(site));
        expect(findings).toMatchObject(
          [{ status: 'warning', privilege: { name: privilege, path: '/pool/gitops' }, text: /only for/ }].map(
            ({ text: _, ...finding }) => finding,
          ),
        );
        expect(findings[0]?.text).toContain('only for');
        expect(exitCodeOfFindings(findings)).toBe(0);
        const reply = await site.client.call('POST', path, fields);
        const ended =
          reply.status === 200 ? await site.node.task(site.client, 'POST', path, fields) : String(reply.status);
        expect(ended).toMatch(/^403|job errors/);
      });
    });
  });
});

describe('doctor', () => {
  let site: SiteOfNode;
  let root: NodeClient;

  beforeAll(async () => {
    site = await SiteOfNode.open('8.4');
    ({ root } = site.node);
  });

  afterAll(() => site.close());

  it('a grant that is taken away: the line grants it to both, as it cannot see which of them lacks it', async () => {
    const acl = { path: '/pool/gitops', roles: 'GitOps', tokens: site.wish.token };
    dataOf(await root.call('PUT', '/access/acl', { ...acl, delete: 1 }));
    const findings = wrong(await findingsOf(site));
    expect(new Set(findings.map((finding) => finding.privilege?.path))).toEqual(new Set(['/pool/gitops']));
    const line = "pveum acl modify /pool/gitops --users gitops@pve --tokens 'gitops@pve!deploy' --roles GitOps";
    expect(new Set(findings.flatMap(({ fix }) => fix))).toEqual(new Set([line]));
    await pveum(root, line);
    expect(wrong(await findingsOf(site))).toEqual([]);
  });

  it('with root’s login beside the token it says which of the two lacks it', async () => {
    const settings = site.settings({ PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: 'correct horse' });
    const acl = { path: '/storage/local', roles: 'GitOps' };
    dataOf(await root.call('PUT', '/access/acl', { ...acl, tokens: site.wish.token, delete: 1 }));
    const lacking = wrong(await findingsOf(site, { settings }));
    expect(lacking[0]?.text).toContain('the token lacks what its user gitops@pve has');
    expect(lacking[0]?.fix).toEqual(["pveum acl modify /storage/local --tokens 'gitops@pve!deploy' --roles GitOps"]);
    dataOf(await root.call('PUT', '/access/acl', { ...acl, tokens: site.wish.token }));
    dataOf(await root.call('PUT', '/access/acl', { ...acl, users: 'gitops@pve', delete: 1 }));
    const [first] = wrong(await findingsOf(site, { settings }));
    expect(first?.text).toContain('its user gitops@pve lacks it, and a token never has more');
    dataOf(await root.call('PUT', '/access/acl', { ...acl, users: 'gitops@pve' }));
    const identity = (await findingsOf(site, { settings })).find(({ area }) => area === 'identity');
    expect(identity?.text).toBe('token gitops@pve!deploy with privileges of its own');
  });

  it('a user without any right gets the whole way: role, then a line per path', async () => {
    dataOf(await root.call('POST', '/access/users', { userid: 'new@pve', password: 'a password' }));
    const { PROXMOX_TOKEN_ID: _id, ...login } = {
      PROXMOX_TOKEN_ID: '',
      PROXMOX_USER: 'new@pve',
      PROXMOX_PASSWORD: 'a password',
    };
    const settings = site.settings({ ...login, PROXMOX_TOKEN_ID: '', PROXMOX_TOKEN_SECRET: '' });
    for (const { fix } of wrong(await findingsOf(site, { settings }))) for (const line of fix) await pveum(root, line);
    expect(wrong(await findingsOf(site, { settings }))).toEqual([]);
  });

  it('root may do everything: a warning that names setup', async () => {
    const login = {
      PROXMOX_TOKEN_ID: '',
      PROXMOX_TOKEN_SECRET: '',
      PROXMOX_USER: 'root@pam',
      PROXMOX_PASSWORD: 'correct horse',
    };
    const findings = wrong(await findingsOf(site, { settings: site.settings(login) }));
    expect(findings).toMatchObject([{ area: 'identity', status: 'warning' }]);
    expect(findings[0]?.fix[0]).toContain('pve-gitops setup --run');
  });

  it('a wrong secret, and nothing else is asked', async () => {
    const settings = site.settings({ PROXMOX_TOKEN_SECRET: '00000000-0000-4000-8000-000000000009' });
    const findings = wrong(await findingsOf(site, { settings }));
    expect(findings).toMatchObject([{ area: 'hosts', status: 'problem', kind: 'remote' }]);
    expect(findings[0]?.text).toContain('refuses these credentials: 401');
    expect(exitCodeOfFindings(findings)).toBe(4);
  });

  it('a host that is dead beside one that answers is a warning; alone it is a problem', async () => {
    const { port } = site.node.node;
    const both = site.settings({ PROXMOX_HOST: `127.0.0.1:${port},127.0.0.1:1` });
    expect(wrong(await findingsOf(site, { settings: both }))).toMatchObject([{ status: 'warning', area: 'hosts' }]);
    const alone = site.settings({ PROXMOX_HOST: '127.0.0.1:1' });
    const findings = wrong(await findingsOf(site, { settings: alone }));
    expect(findings).toMatchObject([{ status: 'problem', area: 'hosts', kind: 'remote' }]);
    expect(findings[0]?.text).toContain('127.0.0.1:1 does not answer: connect ECONNREFUSED');
  });

  it('a certificate that is not trusted: its fingerprint, where to compare it, and the line', async () => {
    const settings = site.settings({ PROXMOX_CA_FILE: '', PROXMOX_FINGERPRINT: 'AA:'.repeat(31).concat('AA') });
    const [finding, ...rest] = wrong(await findingsOf(site, { settings }));
    expect(rest).toEqual([]);
    const { fingerprint } = site.node.node.core;
    expect(finding?.fix.join('\n')).toContain('node → System → Certificates');
    expect(finding?.fix.join('\n')).toContain(`"fingerprint": "${fingerprint}"`);
  });

  it('storages, bridge, node and pool that do not exist: each with those that do', async () => {
    const settings = site.settings({ PROXMOX_STORAGE: 'ceph', PVE_GITOPS_NETWORK_BRIDGE: 'vmbr7' });
    for (const path of ['/storage/ceph', '/sdn/zones/localnetwork/vmbr7']) {
      await pveum(root, `pveum acl modify ${path} --users gitops@pve --tokens '${site.wish.token}' --roles GitOps`);
    }
    const findings = wrong(await findingsOf(site, { settings }));
    expect(findings.map(({ text }) => text)).toEqual([
      'storage ceph does not exist on node pve',
      'bridge vmbr7 does not exist on pve',
    ]);
    expect(findings.map(({ fix }) => fix.join())).toMatchObject([
      expect.stringContaining('with rootdir there: local-lvm'),
      expect.stringContaining('there are: vmbr0'),
    ]);
    expect(exitCodeOfFindings(findings)).toBe(3);
    const elsewhere = wrong(await findingsOf(site, { settings: site.settings({ PROXMOX_NODE: 'pve9' }) }));
    expect(elsewhere).toMatchObject([{ text: 'no node to use is online: pve9', kind: 'user' }]);
  });

  it('a storage that takes no containers, and one that is disabled', async () => {
    dataOf(await root.call('PUT', '/storage/local-lvm', { content: 'images' }));
    const content = wrong(await findingsOf(site));
    dataOf(await root.call('PUT', '/storage/local-lvm', { content: 'images,rootdir', disable: 1 }));
    const disabled = wrong(await findingsOf(site));
    dataOf(await root.call('PUT', '/storage/local-lvm', { disable: 0 }));
    expect(content[0]?.fix).toContain('pvesm set local-lvm --content images,rootdir');
    expect(disabled[0]?.fix).toEqual(['pvesm set local-lvm --disable 0']);
  });

  it('a vmid that a hidden guest has, an address that answers, a template that nobody has', async () => {
    const made = { vmid: 700, ostemplate: 'local:vztmpl/x.tar.zst', rootfs: 'local-lvm:1' };
    const offered = dataOf<{ template: string }[]>(await root.call('GET', '/nodes/pve/aplinfo'))[0]?.template ?? '';
    await site.node.task(root, 'POST', '/nodes/pve/aplinfo', { storage: 'local', template: offered });
    await site.node.task(root, 'POST', '/nodes/pve/lxc', { ...made, ostemplate: `local:vztmpl/${offered}` });
    const taken = wrong(await findingsOf(site, { desired: await site.define('apache', 700) }));
    expect(taken.map(({ text }) => text)).toEqual(['vmid 700 is taken by a guest that this identity cannot see']);
    const desired = await site.define('apache', 701);
    const { shells } = await site.ports();
    const answering = { shells: { ...shells, answers: async () => true } };
    const used = wrong(await findingsOf(site, { desired, ports: answering }));
    expect(used.map(({ text }) => text)).toEqual(['address 192.168.178.42 (net0) answers already']);
    const template = { kind: 'volid' as const, volid: 'local:vztmpl/nope.tar.zst' };
    const unknown = wrong(await findingsOf(site, { desired: { ...desired, template } }));
    expect(unknown).toMatchObject([{ area: 'template', kind: 'user' }]);
  });

  it('what Proxmox VE reserves to root@pam asks for that login', async () => {
    const desired = await site.define('apache', 702, site.settings(), 'MOUNT=/srv/x:/srv/x\n');
    const findings = wrong(await findingsOf(site, { desired }));
    expect(findings).toMatchObject([{ area: 'container', kind: 'user' }]);
    const login = site.settings({ PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: 'correct horse' });
    expect(wrong(await findingsOf(site, { desired, settings: login }))).toEqual([]);
  });

  it('a machine without an SSH client', async () => {
    const programs = { sshClient: async () => undefined };
    const findings = wrong(await findingsOf(site, { ports: { programs } }));
    expect(findings).toMatchObject([{ area: 'programs', fix: ['apt-get install openssh-client'] }]);
  });

  it('changes nothing', async () => {
    const before = JSON.stringify(site.node.node.core.accessStore.value);
    await findingsOf(site, { desired: await site.define('apache', 703) });
    expect(JSON.stringify(site.node.node.core.accessStore.value)).toBe(before);
  });
});
