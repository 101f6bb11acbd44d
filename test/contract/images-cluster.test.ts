import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Base images in a simulated cluster of two: one for a storage that both have, one for each node otherwise. */

let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
  site.images = 'build';
  await site.control('PUT', 'members', { nodes: ['pve2'] });
  for (const [storage, type] of [
    ['links', 'btrfs'],
    ['files', 'dir'],
  ] as const) {
    const body = { storage, type, path: `/srv/${storage}`, content: 'rootdir,images', nodes: 'pve,pve2', shared: 1 };
    dataOf(await site.client.call('POST', '/storage', body));
  }
});
afterAll(() => site.close());

type Fields = Readonly<Record<string, unknown>>;

const listOn = async (node: string): Promise<readonly number[]> =>
  dataOf<readonly Fields[]>(await site.client.call('GET', `/nodes/${node}/lxc`))
    .map(({ vmid }) => Number(vmid))
    .toSorted((a, b) => a - b);

async function configOf(node: string, vmid: number): Promise<Fields> {
  return dataOf<Fields>(await site.client.call('GET', `/nodes/${node}/lxc/${vmid}/config`));
}

const clones = async (): Promise<Readonly<Record<string, number>>> => {
  const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
  return Object.fromEntries(Object.entries(calls).filter(([path]) => path.endsWith('/clone')));
};

async function remove(node: string, vmid: number): Promise<void> {
  const path = `/nodes/${node}/lxc/${vmid}`;
  for (const [method, where] of [
    ['POST', `${path}/status/stop`],
    ['DELETE', path],
  ] as const) {
    const upid = (await site.client.call(method, where)).body?.data;
    const status = async () =>
      dataOf<Fields>(await site.client.call('GET', `/nodes/${node}/tasks/${String(upid)}/status`)).status;
    while (typeof upid === 'string' && (await status()) !== 'stopped');
  }
}

function define(name: string, id: number, node: string, disk: string): string {
  const directory = site.definition('apache', {}, name);
  rmSync(join(directory, 'config.env'));
  const text = `ip: 192.168.178.${id}\nid: ${id}\nhostname: ${name}\nmemory: 512\nengine: shell\ndisk: ${disk}:4\nnode: ${node}\n`;
  writeFileSync(join(directory, 'container.yml'), text);
  return directory;
}

async function deploy(directory: string, ...more: readonly string[]): Promise<string> {
  const end = await site.run(['deploy', directory, ...more]);
  expect(end.code === 0 ? '' : end.text).toBe('');
  return end.text;
}

beforeEach(async () => {
  await site.control('DELETE', 'faults');
  for (const node of ['pve', 'pve2'])
    for (const vmid of await listOn(node)) if (vmid < 800_000) await remove(node, vmid);
  for (const node of ['pve', 'pve2']) for (const vmid of await listOn(node)) await remove(node, vmid);
  await site.control('DELETE', 'calls');
});

describe('a container on another node than its image', () => {
  it.each([
    ['links', 'clone from image'],
    ['files', 'full clone from image'],
  ])('is cloned to its node where the disk is on a storage of both: %s', async (storage, how) => {
    await deploy(define('one', 42, 'pve', storage));
    expect(await listOn('pve')).toEqual([1042, 800_000]);
    const other = define('two', 43, 'pve2', storage);
    const plan = await site.run(['plan', other]);
    expect(plan.text.replace(/\s+/g, ' ')).toMatch(new RegExp(`${how} debian-13-[0-9a-f]{12} of node pve \\(built`));
    await site.control('DELETE', 'calls');
    const text = await deploy(other);
    expect(text).toMatch(/container 1043 cloned from image/);
    expect(await clones()).toEqual({ 'POST /nodes/pve/lxc/800000/clone': 1 });
    expect([await listOn('pve'), await listOn('pve2')]).toEqual([[1042, 800_000], [1043]]);
    const config = await configOf('pve2', 1043);
    expect(String(config.rootfs)).toMatch(new RegExp(`^${storage}:`));
    expect(config.lock).toBeUndefined();
    const { mark } = parseDescription(String(config.description));
    expect(mark).toMatchObject({ vmid: 1043, role: 'live' });
    expect(mark?.lease).toBeUndefined();
    expect(await deploy(other)).toContain('nothing to change');
  });

  it('has an image of its own node where the disk is that node’s own', async () => {
    await deploy(define('one', 42, 'pve', 'local-lvm'));
    const text = await deploy(define('two', 43, 'pve2', 'local-lvm'));
    expect(text).toMatch(/image debian-13-[0-9a-f]{12} is there, as template 800001/);
    expect([await listOn('pve'), await listOn('pve2')]).toEqual([
      [1042, 800_000],
      [1043, 800_001],
    ]);
    expect(await clones()).toEqual({
      'POST /nodes/pve/lxc/800000/clone': 1,
      'POST /nodes/pve2/lxc/800001/clone': 1,
    });
  });

  it('has the one that another node is building at this moment', async () => {
    const [one, two] = [define('one', 42, 'pve', 'links'), define('two', 43, 'pve2', 'links')];
    const match = { method: 'POST', path: '/nodes/pve/lxc/800000/template', times: 1 };
    await site.control('POST', 'faults', { kind: 'delay', milliseconds: 1500, match });
    const first = site.start(['deploy', one]);
    await first.when(async () => (await listOn('pve')).includes(800_000));
    await deploy(two);
    expect((await first.ended).code).toBe(0);
    expect([await listOn('pve'), await listOn('pve2')]).toEqual([[1042, 800_000], [1043]]);
  });

  it('is gone on with when its run is killed while it is cloned there', async () => {
    await deploy(define('one', 42, 'pve', 'links'));
    const other = define('two', 43, 'pve2', 'links');
    await site.control('POST', 'faults', { kind: 'delay', milliseconds: 1500, match: { task: 'vzclone' } });
    const running = site.start(['deploy', other]);
    await running.when(async () => (await listOn('pve')).includes(1043));
    running.kill();
    await running.ended;
    await site.control('DELETE', 'faults');
    await deploy(other);
    expect([await listOn('pve'), await listOn('pve2')]).toEqual([[1042, 800_000], [1043]]);
    expect(await deploy(other)).toContain('nothing to change');
  });

  it('is made from its template when the clone is refused', async () => {
    await deploy(define('one', 42, 'pve', 'links'));
    const fault = { kind: '5xx', status: 500, text: "can't clone CT to node 'pve2' (CT uses local storage)" };
    await site.control('POST', 'faults', { ...fault, match: { method: 'POST', path: '/nodes/pve/lxc/800000/clone' } });
    const text = await deploy(define('two', 43, 'pve2', 'links'));
    expect(text.replace(/\s+/g, ' ')).toContain('the container is made from its template');
    expect(await listOn('pve2')).toEqual([1043]);
  });
});

describe('images that several nodes can use', () => {
  it('are built anew once for all of them, and the old one goes', async () => {
    await deploy(define('one', 42, 'pve', 'files'));
    await deploy(define('two', 43, 'pve2', 'files'));
    expect((await site.run(['image', 'build', '--force'])).code).toBe(0);
    const listed = (await site.run(['image', 'list'])).stdout;
    expect(listed.match(/files/g)).toHaveLength(2);
    expect((await site.run(['image', 'prune', '--older-than', '0'])).stdout).toContain('removed');
    expect((await listOn('pve')).filter((vmid) => vmid >= 800_000)).toHaveLength(2);
  });
});
