import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Containers go to the node that git names, in a simulated cluster of two. */

let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  await site.control('PUT', 'members', { nodes: ['pve2'] });
  for (const [storage, nodes, shared] of [
    ['here', 'pve', 0],
    ['there', 'pve2', 0],
    ['both', 'pve,pve2', 1],
  ] as const) {
    const body = { storage, type: 'dir', path: `/srv/${storage}`, content: 'rootdir,images', nodes, shared };
    dataOf(await site.client.call('POST', '/storage', body));
  }
});
afterAll(() => site.close());

function define(node: string, disk = 'local-lvm', data = 'local-lvm', more = ''): void {
  const text = `ip: 192.168.178.42
id: 42
hostname: apache
memory: 512
engine: shell
disk: ${disk}:4
volumes: {data: {path: /srv/data, disk: "${data}:1"}}
${node === '' ? '' : `node: ${node}\n`}${more}`;
  rmSync(join(directory, 'config.env'), { force: true });
  writeFileSync(join(directory, 'container.yml'), text);
}

type Fields = Readonly<Record<string, unknown>>;

async function on(node: string): Promise<Fields | undefined> {
  const reply = await site.client.call('GET', `/nodes/${node}/lxc/1042/config`);
  return reply.status === 200 ? dataOf<Fields>(reply) : undefined;
}

const running = async (node: string): Promise<boolean> =>
  dataOf<Fields>(await site.client.call('GET', `/nodes/${node}/lxc/1042/status/current`)).status === 'running';
const volumeOf = (config: Fields | undefined, key: string): string => String(config?.[key]).split(',')[0] ?? '';

async function written(node: string): Promise<unknown> {
  return site.control('GET', `content?volid=${encodeURIComponent(volumeOf(await on(node), 'mp0'))}`);
}

async function begin(disk?: string, data?: string): Promise<void> {
  await site.control('DELETE', 'faults');
  directory = site.definition('apache');
  define('');
  await site.run(['destroy', directory, '--yes', '--delete-volume', 'data']);
  define('', disk, data);
  const end = await site.run(['deploy', directory]);
  expect(end.code, end.text).toBe(0);
  const volid = volumeOf(await on('pve'), 'mp0');
  await site.control('PUT', 'content', { volid, path: 'file', text: 'precious' });
}

async function stands(node: string, other: string): Promise<void> {
  expect(await on(other)).toBeUndefined();
  expect(await running(node)).toBe(true);
  expect(await written(node)).toEqual({ file: 'precious' });
  const config = await on(node);
  expect(config?.lock).toBeUndefined();
  const { mark } = parseDescription(String(config?.description));
  expect(mark?.volumes).toEqual({ data: volumeOf(config, 'mp0') });
  expect(mark?.lease).toBeUndefined();
}

describe('a container that git names another node for', () => {
  beforeEach(() => begin());

  it('is stopped, sent and started there, changes there, and has nothing to change after it', async () => {
    define('pve2', undefined, undefined, 'cores: 2\n');
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toContain('migrate to node pve2 [restart]');
    expect(plan.text).toMatch(/nobody serves while it goes to pve2: about \d+ s/);
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    expect(end.text).toContain('container 1042 stands on pve2');
    await stands('pve2', 'pve');
    expect((await on('pve2'))?.cores).toBe(2);
    const again = await site.run(['deploy', directory]);
    expect(again.text).toContain('nothing to change');
    define('[pve, pve2]', undefined, undefined, 'cores: 2\n');
    expect((await site.run(['plan', directory])).text).not.toContain('migrate');
    define('pve', undefined, undefined, 'cores: 2\n');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    await stands('pve', 'pve2');
  });

  it('is sent to the storage that git names for all of its disks', async () => {
    await begin('here', 'here');
    define('pve2', 'here', 'here');
    const refused = await site.run(['deploy', directory]);
    expect(refused.code).toBe(3);
    expect(refused.text).toContain('pve2 has no storage for rootfs on here, mp0 on here');
    await stands('pve', 'pve2');
    define('pve2', 'there', 'there');
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toContain('migrate to node pve2, with its disks on storage there [restart]');
    expect(plan.text).not.toContain('move mp0');
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    await stands('pve2', 'pve');
    expect(volumeOf(await on('pve2'), 'mp0')).toMatch(/^there:/);
    expect(dataOf(await site.client.call('GET', '/nodes/pve/storage/here/content'))).toEqual([]);
  });

  it('is moved to another storage there, when its own is there too', async () => {
    define('pve2', 'both', 'there');
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    await stands('pve2', 'pve');
    expect(volumeOf(await on('pve2'), 'rootfs')).toMatch(/^both:/);
    expect(volumeOf(await on('pve2'), 'mp0')).toMatch(/^there:/);
    expect(dataOf(await site.client.call('GET', '/nodes/pve2/storage/local-lvm/content'))).toEqual([]);
  });

  it('serves where it is when the migration fails', async () => {
    define('pve2');
    const text = 'ssh: connect to host pve2 port 22: No route to host';
    await site.control('POST', 'faults', { kind: 'task-failure', text, match: { task: 'vzmigrate' } });
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(8);
    expect(end.text).toContain('No route to host');
    await stands('pve', 'pve2');
    define('pve3');
    const absent = await site.run(['deploy', directory]);
    expect(absent.code).toBe(3);
    expect(absent.text).toContain('from pve to pve3: it is not online; online: pve, pve2');
  });

  it('is gone on with by the next run when one is killed meanwhile', async () => {
    define('pve2');
    await site.control('POST', 'faults', { kind: 'delay', milliseconds: 1500, match: { task: 'vzmigrate' } });
    const first = site.start(['deploy', directory]);
    const tasks = async (): Promise<readonly Fields[]> =>
      dataOf<readonly Fields[]>(await site.client.call('GET', '/nodes/pve/tasks?source=all&typefilter=vzmigrate'));
    const before = (await tasks()).length;
    await first.when(async () => (await tasks()).length > before);
    first.kill();
    await first.ended;
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    await stands('pve2', 'pve');
  });
});
