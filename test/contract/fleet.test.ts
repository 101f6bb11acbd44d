import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeLocalNode } from '../../local/cli/local-node.ts';
import { parseDescription } from '../../src/model/mark.ts';
import { nested } from '../../src/settings/nested.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** What is done for all containers of a site, through the command line, on a simulated node. */

let site: CliSite;
const directories: string[] = [];

beforeAll(async () => {
  site = await CliSite.open();
  for (const [name, id] of [['one', 51] as const, ['two', 52] as const]) {
    const config = `IP=192.168.178.${id}\nID=${id}\nHOSTNAME=${name}\nDISK=local-lvm:4\n`;
    const directory = site.definition('apache', { 'config.env': config }, name);
    directories.push(directory);
    const deployed = await site.run(['deploy', directory]);
    expect(deployed.code, deployed.text).toBe(0);
  }
});
afterAll(() => site.close());

const call = (method: string, path: string, body: object = {}) =>
  site.client.call(method, `/nodes/pve/${path}`, body as Record<string, string>);

async function snapshots(vmid: number): Promise<readonly string[]> {
  const all = dataOf<readonly { readonly name: string }[]>(await call('GET', `lxc/${vmid}/snapshot`));
  return all.map(({ name }) => name).filter((name) => name !== 'current');
}

async function mark(vmid: number) {
  return parseDescription(String((await site.config(vmid))?.description)).mark;
}

/** How the containers answer a command from now on. */
const answer = (name: string, exitCode: number, stdout = '', stderr = '') =>
  site.control('PUT', 'answers', { name, exitCode, stdout, stderr });

beforeEach(async () => {
  await answer('look for upgrades', 0);
  await answer('upgrade packages', 0);
});

describe('drift', () => {
  it('says of each container whether it is as git has it, and changes nothing', async () => {
    const writes = await site.writes();
    const none = await site.run(['drift', ...directories]);
    expect(none.code, none.text).toBe(0);
    expect(none.text).toMatch(/as git says +one, container 1051/);
    const { digest } = (await site.config(1052)) ?? {};
    await call('PUT', 'lxc/1052/config', { memory: '999', digest: String(digest) });
    const after = await site.writes();
    const found = await site.run(['drift', ...directories]);
    expect(found.code, found.text).toBe(2);
    expect(found.text).toMatch(/DRIFT +two, container 1052/);
    expect(found.text).toMatch(/memory: 999 → /);
    expect(await site.writes()).toBe(after);
    expect(after).toBe(writes + 1);
    expect((await site.run(['deploy', directories[1] ?? ''])).code).toBe(0);
  });

  it('does not guess where the definition is not at hand, and names what is not there', async () => {
    const some = await site.run(['drift', directories[0] ?? '', '--json']);
    const { containers } = JSON.parse(some.stdout) as { containers: { name: string; state: string }[] };
    expect(containers.map(({ name, state }) => [name, state])).toEqual([
      ['one', 'ok'],
      ['two', 'skipped'],
    ]);
    const missing = await site.run(['drift', '--only', 'three']);
    expect(missing.code).toBe(3);
    expect(missing.text).toContain('no live container of site');
  });
});

describe('update', () => {
  it('does nothing where there is nothing to upgrade', async () => {
    const done = await site.run(['update', ...directories, '--only', 'one']);
    expect(done.code, done.text).toBe(0);
    expect(done.text).toMatch(/up to date +one/);
    expect(await snapshots(1051)).toEqual([]);
    expect((await mark(1051))?.lease).toBeUndefined();
  });

  it('keeps the state until the upgrade has been proven, and no longer', async () => {
    const before = await mark(1051);
    await answer('look for upgrades', 0, 'openssl\nlibc6\n');
    const done = await site.run(['update', ...directories, '--only', 'one']);
    expect(done.code, done.text).toBe(0);
    expect(done.text).toMatch(/upgraded +one, container 1051: 2 packages/);
    expect(await snapshots(1051)).toEqual([]);
    expect(await mark(1051)).toEqual(before);
  });

  it('takes back what does not come up again, and goes on with the others', async () => {
    const before = await mark(1051);
    await answer('look for upgrades', 0, 'openssl\n');
    await answer('upgrade packages', 100, '', 'E: dpkg was interrupted\n');
    const done = await site.run(['update', ...directories]);
    expect(done.code, done.text).toBe(4);
    expect(done.text).toMatch(/FAILED +one.*dpkg was interrupted; it is what it was before the upgrade/);
    expect(done.text).toMatch(/FAILED +two/);
    expect(await mark(1051)).toEqual(before);
    expect(await snapshots(1051)).toEqual([]);
    const status = dataOf<{ readonly status: string }>(await call('GET', 'lxc/1051/status/current'));
    expect(status.status).toBe('running');
  });

  it('leaves a container with volumes, which a snapshot would take back, unless that is said', async () => {
    const yaml =
      'vmid: 1053\nip: 192.168.178.53\ndisk: local-lvm:4\nvolumes: { data: { path: /srv, disk: local-lvm:1 } }\n';
    const directory = site.definition('apache', { 'config.env': null, 'container.yml': yaml }, 'three');
    const deployed = await site.run(['deploy', directory]);
    expect(deployed.code, deployed.text).toBe(0);
    await answer('look for upgrades', 0, 'openssl\n');
    const left = await site.run(['update', directory, '--only', 'three']);
    expect(left.code).toBe(0);
    expect(left.text).toMatch(/left +three.*could not be taken back/);
    const done = await site.run(['update', directory, '--only', 'three', '--without-way-back']);
    expect(done.text).toMatch(/upgraded +three/);
    expect(await snapshots(1053)).toEqual([]);
  });
});

