import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Disks go to the storage that git names, with their content, and nothing is left where they were. */

let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  for (const [storage, type] of [
    ['fast', 'lvmthin'],
    ['files', 'dir'],
  ] as const) {
    const place = type === 'dir' ? { path: `/srv/${storage}` } : { vgname: 'pve', thinpool: storage };
    dataOf(await site.client.call('POST', '/storage', { storage, type, content: 'rootdir,images', ...place }));
  }
});
afterAll(() => site.close());

interface Places {
  readonly disk?: string;
  readonly data?: string;
  readonly more?: string;
}

function define({ disk = 'local-lvm:4', data = 'local-lvm:1', more = '' }: Places): void {
  const text = `ip: 192.168.178.42
id: 42
hostname: apache
memory: 512
engine: shell
disk: ${disk}
${data === '' ? '' : `volumes: {data: {path: /srv/data, disk: "${data}"}}\n`}${more}`;
  rmSync(join(directory, 'config.env'), { force: true });
  writeFileSync(join(directory, 'container.yml'), text);
}

const config = async (): Promise<Readonly<Record<string, unknown>>> => (await site.config(1042)) ?? {};
const volumeAt = async (key: string): Promise<string> => String((await config())[key]).split(',')[0] ?? '';
const mark = async () => parseDescription(String((await config()).description)).mark;
const status = async (): Promise<string> =>
  dataOf<{ readonly status: string }>(await site.client.call('GET', '/nodes/pve/lxc/1042/status/current')).status;

async function stored(): Promise<readonly string[]> {
  const lists = ['local-lvm', 'fast', 'files'].map(async (storage) => {
    const reply = await site.client.call('GET', `/nodes/pve/storage/${storage}/content`);
    return dataOf<readonly { readonly volid: string }[]>(reply).map(({ volid }) => volid);
  });
  return (await Promise.all(lists)).flat();
}

const named = async (): Promise<readonly string[]> =>
  (
    await Promise.all(
      Object.keys(await config()).map(async (key) => (/^(rootfs|mp\d+|unused\d+)$/.test(key) ? volumeAt(key) : '')),
    )
  ).filter((volid) => volid !== '');

async function written(key: string): Promise<unknown> {
  return site.control('GET', `content?volid=${encodeURIComponent(await volumeAt(key))}`);
}

async function begin(places: Places): Promise<void> {
  directory = site.definition('apache');
  define(places);
  await site.control('DELETE', 'faults');
  await site.run(['destroy', directory, '--yes', '--delete-volume', 'data']);
  const end = await site.run(['deploy', directory]);
  expect(end.code, end.text).toBe(0);
}

