import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliSite, type Ended } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** A container.yml in full, through the command line, against a node that answers as Proxmox VE does. */

let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
  for (const pool of ['web', 'other']) await site.client.call('POST', '/pools', { poolid: pool });
});
afterAll(() => site.close());
beforeEach(() => site.control('DELETE', 'calls'));

const VMID = 1042;
const BASE = `vmid: ${VMID}\nhostname: web\nmemory: 512\ndisk: local-lvm:2\n`;
const ONE = 'interfaces: [{bridge: vmbr0, ip: 192.168.178.42/24, gateway: 192.168.178.1}]\n';

const EVERYTHING = `${BASE}
cores: 2
cpu_limit: 1.5
cpu_units: 200
interfaces:
  - {bridge: vmbr0, ip: 192.168.178.42/24, gateway: 192.168.178.1, ip6: "fd00::42/64", gateway6: "fd00::1", mtu: 1400}
  - {name: lan1, bridge: vmbr0, ip: 10.0.0.5/24, vlan: 20, trunks: [30, 40], mac: "BC:24:11:00:00:2A", rate: 2.5, firewall: yes, connected: no}
nameserver: [1.1.1.1, "fd00::53"]
searchdomain: example.org
volumes:
  data: {path: /srv/data, disk: local-lvm:1}
  logs: {path: /var/log/app, storage: local-lvm, size: 1, backup: no, read_only: yes, options: [noatime, nodev], replicate: no}
mount: {host: /usr, path: /mnt/usr, read_only: yes}
devices: [/dev/zero, {path: /dev/null, mode: "0666", uid: 1000, deny_write: yes}]
features: {keyctl: yes, mount: [nfs, cifs]}
startup: {order: 2, up: 5, down: 10}
pool: web
tags: [web, prod]
description: |
  The web server.
  Ask **Ann**.
protection: yes
way_back: none
`;

/** Everything that Proxmox VE takes without a restart, changed. */
const LIVE = EVERYTHING.replace('hostname: web', 'hostname: web2')
  .replace('memory: 512', 'memory: 768')
  .replace('cores: 2', 'cores: 1')
  .replace('cpu_limit: 1.5', 'cpu_limit: 0')
  .replace('cpu_units: 200', 'cpu_units: 300')
  .replace('disk: local-lvm:2', 'disk: local-lvm:3')
  .replace('disk: local-lvm:1}', 'disk: local-lvm:2}')
  .replace('mtu: 1400', 'vlan: 7')
  .replace('connected: no', 'connected: yes')
  .replace('order: 2', 'order: 3')
  .replace('pool: web', 'pool: other')
  .replace('tags: [web, prod]', 'tags: [live]')
  .replace('Ask **Ann**', 'Ask **Bob**');

/** A definition of its own, so that no file of another test is left in it. */
function definition(yaml: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = site.definition('apache', { 'config.env': null, 'container.yml': yaml, ...files }, 'web');
  return directory;
}
const deploy = (yaml: string, environment: Readonly<Record<string, string>> = {}) =>
  site.run(['deploy', definition(yaml), '--json'], environment);
const config = async () => (await site.config(VMID)) ?? {};
const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');

interface Result {
  readonly kind: string;
  readonly plan: {
    readonly steps: readonly { readonly kind: string }[];
    readonly data: readonly Record<string, unknown>[];
  };
  readonly results: readonly {
    readonly kind: string;
    readonly changes: readonly { readonly field: string; readonly to?: string }[];
  }[];
}
const outcomeOf = (end: Ended): Result => {
  expect(end, end.text).toMatchObject({ code: 0 });
  return JSON.parse(end.stdout) as Result;
};
/** Kinds of the steps that were taken, without those inside the container and the way back before them. */
const steps = (end: Ended): readonly string[] =>
  outcomeOf(end)
    .results.map(({ kind, changes }) => {
      const [only, more] = changes;
      const guards = kind === 'update' && only?.field === 'protection' && more === undefined;
      return guards ? `protection ${only.to}` : kind;
    })
    .filter((kind) => !['download', 'keep', 'baseline', 'configure'].includes(kind));
const fates = (end: Ended): readonly string[] =>
  outcomeOf(end).plan.data.map(({ name, fate }) => `${String(name)} ${String(fate)}`);
