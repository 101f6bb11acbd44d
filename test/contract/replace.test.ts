import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatDescription, type Mark, parseDescription } from '../../src/model/mark.ts';
import { parseReplaceBackup } from '../../src/model/promotion.ts';
import { volumeOf } from '../../src/model/property-string.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** A replace keeps what cannot be made again, whatever it is for; what fails leaves the old container serving. */

const LIVE = 1042;
const CANDIDATE = 901_042;
let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  const { root } = { root: site.client };
  const made = await root.call('POST', '/storage', {
    storage: 'other-lvm',
    type: 'lvmthin',
    vgname: 'other',
    thinpool: 'data',
    content: 'rootdir,images',
  });
  expect([200, 501]).toContain(made.status);
});
afterAll(() => site.close());

const DEFINITION = {
  vmid: String(LIVE),
  hostname: 'apache',
  ip: '192.168.178.42',
  disk: 'local-lvm:8',
  protection: 'true',
};

function define(changes: Readonly<Record<string, string | undefined>> = {}, script = 'one'): void {
  const values = Object.entries({ ...DEFINITION, ...changes }).filter(([, value]) => value !== undefined);
  const text = `${values.map(([key, value]) => `${key}: ${value}`).join('\n')}
engine: shell
volumes:
  data: { path: /srv/data, disk: "local-lvm:1" }
  cache: { path: /srv/cache, disk: "local-lvm:2", backup: no }
`;
  const files = { 'config.env': null, 'container.yml': text, 'configure.sh': `#!/bin/sh\n# ${script}\n` };
  directory = site.definition('apache', files);
  writeFileSync(join(directory, 'container.yml'), text);
}

const config = async (vmid = LIVE) => (await site.config(vmid)) as Readonly<Record<string, string>> | undefined;
const at = async (key: string) => volumeOf((await config())?.[key] ?? '');
const content = async (volid: string) =>
  (await site.control('GET', `content?volid=${encodeURIComponent(volid)}`)) as Readonly<Record<string, string>>;
const mark = async () => parseDescription(String((await config())?.description)).mark;
const status = async (vmid = LIVE) =>
  dataOf<{ readonly status: string }>(await site.client.call('GET', `/nodes/pve/lxc/${vmid}/status/current`)).status;
const stored = async (kind: string) =>
  dataOf<readonly { readonly volid: string; readonly vmid: number; readonly notes?: string }[]>(
    await site.client.call(
      'GET',
      `/nodes/pve/storage/${kind === 'backup' ? 'local' : 'local-lvm'}/content?content=${kind}`,
    ),
  );

async function put(key: string, text: string): Promise<void> {
  await site.control('PUT', 'content', { volid: await at(key), path: 'file', text });
}

const script = (exitCode: number) =>
  site.control('PUT', 'answers', { name: 'configure.sh', exitCode, stderr: `pve-gitops: ended ${exitCode}\n` });

async function clear(): Promise<void> {
  await site.control('DELETE', 'faults');
  await script(0);
  for (const vmid of [LIVE, CANDIDATE]) await site.control('DELETE', 'lxc', { vmid });
  await site.control('DELETE', 'files', { storage: 'local', name: 'backup/' });
}

async function deployed(): Promise<void> {
  await clear();
  define();
  const first = await site.run(['deploy', directory]);
  expect(first.code === 0 ? '' : first.text).toBe('');
  await put('mp0', 'of data');
  await put('mp1', 'of cache');
}