describe('a disk whose storage changes in git', () => {
  beforeEach(async () => {
    await begin({});
    await site.control('PUT', 'content', { volid: await volumeAt('mp0'), path: 'file', text: 'precious' });
  });

  it('is moved with what is in it, in one stop, and the plan is empty after it', async () => {
    define({ disk: 'fast:4', data: 'files:2' });
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toContain('move rootfs to storage fast [restart]');
    expect(plan.text).toContain('move mp0 to storage files [restart]');
    expect(plan.text).toMatch(/nobody serves while [\d.]+ GiB at most are copied: about \d+ s/);
    expect((await site.run(['status', directory])).text).not.toContain('stopped');
    const before = await site.writes();
    expect((await site.run(['plan', directory])).code).toBe(0);
    expect(await site.writes()).toBe(before);

    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    expect(await volumeAt('rootfs')).toMatch(/^fast:/);
    expect(await volumeAt('mp0')).toMatch(/^files:/);
    expect(await written('mp0')).toEqual({ file: 'precious' });
    expect((await config()).mp0).toContain('size=2G');
    expect((await config()).protection).toBe(1);
    expect((await mark())?.volumes).toEqual({ data: await volumeAt('mp0') });
    expect((await mark())?.moving).toBeUndefined();
    expect((await stored()).toSorted()).toEqual((await named()).toSorted());
    expect(await status()).toBe('running');
    expect((await site.run(['plan', directory, '--detailed-exitcode'])).code).toBe(0);
  });

  it('is refused before anything is stopped: no such storage, no room', async () => {
    const writes = await site.writes();
    define({ data: 'nowhere:1' });
    const absent = await site.run(['deploy', directory]);
    expect(absent.code).toBe(3);
    expect(absent.text).toContain('Unable to move mp0 of container 1042 to nowhere: node pve has no such storage');
    expect(await site.writes()).toBe(writes);
    expect(await status()).toBe('running');
  });

  it('stays where it is and serves again when the copy fails', async () => {
    const from = await volumeAt('mp0');
    define({ data: 'fast:1' });
    await site.control('POST', 'faults', {
      kind: 'task-failure',
      text: 'copy failed: input/output error',
      match: { task: 'move_volume' },
    });
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(8);
    expect(end.text).toContain('input/output error');
    expect(await status()).toBe('running');
    expect(await volumeAt('mp0')).toBe(from);
    expect(await written('mp0')).toEqual({ file: 'precious' });
    await site.control('DELETE', 'faults');
    const again = await site.run(['deploy', directory]);
    expect(again.code, again.text).toBe(0);
    expect(await volumeAt('mp0')).toMatch(/^fast:/);
    expect(await written('mp0')).toEqual({ file: 'precious' });
    expect((await stored()).toSorted()).toEqual((await named()).toSorted());
  });

  it('goes on where a killed run stopped', async () => {
    define({ data: 'fast:1' });
    await site.control('POST', 'faults', {
      kind: 'delay',
      milliseconds: 300,
      match: { task: 'move_volume' },
    });
    const first = site.start(['deploy', directory]);
    await first.when(async () => (await mark())?.moving !== undefined);
    first.kill();
    await first.ended;
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    expect(await volumeAt('mp0')).toMatch(/^fast:/);
    expect(await written('mp0')).toEqual({ file: 'precious' });
    expect((await mark())?.volumes).toEqual({ data: await volumeAt('mp0') });
    expect((await stored()).toSorted()).toEqual((await named()).toSorted());
    expect(await status()).toBe('running');
  });
});

describe('snapshots that hold a disk', () => {
  it('go first when they are ours, and stop it when somebody else took them', async () => {
    await begin({ data: '' });
    expect((await site.run(['snapshot', directory])).code).toBe(0);
    const kept = (await mark())?.history?.[0]?.way;
    expect(kept?.kind).toBe('snapshot');
    const name = kept?.kind === 'snapshot' ? kept.name : '';
    dataOf(
      await site.client.call('POST', '/nodes/pve/lxc/1042/snapshot', { snapname: 'mine', description: 'by hand' }),
    );

    define({ data: '', disk: 'fast:4' });
    const refused = await site.run(['deploy', directory]);
    expect(refused.code).toBe(3);
    expect(refused.text).toContain('it has snapshots that somebody else took (mine), and they would go');
    expect(refused.text).toContain('drop_snapshots: [mine]');
    expect(await volumeAt('rootfs')).toMatch(/^local-lvm:/);

    define({ data: '', disk: 'fast:4', more: 'drop_snapshots: [mine]\n' });
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toMatch(new RegExp(`snapshots hold what moves, and go first: (${name}, mine|mine, ${name})`));
    const end = await site.run(['deploy', directory]);
    expect(end.code, end.text).toBe(0);
    expect(await volumeAt('rootfs')).toMatch(/^fast:/);
    const left = dataOf<readonly { readonly name: string }[]>(
      await site.client.call('GET', '/nodes/pve/lxc/1042/snapshot'),
    ).map((entry) => entry.name);
    expect(left).not.toContain('mine');
    expect(left).not.toContain(name);
    // What is named can be had: nothing in the mark points at a snapshot that is gone.
    const ways = ((await mark())?.history ?? []).flatMap(({ way }) => (way.kind === 'snapshot' ? [way.name] : []));
    expect(left).toEqual(expect.arrayContaining(ways));
    expect((await stored()).toSorted()).toEqual((await named()).toSorted());
  });
});