const writes = async (): Promise<readonly string[]> => {
  const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
  return Object.keys(calls).filter((call) => !call.startsWith('GET '));
};
const poolOf = async (): Promise<unknown> => {
  const guests = dataOf<readonly Record<string, unknown>[]>(
    await site.client.call('GET', '/cluster/resources', { type: 'vm' }),
  );
  return guests.find(({ vmid }) => vmid === VMID)?.pool;
};
const volids = async (): Promise<readonly string[]> => {
  const content = await site.client.call('GET', '/nodes/pve/storage/local-lvm/content', { vmid: VMID });
  return dataOf<readonly { volid: string }[]>(content)
    .map(({ volid }) => volid)
    .toSorted();
};
const PATHS = { data: `local-lvm:vm-${VMID}-disk-1`, logs: `local-lvm:vm-${VMID}-disk-2` };

async function remove(...volumes: readonly string[]): Promise<void> {
  const named = volumes.flatMap((name) => ['--delete-volume', name]);
  const end = await site.run(['destroy', definition(BASE), '--yes', ...named]);
  expect(end, end.text).toMatchObject({ code: 0 });
  expect(await site.config(VMID)).toBeUndefined();
}

describe('a definition in full', () => {
  it('is made in one call', async () => {
    const end = await deploy(EVERYTHING);
    expect(steps(end)).toEqual(['create', 'start']);
    expect(
      (await writes())
        .filter((call) => /^(POST|PUT) \/(nodes\/pve\/lxc(\/1042\/config)?$|pools)/.test(call))
        .toSorted(),
    ).toEqual([
      'POST /nodes/pve/lxc',
      // The owner mark.
      `PUT /nodes/pve/lxc/${VMID}/config`,
    ]);
    expect(await config()).toMatchObject({
      cores: 2,
      cpulimit: '1.5',
      cpuunits: 200,
      dev0: '/dev/zero',
      dev1: '/dev/null,mode=0666,uid=1000,deny-write=1',
      features: 'nesting=1,keyctl=1,mount=cifs;nfs',
      mp0: `${PATHS.data},mp=/srv/data,backup=1,size=1G`,
      mp1: '/usr,mp=/mnt/usr,ro=1',
      mp2: `${PATHS.logs},mp=/var/log/app,mountoptions=noatime;nodev,replicate=0,ro=1,size=1G`,
      nameserver: '1.1.1.1 fd00::53',
      protection: 1,
      searchdomain: 'example.org',
      startup: 'order=2,up=5,down=10',
      tags: 'prod;pve-gitops;web',
      net1: 'name=lan1,bridge=vmbr0,firewall=1,hwaddr=BC:24:11:00:00:2A,ip=10.0.0.5/24,link_down=1,rate=2.5,tag=20,trunks=30;40,type=veth',
    });
    const made = await config();
    expect(made.net0).toMatch(/ip=192\.168\.178\.42\/24,ip6=fd00::42\/64,mtu=1400/);
    expect(made.net0).toMatch(/gw=192\.168\.178\.1,gw6=fd00::1/);
    expect(made.description).toMatch(/^The web server\.\nAsk \*\*Ann\*\*\.\n\n\*\*srv\//);
    expect(made.description).toContain(`"volumes":{"data":"${PATHS.data}","logs":"${PATHS.logs}"}`);
    expect(await poolOf()).toBe('web');
    expect(fates(end)).toEqual(['root file system new', 'data new', 'logs new']);
  });

  it('again: nothing to change, and nothing is written', async () => {
    const before = await config();
    expect(steps(await deploy(EVERYTHING))).toEqual([]);
    expect(await config()).toEqual(before);
    expect(await writes()).toEqual([]);
    const plan = await site.run(['plan', definition(EVERYTHING)]);
    expect(plan.stdout).toMatch(
      /nothing to change\n\s+data: root file system \(2 GiB\) kept · data \(1 GiB at \/srv\/data\) kept/,
    );
  });

  it('what Proxmox VE takes live is changed without a restart', async () => {
    const end = await deploy(LIVE);
    expect(steps(end)).toEqual(['pool', 'resize', 'resize', 'update']);
    expect(await config()).toMatchObject({
      hostname: 'web2',
      memory: 768,
      cores: 1,
      cpulimit: '0',
      cpuunits: 300,
      rootfs: expect.stringContaining('size=3G') as string,
      mp0: `${PATHS.data},mp=/srv/data,backup=1,size=2G`,
      startup: 'order=3,up=5,down=10',
      tags: 'live;pve-gitops',
      description: expect.stringContaining('Ask **Bob**') as string,
    });
    expect((await config()).net0).toMatch(/tag=7/);
    expect((await config()).net0).not.toMatch(/mtu/);
    expect((await config()).net1).not.toMatch(/link_down/);
    expect(await poolOf()).toBe('other');
    expect(steps(await deploy(LIVE))).toEqual([]);
  });

  it('protected, it refuses what touches its disks, before anything', async () => {
    const before = await config();
    const moved = LIVE.replace('path: /srv/data', 'path: /srv/files');
    const end = await site.run(['deploy', definition(moved)]);
    expect(end.code).toBe(3);
    expect(flat(end)).toContain('volume data of container 1042: its protection is on; nothing was changed');
    const gone = await site.run([
      'destroy',
      definition(BASE),
      '--yes',
      '--delete-volume',
      'data',
      '--delete-volume',
      'logs',
    ]);
    expect(gone.code).toBe(3);
    expect(flat(gone)).toContain('Unable to destroy container 1042: its protection is on');
    expect(await config()).toEqual(before);
    expect(await writes()).toEqual([]);
  });

  it('opened first, and what waits for a restart gets one', async () => {
    const restarting = LIVE.replace('protection: yes', 'protection: no')
      .replace('path: /srv/data', 'path: /srv/files')
      .replace('read_only: yes, options: [noatime, nodev]', 'options: [noexec]')
      .replace('path: /mnt/usr, read_only: yes', 'path: /mnt/usr')
      .replace('devices: [/dev/zero, ', 'devices: [')
      .replace('mode: "0666"', 'mode: "0600"')
      .replace('keyctl: yes, mount: [nfs, cifs]', 'fuse: yes')
      .replace('[1.1.1.1, "fd00::53"]', '9.9.9.9');
    expect(steps(await deploy(restarting))).toEqual(expect.arrayContaining(['update', 'update', 'restart']));
    const now = await config();
    expect(now).toMatchObject({
      dev1: '/dev/null,mode=0600,uid=1000,deny-write=1',
      features: 'nesting=1,fuse=1',
      mp0: `${PATHS.data},mp=/srv/files,backup=1,size=2G`,
      mp1: '/usr,mp=/mnt/usr',
      mp2: `${PATHS.logs},mp=/var/log/app,mountoptions=noexec,replicate=0,size=1G`,
      nameserver: '9.9.9.9',
      protection: 0,
    });
    expect(now).not.toHaveProperty('dev0');
    expect(steps(await deploy(restarting))).toEqual([]);
    await remove('data', 'logs');
    expect(await volids()).toEqual([]);
  });
});

describe('volumes', () => {
  const data = 'volumes: {data: {path: /srv/data, disk: "local-lvm:1"}}\n';

  it('are detached and kept, and come back as the same', async () => {
    outcomeOf(await deploy(BASE + data));
    const end = await deploy(BASE);
    expect(steps(end)).toEqual(['protection 0', 'update', 'restart', 'protection 1']);
    expect(fates(end)).toEqual(['root file system kept', 'data detached']);
    expect(await config()).toMatchObject({ unused0: PATHS.data });
    const plan = await site.run(['plan', definition(BASE)]);
    expect(plan.stdout).toContain('data (1 GiB) detached, kept');
    const back = await deploy(BASE + data);
    expect(steps(back)).toEqual(['protection 0', 'update', 'protection 1']);
    expect(fates(back)).toEqual(['root file system kept', 'data attached']);
    expect((await config()).mp0).toContain(PATHS.data);
    expect(steps(await deploy(BASE + data))).toEqual([]);
  });

  it('never shrink: an error at plan, for one that is detached too', async () => {
    const grown = data.replace('local-lvm:1', 'local-lvm:2');
    expect(steps(await deploy(BASE + grown))).toEqual(['resize']);
    const plan = await site.run(['plan', definition(BASE + data)]);
    expect(plan.code).toBe(3);
    expect(flat(plan)).toContain('Unable to plan volume data: it has 2 GiB, and 1 GiB would cut off data');
    outcomeOf(await deploy(BASE));
    expect((await site.run(['plan', definition(BASE + data)])).code).toBe(3);
    outcomeOf(await deploy(BASE + grown));
  });

  it('of another storage are said to need a move, and left alone', async () => {
    const before = await config();
    const moved = data.replace('local-lvm:1', 'local:2');
    const plan = await site.run(['plan', definition(BASE + moved)]);
    expect(plan.stdout).toMatch(/volume data storage: local-lvm → local/);
    expect(plan.stdout).toMatch(/data: root file system \(2 GiB\) kept · data \(2 GiB at \/srv\/data\) kept/);
    expect(await config()).toEqual(before);
  });

  it('die when git says so, and not before', async () => {
    const end = await deploy(`${BASE}volumes: {data: delete}\n`);
    expect(steps(end)).toEqual(['protection 0', 'update', 'restart', 'discard']);
    expect(fates(end)).toEqual(['root file system kept', 'data destroyed']);
    expect(await volids()).toEqual([`local-lvm:vm-${VMID}-disk-0`]);
    expect(JSON.stringify(await config())).not.toContain('volumes');
    expect(steps(await deploy(`${BASE}volumes: {data: delete}\n`))).toEqual([]);
    await remove();
  });

  it('outlive a destroy: the container is retired, and comes back with them', async () => {
    outcomeOf(await deploy(BASE + data));
    const end = await site.run(['destroy', definition(BASE + data), '--yes']);
    expect(end).toMatchObject({ code: 0 });
    expect(flat(end)).toContain('retired, not destroyed: its volumes are kept: data');
    expect(flat(end)).toContain('--delete-volume data');
    expect(await config()).toMatchObject({ onboot: 0 });
    expect((await config()).description).toContain('"role":"retired"');
    expect(await volids()).toContain(PATHS.data);
    await site.control('DELETE', 'calls');
    expect(await site.run(['destroy', definition(BASE + data), '--yes'])).toMatchObject({ code: 0 });
    expect(await writes()).toEqual([]);
    const absent = await deploy(`${BASE + data}state: absent\n`);
    expect(steps(absent)).toEqual([]);
    expect(steps(await deploy(BASE + data))).toEqual(['revive', 'update', 'start']);
    expect(await config()).toMatchObject({ onboot: 1 });
    expect((await config()).description).toContain('"role":"live"');
    await remove('data');
    expect(await volids()).toEqual([]);
  });

  it('that somebody made by hand are never taken along', async () => {
    outcomeOf(await deploy(BASE));
    await site.client.call('PUT', `/nodes/pve/lxc/${VMID}/config`, { mp5: 'local-lvm:1,mp=/hand' });
    expect(steps(await deploy(BASE))).toEqual([]);
    const end = await site.run(['destroy', definition(BASE), '--yes']);
    expect(flat(end)).toContain('its volumes are kept: mp5');
    expect(await volids()).toHaveLength(2);
    await remove('mp5');
  });
});

describe('what a run may need', () => {
  it('a container that it depends on: busy, and which, before anything is made', async () => {
    const end = await site.run(['deploy', definition(`${BASE}depends: [db]\n`)]);
    expect(end.code).toBe(5);
    expect(flat(end)).toContain('what it depends on is not running: db, which is not there');
    expect(await writes()).toEqual([]);
    const db = site.definition('broker', { 'config.env': 'ID=50\nMEMORY=256\nDISK=local-lvm:1\n' }, 'db');
    expect(await site.run(['deploy', db], { LOGIN: 'a', PASSWORD: 'b' })).toMatchObject({ code: 0 });
    const plan = await site.run(['plan', definition(`${BASE}depends: [db, srv/db]\n`)]);
    expect(flat(plan)).toContain('depends on db: container 1050 (stage main) runs');
    expect(await site.run(['deploy', definition(`${BASE}depends: [db]\n`)])).toMatchObject({ code: 0 });
    await remove();
    expect(await site.run(['destroy', db, '--yes'])).toMatchObject({ code: 0 });
  });

  it('secrets: all that are missing at once; given, they are shown nowhere', async () => {
    const yaml = `${BASE}secrets: [DB_PASSWORD, API_KEY]\n`;
    const end = await site.run(['deploy', definition(yaml)]);
    expect(end.code).toBe(3);
    expect(flat(end)).toContain('no value for DB_PASSWORD, API_KEY');
    expect(flat(end)).toContain('SECRET_DB_PASSWORD, SECRET_API_KEY');
    expect(await site.config(VMID)).toBeUndefined();
    const plan = await site.run(['plan', definition(yaml)]);
    expect(plan.code).toBe(0);
    expect(flat(plan)).toContain('no value here for DB_PASSWORD, API_KEY');
    const given = { SECRET_DB_PASSWORD: 'correct-horse', SECRET_API_KEY: 'battery-staple' };
    const done = await site.run(['deploy', definition(yaml), '--verbose'], given);
    expect(done, done.text).toMatchObject({ code: 0 });
    expect(done.text).not.toMatch(/correct-horse|battery-staple/);
    expect(JSON.stringify(await config())).not.toMatch(/correct-horse|battery-staple/);
    const again = await deploy(yaml, given);
    expect(outcomeOf(again).results).toEqual([]);
    const changed = await deploy(yaml, { ...given, SECRET_API_KEY: 'other-staple' });
    expect(outcomeOf(changed).results.map(({ kind }) => kind)).toContain('configure');
    await remove();
  });

  it('root@pam’s own login: without it nothing is begun', async () => {
    const environment = {
      PROXMOX_HOST: '127.0.0.1',
      PROXMOX_PORT: String(site.node.port),
      PROXMOX_CA_FILE: site.node.ca,
      PROXMOX_TOKEN_ID: site.node.token.id,
      PROXMOX_TOKEN_SECRET: site.node.token.secret,
    };
    const yaml = `${BASE}ip: dhcp\ndevices: /dev/null\nfeatures: {fuse: yes}\n`;
    const end = await site.run(['deploy', definition(yaml)], environment);
    expect(end.code).toBe(3);
    expect(flat(end)).toContain('reserves this to root@pam: device /dev/null, feature fuse');
    expect(await writes()).toEqual([]);
    const plan = await site.run(['plan', definition(yaml)], environment);
    expect(plan.code).toBe(0);
    expect(flat(plan)).toContain('refused: Unable to change container 1042');
  });

  it('a node of its list; one that stands elsewhere is not moved', async () => {
    const nowhere = await site.run(['deploy', definition(`${BASE}node: [pve7, pve8]\n`)]);
    expect(nowhere.code).toBe(4);
    expect(flat(nowhere)).toContain('none of pve7, pve8 is online');
    outcomeOf(await deploy(`${BASE}node: [pve7, pve]\n`));
    const plan = await site.run(['plan', definition(`${BASE}node: pve7\n`)]);
    expect(plan.stdout).toMatch(/node: pve → pve7/);
    expect(plan.stdout).toMatch(/data: root file system \(2 GiB\) kept/);
    await remove();
  });

  it('a pool that is there', async () => {
    const end = await site.run(['deploy', definition(`${BASE}pool: nope\n`)]);
    expect(end.code).toBe(4);
    expect(flat(end)).toContain("pool 'nope' does not exist");
    expect(await site.config(VMID)).toBeUndefined();
    outcomeOf(await deploy(BASE));
    const moved = await site.run(['deploy', definition(`${BASE}pool: nope\n`)]);
    // The change of its files is tried too, so a way back was kept before, and is taken.
    expect(moved.code).toBe(7);
    expect(flat(moved)).toContain("pool 'nope' does not exist");
    expect(steps(await deploy(`${BASE}pool: web\n`))).toEqual(['pool']);
    expect(await poolOf()).toBe('web');
    await remove();
  });
});

describe('interfaces', () => {
  it('in the short form leave alone what nobody wrote, in full they do not', async () => {
    outcomeOf(await deploy(`${BASE}ip: 192.168.178.42/24\ngateway: 192.168.178.1\n`));
    const { net0 } = await config();
    await site.client.call('PUT', `/nodes/pve/lxc/${VMID}/config`, {
      net0: `${String(net0)},firewall=1,mtu=1400,rate=3`,
      net3: 'name=eth3,bridge=vmbr0',
    });
    expect(steps(await deploy(`${BASE}ip: 192.168.178.42/24\ngateway: 192.168.178.1\n`))).toEqual([]);
    const end = await deploy(BASE + ONE);
    expect(steps(end)).toEqual(['update']);
    const now = await config();
    expect(now).not.toHaveProperty('net3');
    expect(now.net0).toContain('firewall=1');
    expect(now.net0).not.toMatch(/mtu|rate/);
    const mac = /hwaddr=([^,]+)/.exec(String(net0))?.[1];
    expect(now.net0).toContain(`hwaddr=${mac}`);
    await remove();
  });
});
