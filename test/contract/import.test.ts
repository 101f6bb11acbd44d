import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliSite, type Ended } from './support/cli.ts';
import { dataOf, type Fields, type NodeClient } from './support/node-client.ts';

/** Containers that somebody made in other ways become definitions, are adopted, and nothing of them changes. */

const TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
let site: CliSite;
let root: NodeClient;

beforeAll(async () => {
  site = await CliSite.open();
  await site.control('PUT', 'file', { storage: 'local', name: 'vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' });
  const { user, password } = site.node;
  const answer = await site.client.with({}).call('POST', '/access/ticket', { username: user, password });
  const { ticket, CSRFPreventionToken: csrf } = dataOf<{ ticket: string; CSRFPreventionToken: string }>(answer);
  root = site.client.with({ cookie: `PVEAuthCookie=${ticket}`, csrfpreventiontoken: csrf });
});
afterAll(() => site.close());

const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');

/** As root would make it on the node's web page. */
async function make(vmid: number, fields: Fields): Promise<void> {
  const common = { vmid, ostemplate: TEMPLATE, rootfs: 'local-lvm:4', hostname: `made${vmid}` };
  const upid = dataOf<string>(await root.call('POST', '/nodes/pve/lxc', { ...common, ...fields }));
  await expect
    .poll(async () => dataOf(await root.call('GET', `/nodes/pve/tasks/${encodeURIComponent(upid)}/status`)), {
      timeout: 30_000,
    })
    .toMatchObject({ status: 'stopped', exitstatus: 'OK' });
}

interface Imported {
  readonly definition: string;
  readonly notes: readonly { readonly key: string; readonly text: string }[];
  readonly differences: readonly { readonly field: string; readonly reason: string }[];
  readonly due: readonly { readonly step: string }[];
}

const MADE: readonly (readonly [string, number, Fields])[] = [
  [
    'as the wizard does',
    201,
    { unprivileged: 1, features: 'nesting=1', net0: 'name=eth0,bridge=vmbr0,firewall=1,ip=dhcp' },
  ],
  [
    'with a static address',
    202,
    { net0: 'name=eth0,bridge=vmbr0,ip=10.1.2.3/24,gw=10.1.2.1,ip6=auto,tag=7', onboot: 1 },
  ],
  [
    'with several interfaces',
    203,
    {
      net0: 'name=eth0,bridge=vmbr0,ip=10.1.2.4/24,gw=10.1.2.1,rate=12.5,mtu=1400',
      net3: 'name=lan,bridge=vmbr0,ip6=fd00::5/64,link_down=1,trunks=5;6',
    },
  ],
  ['without a network', 204, { memory: 64, swap: 0, cores: 2, cpulimit: '1.5', cpuunits: 200 }],
  [
    'with volumes, directories and devices',
    205,
    {
      mp0: 'local-lvm:2,mp=/srv/data,backup=1,mountoptions=noatime',
      mp1: 'local-lvm:1,mp=/backup/data,ro=1',
      mp4: '/mnt,mp=/mnt/host,ro=1',
      mp5: '/srv,mp=/srv/host',
      dev0: '/dev/null,mode=0666,uid=7',
      features: 'keyctl=1,mount=nfs;cifs,nesting=1',
    },
  ],
  [
    'with everything else',
    206,
    {
      tags: 'web;prod',
      description: '# Web\n\n- one: two\n  "three"\n',
      startup: 'order=2,up=30',
      protection: 1,
      nameserver: '1.1.1.1 9.9.9.9',
      searchdomain: 'example.org',
      timezone: 'Europe/Berlin',
      cmode: 'shell',
      unprivileged: 0,
    },
  ],
];