describe('a replace of a container with volumes', () => {
  beforeEach(deployed, 60_000);

  it('is planned with what is kept, where the candidate comes up, and how long nobody serves', async () => {
    define({ disk: 'local-lvm:4' });
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toContain('replace');
    expect(plan.text).toContain(`container ${CANDIDATE} with an address from DHCP`);
    expect(plan.text).toMatch(/nobody serves while it takes its place: about \d+ s/);
    expect(plan.text).toContain('kept with its content: the volume at /srv/data');
    expect(plan.code).toBe(0);
  });

  it('shrinks the disk: volumes, MAC, protection and names stay; nothing is left over', async () => {
    const before = await config();
    const keys = (await mark())?.hostKeys;
    await site.control('PUT', 'answers', { name: 'read host keys', exitCode: 0, stdout: 'a2V5cw==\n' });
    define({ disk: 'local-lvm:4' }, 'two');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    const after = await config();
    expect(after?.rootfs).toContain('size=4G');
    expect([after?.net0, after?.protection, after?.hostname]).toEqual([before?.net0, before?.protection, 'apache']);
    expect(await content(await at('mp0'))).toMatchObject({ file: 'of data' });
    expect(await content(await at('mp1'))).toMatchObject({ file: 'of cache' });
    const now = await mark();
    expect(now?.volumes).toEqual({ data: await at('mp0'), cache: await at('mp1') });
    expect([now?.promotion, now?.lease, now?.role]).toEqual([undefined, undefined, 'live']);
    expect(now?.hostKeys).toEqual(keys);
    expect(await status()).toBe('running');
    expect(await config(CANDIDATE)).toBeUndefined();
    expect((await stored('rootdir')).map(({ vmid }) => vmid)).toEqual([LIVE, LIVE, LIVE]);
    expect((await stored('backup')).map(({ vmid }) => vmid)).toEqual([LIVE]);
    const again = await site.run(['deploy', directory]);
    expect(again.text).toContain('nothing to change');
  });

  it('what others have set up around it is there afterwards: pool, permissions, firewall, high availability', async () => {
    const { client } = site;
    const done = async (method: string, path: string, fields: Readonly<Record<string, string | number>>) =>
      expect([path, (await client.call(method, path, fields)).status]).toEqual([path, 200]);
    await done('POST', '/pools', { poolid: 'web' });
    await done('PUT', '/pools/web', { vms: LIVE });
    await done('POST', '/access/users', { userid: 'ann@pve' });
    await done('PUT', '/access/acl', { path: `/vms/${LIVE}`, users: 'ann@pve', roles: 'PVEVMUser' });
    await done('PUT', `/nodes/pve/lxc/${LIVE}/firewall/options`, { enable: 1, policy_in: 'REJECT' });
    await done('POST', `/nodes/pve/lxc/${LIVE}/firewall/rules`, {
      type: 'in',
      action: 'ACCEPT',
      proto: 'tcp',
      dport: '80',
    });
    await done('POST', '/cluster/ha/resources', { sid: `ct:${LIVE}`, state: 'ignored', max_restart: 2 });
    const around = async () => ({
      pool: dataOf<{ readonly members: readonly { readonly vmid: number }[] }>(
        await client.call('GET', '/pools/web'),
      ).members.map(({ vmid }) => vmid),
      acl: dataOf<readonly { readonly path: string }[]>(await client.call('GET', '/access/acl')).filter(
        ({ path }) => path === `/vms/${LIVE}`,
      ),
      options: dataOf(await client.call('GET', `/nodes/pve/lxc/${LIVE}/firewall/options`)),
      rules: dataOf(await client.call('GET', `/nodes/pve/lxc/${LIVE}/firewall/rules`)),
      ha: dataOf(await client.call('GET', `/cluster/ha/resources/ct:${LIVE}`)),
    });
    const before = await around();
    expect(before.pool).toEqual([LIVE]);
    define({ disk: 'local-lvm:4' }, 'two');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(await around()).toEqual(before);
    expect(end.text).not.toContain('differ from before the replace');
    await client.call('DELETE', `/cluster/ha/resources/ct:${LIVE}`);
  });

  it('without a word of it a container with volumes is protected, before and after', async () => {
    await clear();
    define({ protection: undefined });
    expect((await site.run(['deploy', directory])).code).toBe(0);
    expect([(await config())?.protection, (await mark())?.guarded]).toEqual([1, true]);
    define({ protection: undefined, disk: 'local-lvm:4' }, 'two');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect([(await config())?.protection, (await mark())?.guarded]).toEqual([1, true]);
    const refused = await site.client.call('DELETE', `/nodes/pve/lxc/${LIVE}`);
    expect(refused.reason).toContain('protection mode enabled');
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  });

  it('what stays behind is named in the plan, and the old root file system is kept for seven days', async () => {
    const { digest: _, ...values } = (await config()) ?? {};
    await site.control('PUT', 'lxc', { vmid: LIVE, config: { ...values, hookscript: 'local:snippets/hook.pl' } });
    const found = { name: 'data outside of volumes', exitCode: 0, stdout: '40960\t/var/lib/mysql\n' };
    await site.control('PUT', 'answers', found);
    define({ disk: 'local-lvm:4' }, 'two');
    const plan = (await site.run(['plan', directory])).text.replace(/\s+/g, ' ');
    expect(plan).toContain('data outside of volumes stays behind, in that backup: /var/lib/mysql (40 MiB)');
    expect(plan).toContain('not carried over, only root on the node can: hookscript: local:snippets/hook.pl');
    expect(plan).toContain('kept: vmid, MAC and IP addresses, SSH host keys, tags, pool, permissions, firewall');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    const [backup] = await stored('backup');
    const path = `/nodes/pve/storage/local/content/${encodeURIComponent(backup?.volid ?? '')}`;
    const { notes } = dataOf<{ readonly notes: string }>(await site.client.call('GET', path));
    const days = (Date.parse(parseReplaceBackup(notes)?.expires ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    await site.control('PUT', 'answers', { ...found, stdout: '' });
  });

  it.each([
    ['with the name that it got', CANDIDATE],
    ['with the name that it had', LIVE],
  ])(
    'a volume that stands in no config after a crash of the server, %s, is found and attached again',
    async (_, owner) => {
      define({ disk: 'local-lvm:4' }, 'two');
      await site.control('DELETE', 'calls');
      const move = `POST /nodes/pve/lxc/${owner === LIVE ? CANDIDATE : LIVE}/move_volume`;
      const running = site.start(['deploy', directory]);
      await running.when(async () => {
        const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
        return (calls[move] ?? 0) > 0;
      });
      running.kill();
      await running.ended;
      // The move that was begun has its end, and a crash right before it would have left the line out.
      const lines = async () => Object.entries((await config(owner)) ?? {}).filter(([key]) => /^mp\d$/.test(key));
      const last = Date.now() + 30_000;
      while ((await lines()).length === 0 && Date.now() < last);
      const [[key, value] = ['', '']] = await lines();
      expect([key, value]).toEqual([expect.stringMatching(/^mp/), expect.stringContaining(`-${owner}-disk-`)]);
      const { digest: _d, [key]: _k, ...rest } = (await config(owner)) ?? {};
      await site.control('PUT', 'lxc', { vmid: owner, config: rest });
      const end = await site.run(['deploy', directory]);
      expect(end.code === 0 ? '' : end.text).toBe('');
      expect(end.text).toContain('stood in no config');
      expect(await content(await at('mp0'))).toMatchObject({ file: 'of data' });
      expect(await content(await at('mp1'))).toMatchObject({ file: 'of cache' });
      expect((await stored('rootdir')).map(({ vmid }) => vmid)).toEqual([LIVE, LIVE, LIVE]);
      expect(await config(CANDIDATE)).toBeUndefined();
      expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
    },
    60_000,
  );

  it.each([
    ['another disk', { disk: 'local-lvm:5' }, '5G'],
    ['no replace at all', { memory: '1024' }, '8G'],
    ['another disk, and a volume less', { disk: 'local-lvm:5', cache: 'without', protection: 'false' }, '5G'],
  ])(
    'killed while its volumes are away; git asks for %s by then: that is what it ends with',
    async (_, change, size) => {
      define({ disk: 'local-lvm:4' }, 'two');
      const running = site.start(['deploy', directory]);
      await running.when(async () => {
        const now = await config();
        return now !== undefined && now.mp0 === undefined && now.mp1 === undefined;
      });
      running.kill();
      await running.ended;
      const { cache, ...values }: Readonly<Record<string, string | undefined>> = { ...change };
      define(values, 'three');
      if (cache !== undefined) {
        const file = join(directory, 'container.yml');
        writeFileSync(file, readFileSync(file, 'utf8').replace(/ {2}cache: .*/, ''));
      }
      const end = await site.run(['deploy', directory]);
      expect(end.code === 0 ? '' : end.text).toBe('');
      expect((await config())?.rootfs).toContain(`size=${size}`);
      expect(await content(await at('mp0'))).toMatchObject({ file: 'of data' });
      const rest = (await mark())?.volumes?.cache ?? '';
      expect(await content(rest)).toMatchObject({ file: 'of cache' });
      expect(cache === undefined ? await at('mp1') : await at('unused0')).toBe(rest);
      expect(await config(CANDIDATE)).toBeUndefined();
      expect(await mark()).not.toHaveProperty('promotion');
      expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
    },
    60_000,
  );

  it('has its candidate at one of candidate_addresses, while the live one serves', async () => {
    const where = { PVE_GITOPS_CANDIDATE_ADDRESSES: '192.168.178.90' };
    define({ disk: 'local-lvm:4' }, 'two');
    const plan = (await site.run(['plan', directory], where)).text.replace(/\s+/g, ' ');
    expect(plan).toContain(`candidate is built as container ${CANDIDATE} at one of candidate_addresses`);
    await script(3);
    // With --debug one that fails stays, to be looked at.
    const failed = await powered(['deploy', directory, '--debug'], where);
    expect([failed.code, failed.order]).toEqual([7, [`vzstart ${CANDIDATE}`, `vzshutdown ${CANDIDATE}`]]);
    expect((await config(CANDIDATE))?.net0).toContain('ip=192.168.178.90/24');
    expect(await status()).toBe('running');
    await script(0);
    const end = await powered(['deploy', directory], where);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(end.order.slice(0, 3)).toEqual([`vzstart ${CANDIDATE}`, `vzshutdown ${CANDIDATE}`, `vzshutdown ${LIVE}`]);
    expect((await config())?.net0).toContain('ip=192.168.178.42/24');
    expect(await config(CANDIDATE)).toBeUndefined();
  }, 60_000);

  it('without such an address is one in place, which is said before: never do both run, and what fails is taken back', async () => {
    const where = { PVE_GITOPS_CANDIDATE_ADDRESSES: 'none' };
    define({ disk: 'local-lvm:4' }, 'two');
    const plan = (await site.run(['plan', directory], where)).text.replace(/\s+/g, ' ');
    expect(plan).toContain(`candidate is built as container ${CANDIDATE} at its own address`);
    expect(plan).toContain('nobody serves from then on until it is verified: minutes');
    const before = await config();
    await script(3);
    const failed = await powered(['deploy', directory], where);
    expect(failed.code).toBe(7);
    expect(failed.text).toContain(`container ${LIVE} serves as before the replace`);
    expect(failed.order).toEqual([
      `vzshutdown ${LIVE}`,
      `vzstart ${CANDIDATE}`,
      `vzshutdown ${CANDIDATE}`,
      `vzstart ${LIVE}`,
    ]);
    expect(await status()).toBe('running');
    expect((await config())?.rootfs).toBe(before?.rootfs);
    await script(0);
    const end = await powered(['deploy', directory], where);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(end.order.slice(0, 3)).toEqual([`vzshutdown ${LIVE}`, `vzstart ${CANDIDATE}`, `vzshutdown ${CANDIDATE}`]);
    expect((await config())?.rootfs).toContain('size=4G');
    expect(await content(await at('mp0'))).toMatchObject({ file: 'of data' });
  }, 90_000);

  it('the backup it leaves goes with the first run after seven days, and until then nobody looks for it', async () => {
    define({ disk: 'local-lvm:4' }, 'two');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    const days = (Date.parse((await mark())?.backupsUntil ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(6.9);
    expect(days).toBeLessThan(7.1);
    const [ours, ...more] = await backups();
    expect(more).toEqual([]);
    const copies = await others(ours?.notes ?? '');

    const waiting = await callsOf(['deploy', directory]);
    await rewrite((now) => {
      const { backupsUntil: _, ...rest } = now;
      return rest;
    });
    expect(waiting).toBe(await callsOf(['deploy', directory]));
    expect(await volids()).toEqual([ours?.volid, ...copies].toSorted());

    await noteOf(ours?.volid ?? '', old(ours?.notes ?? ''));
    await rewrite((now) => ({ ...now, backupsUntil: PAST }));
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(0);
    expect(end.text).toContain('nothing to change');
    expect(end.text).toContain(`backup ${ours?.volid}, of what was before a replace, was too old: removed`);
    expect(await volids()).toEqual(copies.toSorted());
    expect(await mark()).not.toHaveProperty('backupsUntil');
    expect(await mark()).not.toHaveProperty('lease');
  }, 60_000);

  it.each([
    ['backup', '--storage', 'local', '--only', 'apache'],
    ['update', '--only', 'apache'],
  ])(
    'and with %s of all containers',
    async (...command) => {
      define({ disk: 'local-lvm:4' }, 'two');
      expect((await site.run(['deploy', directory])).code).toBe(0);
      const [ours] = await backups();
      await noteOf(ours?.volid ?? '', old(ours?.notes ?? ''));
      await rewrite((now) => ({ ...now, backupsUntil: PAST }));
      const end = await site.run(command);
      expect(end.code === 0 ? '' : end.text).toBe('');
      expect((await backups()).map(({ volid }) => volid)).not.toContain(ours?.volid);
      expect(await mark()).not.toHaveProperty('backupsUntil');
      expect(await mark()).not.toHaveProperty('lease');
    },
    60_000,
  );

  it('one that is destroyed with everything says which backup stays', async () => {
    define({ disk: 'local-lvm:4', protection: 'false' }, 'two');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    const [ours] = await backups();
    const volumes = ['--delete-volume', 'data', '--delete-volume', 'cache'];
    const end = await site.run(['destroy', directory, '--yes', ...volumes]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(end.text.replace(/\s+/g, ' ')).toContain(
      `the backup of what was before a replace stays, until you remove it: ${ours?.volid}`,
    );
    expect((await backups()).map(({ volid }) => volid)).toEqual([ours?.volid]);
  }, 60_000);
});

/** A command, and what it started and stopped, in order. */
async function powered(command: readonly string[], environment: Readonly<Record<string, string>>) {
  const tasks = async () =>
    dataOf<readonly { readonly upid: string; readonly type: string; readonly id: string }[]>(
      await site.client.call('GET', '/nodes/pve/tasks?limit=500'),
    );
  const known = new Set((await tasks()).map(({ upid }) => upid));
  const { code, text } = await site.run(command, environment);
  const due = (await tasks()).filter(({ upid, type }) => !known.has(upid) && /^vz(start|stop|shutdown)$/.test(type));
  return { code, text, order: due.toReversed().map(({ type, id }) => `${type} ${id}`) };
}

const PAST = new Date(Date.now() - 1000).toISOString();
const old = (notes: string): string => notes.replace(/"expires":"[^"]*"/, `"expires":"${PAST}"`);
const pathOf = (volid: string): string => `/nodes/pve/storage/local/content/${encodeURIComponent(volid)}`;

async function backups(): Promise<readonly { readonly volid: string; readonly notes: string }[]> {
  const found = await stored('backup');
  return Promise.all(
    found.map(async ({ volid }) => {
      const { notes = '' } = dataOf<{ readonly notes?: string }>(await site.client.call('GET', pathOf(volid)));
      return { volid, notes };
    }),
  );
}

/** In no order of the node's: several are of one second. */
const volids = async (): Promise<readonly string[]> => (await backups()).map(({ volid }) => volid).toSorted();

async function noteOf(volid: string, notes: string): Promise<void> {
  expect((await site.client.call('PUT', pathOf(volid), { notes })).status).toBe(200);
}

async function rewrite(change: (now: Mark) => Mark): Promise<void> {
  const { text, mark: now } = parseDescription(String((await config())?.description));
  if (now === undefined) throw new Error('no mark');
  const description = formatDescription(text, change(now));
  expect((await site.client.call('PUT', `/nodes/pve/lxc/${LIVE}/config`, { description })).status).toBe(200);
}

/** Backups like it that are to stay: somebody’s, one that somebody protects, one of another repository, of another site. */
async function others(notes: string): Promise<readonly string[]> {
  const made: string[] = [];
  const known = new Set((await stored('backup')).map(({ volid }) => volid));
  for (const [text, kept] of [
    ['before I try something', 0],
    [old(notes), 1],
    [
      old(notes)
        .replace('srv/apache', 'srv/other')
        .replace(/"of":"(\S+) srv\/apache/, '"of":"$1 srv/other'),
      0,
    ],
    [old(notes).replace(/"of":"\S+/, '"of":"elsewhere'), 0],
  ] as const) {
    await site.task('POST', '/nodes/pve/vzdump', { vmid: LIVE, storage: 'local', mode: 'snapshot' });
    const volid = (await stored('backup')).map((entry) => entry.volid).find((entry) => !known.has(entry)) ?? '';
    known.add(volid);
    expect((await site.client.call('PUT', pathOf(volid), { notes: text, protected: kept })).status).toBe(200);
    made.push(volid);
  }
  return made;
}

/** How often the server was asked something. */
async function callsOf(command: readonly string[]): Promise<number> {
  await site.control('DELETE', 'calls');
  const end = await site.run(command);
  expect(end.text).toContain('nothing to change');
  const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}
