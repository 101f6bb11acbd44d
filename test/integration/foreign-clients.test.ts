import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { serverCertificate } from '../../local/node/http/certificates.ts';
import { CliSite } from '../contract/support/cli.ts';
import { type ModuleResult, type PlayResults, play } from './clients/ansible.ts';
import { clientPython, findPython } from './clients/environment.ts';
import { type Steps, type TourOptions, tour } from './clients/tour.ts';
import { debianTemplate } from './lxc-template.ts';

/** Clients that nobody here wrote take the local node for Proxmox VE: proxmoxer, and Ansible's community.proxmox. */

const MINUTE = 60_000;
const missing = await checkHost();
const python = await findPython();
/** `simulated` tries the clients where no containers can run; the proof is the other one. */
const backend = process.env.PVE_GITOPS_TEST_BACKEND === 'simulated' ? 'simulated' : 'lxc';

describe('clients that nobody here wrote', () => {
  it('are tried only where containers can run, and Python from 3.11 is', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: foreign clients: ${what}: ${reason}`);
    if (python === undefined) console.warn('LEFT OUT: foreign clients: python3 with venv: none from 3.11 found');
    if (backend === 'simulated')
      console.warn('LEFT OUT: foreign clients with real containers: asked for by the environment');
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

/** Bytes that begin as an archive does, and enough of them for the clients' other way of uploading. */
function bigArchive(folder: string): string {
  const file = join(folder, 'debian-12-standard_12.7-1_amd64.tar.zst');
  writeFileSync(file, Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), Buffer.alloc(12 * 1024 ** 2)]));
  return file;
}

if ((missing.length === 0 || backend === 'simulated') && python !== undefined) {
  let folder: string;
  let site: CliSite;
  let client: string;
  let template: string;
  let wrongCa: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pve-gitops-clients-'));
    client = await clientPython(python);
    template = backend === 'lxc' ? await debianTemplate(12) : bigArchive(folder);
    wrongCa = (await serverCertificate(join(folder, 'other'), ['localhost'])).caFile;
    site = await CliSite.open(backend);
  }, 30 * MINUTE);
  afterAll(async () => {
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 5 * MINUTE);

  /** An address of the node's private network. */
  const place = (host: number): { readonly address: string; readonly gateway: string } => {
    const prefix = (site.node.network ?? '10.99.0.0/16').split('.').slice(0, 2).join('.');
    return { address: `${prefix}.7.${host}`, gateway: site.node.gateway ?? `${prefix}.0.1` };
  };

  // biome-ignore format: the steps of proxmoxer_tour.py
  const STEPS = [
    'is_authenticated_by_tls', 'turns_a_wrong_secret_away', 'tells_its_version', 'lists_its_nodes',
    'names_what_is_wrong', 'takes_a_template_of_many_megabytes', 'takes_and_drops_a_small_file',
    'fetches_a_file_by_its_url', 'creates_a_container', 'reads_and_changes_its_config', 'starts_it', 'filters_with_rules', 'snapshots_it',
    'goes_back_to_the_snapshot', 'stops_it', 'copies_it', 'saves_it', 'removes_it',
  ];

  describe.each([
    ['a ticket', 301],
    ['an API token', 302],
  ] as const)('proxmoxer with %s', (kind, vmid) => {
    let steps: Steps;

    beforeAll(async () => {
      const { port, ca, node, release, user, password, token } = site.node;
      const [, name = ''] = token.id.split('!');
      const login = kind === 'a ticket' ? { password } : { token_name: name, token_value: token.secret };
      const where = { host: '127.0.0.1', port, ca, wrong_ca: wrongCa, node, release, user };
      const options: TourOptions = { ...where, ...login, vmid, template, ...place(vmid - 200) };
      steps = await tour(client, options, 10 * MINUTE);
    }, 11 * MINUTE);

    it.each(STEPS)('%s', (step) => {
      expect(steps.has(step) ? steps.get(step) : 'not reached').toBeUndefined();
    });
  });

  // the whole life with a token; with a ticket, as all else is the same, what is made and found again
  describe.each([
    ['an API token', 310],
    ['a ticket', 320],
  ] as const)('Ansible with %s', (kind, vmid) => {
    const run = async (playbook: string): Promise<PlayResults> => {
      const { port, ca, node, user, password, token } = site.node;
      const [, name = ''] = token.id.split('!');
      const iso = join(folder, 'small.iso');
      writeFileSync(iso, 'no disc at all\n');
      // another name than proxmoxer's, so that it is not there yet
      const named = join(folder, basename(template).replace('_amd64', `-${vmid}_amd64`));
      if (!existsSync(named)) symlinkSync(template, named);
      const { results, complaints } = await play({
        python: client,
        playbook,
        environment: {
          PROXMOX_HOST: '127.0.0.1',
          PROXMOX_PORT: String(port),
          PROXMOX_USER: user,
          PROXMOX_VALIDATE_CERTS: 'true',
          REQUESTS_CA_BUNDLE: ca,
          ...(kind === 'a ticket'
            ? { PROXMOX_PASSWORD: password }
            : { PROXMOX_TOKEN_ID: name, PROXMOX_TOKEN_SECRET: token.secret }),
        },
        variables: { pve_node: node, vmid, template: named, iso, ...place(vmid - 200) },
        deadline: 15 * MINUTE,
      });
      const wrong = [...results].flatMap(([task, said]) =>
        said.filter((one) => one.failed === true).map((one) => `${task}: ${JSON.stringify(one)}`),
      );
      expect([...wrong, complaints].join('\n')).toBe('');
      return results;
    };
    const changes = (results: PlayResults): Readonly<Record<string, readonly (boolean | undefined)[]>> =>
      Object.fromEntries([...results].map(([task, said]) => [task, said.map((one) => one.changed)]));

    let converged: PlayResults;
    it(
      'makes what is not there',
      async () => {
        converged = await run('converge.yml');
        for (const [task, changed] of Object.entries(changes(converged)))
          expect([task, changed]).toEqual([task, [true]]);
        expect(converged.size).toBe(17);
      },
      16 * MINUTE,
    );

    it(
      'finds it the second time, and changes nothing',
      async () => {
        const again = changes(await run('converge.yml'));
        expect(Object.keys(again)).toEqual([...converged.keys()]);
        for (const [task, changed] of Object.entries(again)) expect([task, changed]).toEqual([task, [false]]);
      },
      16 * MINUTE,
    );

    let life: PlayResults;
    it(
      'changes each thing once, and then finds it done',
      async () => {
        life = await run('life.yml');
        for (const [task, changed] of Object.entries(changes(life))) {
          const wanted = task.startsWith('look: ') ? [false] : task.startsWith('act: ') ? [true] : [true, false];
          expect([task, changed]).toEqual([task, wanted]);
        }
      },
      16 * MINUTE,
    );

    it('reads what the node says of itself', () => {
      const said = (task: string): ModuleResult => life.get(task)?.[0] ?? {};
      const { address } = place(vmid - 200);
      expect(said('look: guests').proxmox_vms).toMatchObject([
        {
          vmid,
          name: 'foreign',
          status: 'running',
          pool: 'foreign',
          template: false,
          type: 'lxc',
          config: { memory: 256 },
        },
      ]);
      expect(JSON.stringify(said('look: guests').proxmox_vms)).toContain(`"inet":"${address}/16"`);
      expect(said('look: after going back').proxmox_vms).toMatchObject([{ config: { memory: 256 } }]);
      expect(said('look: nodes').proxmox_nodes).toMatchObject([{ node: site.node.node, status: 'online' }]);
      expect(said('look: storages').proxmox_storages).toMatchObject([{ storage: 'local' }, { storage: 'local-lvm' }]);
      expect(said('look: one storage').proxmox_storages).toMatchObject([{ type: 'dir', path: '/var/lib/vz' }]);
      expect(said('look: contents of a storage').proxmox_storage_content).toMatchObject([
        { volid: 'local:iso/small.iso', size: 15 },
      ]);
      const ann = {
        userid: 'ann@pve',
        user: 'ann',
        domain: 'pve',
        enabled: true,
        firstname: 'Ann',
        groups: ['guests'],
      };
      expect(said('look: users').proxmox_users).toContainEqual(expect.objectContaining(ann));
      expect(said('look: one user').proxmox_users).toMatchObject([
        { ...ann, lastname: 'Example', email: 'ann@example.org' },
      ]);
      expect(said('look: groups').proxmox_groups).toMatchObject([{ groupid: 'guests', users: ['ann@pve'] }]);
      expect(said('look: one group').proxmox_groups).toMatchObject([{ groupid: 'guests', comment: 'made by Ansible' }]);
      expect(said('look: realms').proxmox_domains).toMatchObject([{ realm: 'pam' }, { realm: 'pve' }]);
      expect(said('look: one realm').proxmox_domains).toMatchObject([{ realm: 'pve', type: 'pve' }]);
      expect(said('look: tasks').proxmox_tasks).toContainEqual(
        expect.objectContaining({ type: 'vzcreate', status: 'OK' }),
      );
      expect(said('look: firewall')).toMatchObject({
        firewall_rules: [
          { pos: 0, dport: '22', enable: 1 },
          { pos: 1, action: 'DROP', enable: 0 },
        ],
        groups: ['web'],
        aliases: [{ name: 'office', cidr: '192.0.2.0/24' }],
        ip_sets: [{ name: 'trusted', cidrs: [{ cidr: '192.0.2.7' }] }],
      });
      expect(said('act: backup').backups).toMatchObject([{ node: site.node.node, status: 'success' }]);
    });
  });
}