describe('a container that was made', () => {
  it.each(MADE)('%s: import, adopt, plan', async (_, vmid, fields) => {
    await make(vmid, fields);
    const directory = join(site.folder, `made${vmid}`);
    const before = await site.config(vmid);
    const writes = await site.writes();

    const imported = await site.run(['import', '--vmid', String(vmid), '--json']);
    const told = JSON.parse(imported.stdout) as Imported;
    expect(told.differences).toEqual([]);
    expect(told.due.map(({ step }) => step)).toEqual(['start', 'baseline']);
    expect(imported.code).toBe(0);
    expect(await site.writes()).toBe(writes);
    expect(await site.config(vmid)).toEqual(before);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toBe(told.definition);
    expect(told.definition).toMatch(/^# yaml-language-server: \$schema=/);
    expect(told.definition).toMatch(new RegExp(`^vmid: ${vmid}$`, 'm'));

    const early = await site.run(['plan', directory]);
    expect(early.code).toBe(6);
    const adopted = await site.run(['adopt', directory, '--vmid', String(vmid), '--host-key', 'SHA256:abc']);
    expect(adopted.code).toBe(0);
    const plan = JSON.parse((await site.run(['plan', directory, '--json'])).stdout) as {
      readonly plan: { readonly steps: readonly { readonly kind: string }[] };
    };
    expect(plan.plan.steps.map(({ kind }) => kind)).toEqual(['start', 'baseline']);

    const after = await site.config(vmid);
    const rest = (config: typeof after) => ({ ...config, description: '', tags: '', digest: '' });
    expect(rest(after)).toEqual(rest(before));
  });

  it('says for people what was not taken over, and what to do next', async () => {
    await make(210, { net0: 'name=eth0,bridge=vmbr0,ip=dhcp', arch: 'amd64', tty: 1 });
    await site.client.call('POST', '/nodes/pve/lxc/210/snapshot', { snapname: 'before' });
    await expect
      .poll(async () => (await site.client.call('GET', '/nodes/pve/lxc/210/snapshot')).text)
      .toContain('"before"');
    const end = await site.run(['import', '--vmid', '210', 'my boxes/web']);
    expect(end.code).toBe(0);
    expect(end.text).toContain('container 210 (made210) on node pve → my boxes/web/container.yml');
    expect(end.text).toContain('not taken over: snapshots: before: they stay');
    expect(end.text).toContain('not taken over: tty: 1: no key says it; it stays as it is');
    expect(end.text).toContain("pve-gitops adopt 'my boxes/web' --vmid 210");
    expect(end.text).toContain("pve-gitops plan 'my boxes/web'");
    expect(end.text).toContain('nothing of its resources would change');
  });

  it('what the site would give it is said with the setting, and ends with 2', async () => {
    const end = await site.run(['import', '--vmid', '210', 'other', '--network-nameserver', '9.9.9.9', '--print']);
    expect(end.code).toBe(2);
    expect(end.stderr).toContain('nameserver: host settings → 9.9.9.9');
    expect(end.stderr).toContain("the site's default (setting network.nameserver)");
  });

  it('--print prints the definition alone, and writes nothing', async () => {
    const end = await site.run(['import', '--vmid', '210', '--print']);
    expect(end.code).toBe(0);
    expect(end.stdout).toMatch(/^# yaml-language-server/);
    expect(end.stdout).toContain('\nhostname: made210\n');
    expect(end.stdout).not.toContain('adopt');
    expect(existsSync(join(site.folder, 'made210'))).toBe(false);
  });

  it('one that is ours already is said to be, and needs no adopt', async () => {
    const directory = join(site.folder, 'made201');
    const again = await site.run(['import', '--vmid', '201', directory, '--force']);
    expect(again.code).toBe(0);
    expect(flat(again)).toContain('it is ours already: srv/made201 (site local, stage main)');
    expect(again.text).not.toContain('pve-gitops adopt');
    const other = await site.run(['import', '--vmid', '201', join(site.folder, 'elsewhere')]);
    expect(flat(other)).toContain('it belongs to srv/made201 (site local, stage main)');
    expect(other.text).toMatch(/adopt \S+elsewhere --vmid 201 --from srv\/made201/);
  });
});

describe('what cannot be imported', () => {
  it.each([
    ['no such guest', '999', 3, 'Unable to import container 999: there is no guest with this vmid'],
    ['a virtual machine', '220', 6, 'vmid 220 is a virtual machine "windows" on node pve'],
    ['a template', '221', 3, 'Unable to import container 221: it is a template'],
    ['one that is being made', '222', 5, 'it is being made (locked: create)'],
    ['no number', 'web', 3, '--vmid is a whole number from 100'],
    ['a damaged owner mark', '223', 6, 'it has an owner mark that cannot be read'],
  ])('%s', async (_, vmid, code, message) => {
    const rootfs = `local-lvm:vm-${vmid}-disk-0,size=4G`;
    if (vmid === '220') await site.control('PUT', 'qemu', { vmid: 220, config: { name: 'windows' } });
    if (vmid === '221') await site.control('PUT', 'lxc', { vmid: 221, config: { hostname: 't', rootfs, template: 1 } });
    if (vmid === '222') await site.control('PUT', 'lxc', { vmid: 222, config: { hostname: 'half', rootfs } });
    if (vmid === '222') await site.control('PUT', 'lock', { vmid: 222, lock: 'create' });
    const damaged = '<!-- pve-gitops:1 {"site": -->\n';
    if (vmid === '223') {
      await site.control('PUT', 'lxc', { vmid: 223, config: { hostname: 'd', rootfs, description: damaged } });
    }
    const end = await site.run(['import', '--vmid', vmid, 'nothing']);
    expect(flat(end)).toContain(message);
    expect(end.code).toBe(code);
    expect(existsSync(join(site.folder, 'nothing'))).toBe(false);
  });

  it('one that this identity may not see', async () => {
    const token = dataOf<{ value: string }>(
      await root.call('POST', '/access/users/root%40pam/token/blind', { privsep: 1 }),
    );
    const environment = {
      PROXMOX_HOST: '127.0.0.1',
      PROXMOX_PORT: String(site.node.port),
      PROXMOX_CA_FILE: site.node.ca,
      PROXMOX_TOKEN_ID: 'root@pam!blind',
      PROXMOX_TOKEN_SECRET: token.value,
    };
    const end = await site.run(['import', '--vmid', '210', 'nothing'], environment);
    expect([3, 4]).toContain(end.code);
    expect(flat(end)).toMatch(/VM\.Audit/);
    expect(existsSync(join(site.folder, 'nothing'))).toBe(false);
  });

  it('a definition that is there is never lost', async () => {
    const directory = join(site.folder, 'there');
    mkdirSync(directory);
    writeFileSync(join(directory, 'container.yml'), 'vmid: 210\n');
    const refused = await site.run(['import', '--vmid', '210', directory]);
    expect(refused.code).toBe(3);
    expect(flat(refused)).toContain('container.yml is there already');
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toBe('vmid: 210\n');
    expect((await site.run(['import', '--vmid', '210', directory, '--force'])).code).toBe(0);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toContain('hostname: made210');

    writeFileSync(join(directory, 'config.env'), 'ID=210\n');
    const second = await site.run(['import', '--vmid', '210', directory, '--force']);
    expect(second.code).toBe(3);
    expect(flat(second)).toContain('config.env is there already');
  });
});
