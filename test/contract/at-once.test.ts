import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite, type Ended } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Several deploys at the same time: each ends rightly or says that another is at work, and nothing is done twice. */

let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

function define(name: string, values: Readonly<Record<string, string | number>>, script = 'one'): string {
  const directory = site.definition('apache', { 'config.env': '' }, name);
  const lines = Object.entries({ HOSTNAME: name, DISK: 'local-lvm:4', ENGINE: 'shell', ...values });
  writeFileSync(join(directory, 'config.env'), lines.map(([key, value]) => `${key}=${value}\n`).join(''));
  writeFileSync(join(directory, 'configure.sh'), `#!/bin/sh\n# ${script}\n`);
  return directory;
}

const together = (...directories: readonly string[]): Promise<readonly Ended[]> =>
  Promise.all(directories.map((directory) => site.run(['deploy', directory])));

const tasks = async (type: string): Promise<readonly string[]> =>
  dataOf<readonly { readonly type: string; readonly id: string }[]>(
    await site.client.call('GET', '/nodes/pve/tasks?limit=500'),
  )
    .filter((task) => task.type === type)
    .map(({ id }) => id);

const markOf = async (vmid: number) => parseDescription(String((await site.config(vmid))?.description)).mark;

describe('deploys at once', () => {
  it('two that make one container: one is made, and it is whole', async () => {
    const directory = define('web', { ID: 42, IP: '192.168.178.42', MEMORY: 512 });
    const ends = await together(directory, directory);
    // The second one waits for nothing: it finishes what it finds, or is told that somebody is at work.
    for (const end of ends) expect([0, 5], end.text).toContain(end.code);
    expect(ends.map(({ code }) => code)).toContain(0);
    expect(await tasks('vzcreate')).toEqual(['1042']);
    expect(await markOf(1042)).not.toHaveProperty('lease');
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  }, 60_000);

  it('two that change one container: the change is there, once', async () => {
    const directory = define('web', { ID: 42, IP: '192.168.178.42', MEMORY: 1024, NESTING: 'no' }, 'two');
    const ends = await together(directory, directory);
    for (const end of ends) expect([0, 5], end.text).toContain(end.code);
    expect(ends.map(({ code }) => code)).toContain(0);
    expect(await site.config(1042)).toMatchObject({ memory: 1024 });
    expect(await markOf(1042)).not.toHaveProperty('lease');
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  }, 60_000);

  it('two replaces of one container: it has one root file system, and no candidate is left', async () => {
    const directory = define(
      'web',
      { ID: 42, IP: '192.168.178.42', MEMORY: 1024, NESTING: 'no', DISK: 'local-lvm:3' },
      'two',
    );
    const ends = await together(directory, directory);
    for (const end of ends) expect([0, 5], end.text).toContain(end.code);
    expect(ends.map(({ code }) => code)).toContain(0);
    expect(String((await site.config(1042))?.rootfs)).toContain('size=3G');
    expect(await site.config(901_042)).toBeUndefined();
    expect(await markOf(1042)).not.toHaveProperty('promotion');
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  }, 120_000);

  it('four of different ones: all are there, each as its definition says', async () => {
    const all = [51, 52, 53, 54].map((id) => ({
      id,
      directory: define(`web${id}`, { ID: id, IP: `192.168.178.${id}`, MEMORY: 512 + id }),
    }));
    const ends = await together(...all.map(({ directory }) => directory));
    expect(ends.map(({ code, text }) => (code === 0 ? '' : text))).toEqual(['', '', '', '']);
    for (const { id, directory } of all) {
      expect(await site.config(1000 + id)).toMatchObject({ hostname: `web${id}`, memory: 512 + id });
      expect(await markOf(1000 + id)).not.toHaveProperty('lease');
      expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
    }
  }, 120_000);

  it('four without a number: each has a vmid of its own', async () => {
    const names = ['ann', 'bob', 'eve', 'joe'];
    const directories = names.map((name) => define(name, { IP: 'dhcp' }));
    const ends = await together(...directories);
    for (const [index, end] of ends.entries()) {
      if (end.code !== 0) expect((await site.run(['deploy', directories[index] ?? ''])).code, end.text).toBe(0);
    }
    const guests = dataOf<readonly { readonly vmid: number; readonly name: string }[]>(
      await site.client.call('GET', '/nodes/pve/lxc'),
    );
    const made = guests.filter(({ name }) => names.includes(name));
    expect(made.map(({ name }) => name).toSorted()).toEqual(names);
    expect(new Set(made.map(({ vmid }) => vmid)).size).toBe(4);
  }, 120_000);
});