describe('update as a task of a forge', () => {
  it('leaves the container that it runs in, which a restart or a way back would end under it', async () => {
    const { net0 } = (await site.config(1052)) ?? {};
    const put = (net: string) => call('PUT', 'lxc/1052/config', { net0: net });
    // Its address is one of this machine.
    expect((await put(String(net0).replace(/ip=[^,]+/, 'ip=127.0.0.1/8'))).status).toBe(200);
    const config = join(site.folder, 'task.json');
    writeFileSync(config, JSON.stringify(nested({ ...describeLocalNode(site.state)?.settings })), { mode: 0o600 });
    const { PATH = '', HOME = '' } = process.env;
    const settings = { PVE_GITOPS_CONFIG: config, PVE_GITOPS_STATE_DIRECTORY: site.state };
    const env = { PATH, HOME, ...settings, INPUT_TASK: 'update', INPUT_ONLY: 'two' };
    const action = join(import.meta.dirname, '..', '..', 'build', 'actions', 'fleet', 'main.js');
    try {
      // A task that goes in would look for minutes for somebody who answers there.
      const options = { env, cwd: site.folder, timeout: 60_000 };
      const { stdout } = await promisify(execFile)(process.execPath, [action], options);
      expect(stdout).toMatch(/left +two, container 1052: this run is in it/);
      expect((await mark(1052))?.lease).toBeUndefined();
      expect(await snapshots(1052)).toEqual([]);
    } finally {
      expect((await put(String(net0))).status).toBe(200);
    }
  }, 120_000);
});

describe('backup', () => {
  const list = async () =>
    dataOf<readonly { volid: string; vmid: number; notes?: string }[]>(
      await call('GET', 'storage/local/content?content=backup&vmid=1051'),
    );

  it('keeps the newest of its own, and never touches another one', async () => {
    await call('POST', 'vzdump', { vmid: '1051', storage: 'local', 'notes-template': 'by hand' });
    for (let round = 0; round < 3; round += 1) {
      const done = await site.run(['backup', '--only', 'one', '--keep', '2', '--storage', 'local']);
      expect(done.code, done.text).toBe(0);
      expect(done.text).toMatch(/backed up +one, container 1051: local:backup\//);
    }
    const notes = (await list()).map((backup) => backup.notes?.split('\n')[0]);
    expect(notes.filter((note) => note?.includes('a backup of pve-gitops'))).toHaveLength(2);
    expect(notes).toContain('by hand');
    expect((await mark(1051))?.lease).toBeUndefined();
  });
});

describe('snapshot', () => {
  it('stays over deploys, and the next one that is asked for takes its place', async () => {
    const [directory = ''] = directories;
    const first = await site.run(['snapshot', directory]);
    expect(first.code, first.text).toBe(0);
    const [kept] = await snapshots(1051);
    expect((await mark(1051))?.history?.[0]).toMatchObject({ byHand: true, way: { kind: 'snapshot', name: kept } });
    for (let round = 0; round < 4; round += 1) expect((await site.run(['deploy', directory, '--force'])).code).toBe(0);
    expect(await snapshots(1051)).toContain(kept);
    expect((await site.run(['snapshot', directory])).code).toBe(0);
    expect(await snapshots(1051)).not.toContain(kept);
    const back = await site.run(['rollback', directory]);
    expect(back.code, back.text).toBe(0);
  });

  it('of what is not deployed says so', async () => {
    const none = await site.run(['snapshot', site.definition('apache', { 'config.env': 'ID=77\n' }, 'none')]);
    expect(none.code).toBe(3);
    expect(none.text).toContain('it is not deployed');
  });
});
