import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { parseDescription } from '../../src/model/mark.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { insideOf, openCliSite, prefixOf } from './cli-site.ts';
import { describeTree, makeTree } from './lxc-tree.ts';
import { PageWatch } from './page-watch.ts';

/** libs/apache with a volume gets another root file system on a real container, and one that fails changes nothing. */

const missing = await checkHost();

describe('a replace on real containers', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: a replace on real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

const LIVE = 1042;

if (missing.length === 0) {
  let site: CliSite;
  let directory: string;
  let address: string;

  beforeAll(async () => {
    site = await openCliSite();
    address = `${prefixOf(site)}.178.42`;
  });
  afterAll(() => site?.close());

  function define(disk: number, more = '', storage = 'local-lvm'): void {
    directory = site.definition('apache', { 'config.env': null, 'container.yml': '' });
    const yaml = `id: 42
ip: 192.168.178.42
hostname: apache
cores: 2
memory: 1024
swap: 512
disk: ${storage}:${disk}
health: [{ http: "http://:80/" }]
engine: shell
volumes:
  data: { path: /srv/data, disk: "${storage}:1" }
`;
    writeFileSync(join(directory, 'container.yml'), yaml);
    if (more === '') return;
    writeFileSync(join(directory, 'configure.sh'), `${site.readDefinition('apache', 'configure.sh')}\n${more}\n`);
  }

  const inside = (command: string): string => insideOf(site, LIVE, command);
  const mark = async () => parseDescription(String((await site.config(LIVE))?.description)).mark;
  const list = async (path: string) => dataOf<readonly Record<string, unknown>[]>(await site.client.call('GET', path));
  /** What stands on the node: containers, their volumes, backups and snapshots. */
  const standing = async () => ({
    containers: (await list('/nodes/pve/lxc')).map(({ vmid }) => Number(vmid)),
    volumes: (await list('/nodes/pve/storage/local-lvm/content')).map(({ vmid }) => Number(vmid)),
    backups: (await list('/nodes/pve/storage/local/content?content=backup')).map(({ vmid }) => Number(vmid)),
    snapshots: (await list(`/nodes/pve/lxc/${LIVE}/snapshot`)).map(({ name }) => name),
  });
  const hostKey = (): string => inside('cat /etc/ssh/ssh_host_ed25519_key.pub /etc/ssh/ssh_host_rsa_key.pub');
  const mac = async (): Promise<string | undefined> =>
    /hwaddr=([0-9A-F:]+)/i.exec(String((await site.config(LIVE))?.net0))?.[1];

  let tree: string;

  describe('libs/apache with a volume', () => {
    it('serves, has data in its volume and some beside it', async () => {
      define(4);
      const made = await site.run(['deploy', directory], { LOGIN: 'ann' });
      expect(made.code === 0 ? '' : made.text).toBe('');
      inside(makeTree('/srv/data/tree'));
      tree = inside(describeTree('/srv/data/tree'));
      inside('mkdir -p /var/lib/mysql && echo rows > /var/lib/mysql/table');
      // Somebody who writes all the time.
      inside(
        `setsid sh -c 'i=0; while i=$((i+1)); do echo $i >> /srv/data/journal; sleep 0.05; done' >/dev/null 2>&1 </dev/null &`,
      );
      expect((await site.config(LIVE))?.protection).toBe(1);
    });

    it('is told before what stays behind, and what is kept', async () => {
      define(3);
      const plan = (await site.run(['plan', directory], { LOGIN: 'bob' })).text.replace(/\s+/g, ' ');
      expect(plan).toContain('data outside of volumes stays behind, in that backup: /var/lib/mysql');
      expect(plan).toContain('kept with its content: the volume at /srv/data');
      expect(plan).toMatch(/nobody serves while it takes its place: about \d+ s/);
    });

    it('with a smaller disk: the volume byte for byte, MAC and host keys are the same, nothing is left over', async () => {
      const before = { mac: await mac(), keys: hostKey() };
      const watch = new PageWatch(`http://${address}/`, 100);
      const end = await site.run(['deploy', directory], { LOGIN: 'bob' });
      const seen = await watch.end();
      expect(end.code === 0 ? '' : end.text).toBe('');
      console.log(
        `downtime of a replace of libs/apache with a volume: ${(seen.longestGap / 1000).toFixed(1)} s of ${(seen.milliseconds / 1000).toFixed(0)} s ` +
          `(${seen.asked} asked, ${seen.failed} without an answer); ${/nobody served for [\d.]+ s/.exec(end.text)?.[0]} by the deploy itself`,
      );
      expect([...seen.pages]).toEqual(['<h1>Hello from ann</h1>', '<h1>Hello from bob</h1>']);
      expect({ mac: await mac(), keys: hostKey() }).toEqual(before);
      expect(inside(describeTree('/srv/data/tree'))).toBe(tree);
      const journal = inside('cat /srv/data/journal').trim().split('\n').map(Number);
      expect(journal).toEqual(journal.map((_, index) => index + 1));
      expect(inside('ls /var/lib/mysql 2>/dev/null || true').trim()).toBe('');
      const config = await site.config(LIVE);
      expect(String(config?.rootfs)).toContain('size=3G');
      expect(config).toMatchObject({ protection: 1, mp0: expect.stringContaining('mp=/srv/data') as string });
      expect(await standing()).toEqual({
        containers: [LIVE],
        volumes: [LIVE, LIVE],
        backups: [LIVE],
        snapshots: ['current'],
      });
      expect(await mark()).not.toHaveProperty('promotion');
      expect((await site.run(['deploy', directory], { LOGIN: 'bob' })).text).toContain('nothing to change');
    });

    it('whose candidate fails: the live one keeps serving, and nothing is left over', async () => {
      const before = await standing();
      define(2, "echo 'error: out of tea'\nexit 3");
      const watch = new PageWatch(`http://${address}/`, 100);
      const end = await site.run(['deploy', directory], { LOGIN: 'eve' });
      const seen = await watch.end();
      expect(end.code).toBe(7);
      expect(end.text).toContain('out of tea');
      expect([...seen.pages]).toEqual(['<h1>Hello from bob</h1>']);
      expect(seen.failed).toBe(0);
      expect(inside(describeTree('/srv/data/tree'))).toBe(tree);
      expect(await standing()).toEqual(before);
      expect(await mark()).not.toHaveProperty('promotion');
    });

    it('goes to another storage and back: every byte, owner and attribute of volume and root comes along', async () => {
      const body = { storage: 'dirs', type: 'dir', path: '/srv/dirs', content: 'rootdir,images' };
      dataOf(await site.client.call('POST', '/storage', body));
      inside(makeTree('/root/tree'));
      const rootTree = inside(describeTree('/root/tree'));
      const before = { mac: await mac(), keys: hostKey(), journal: inside('cat /srv/data/journal') };
      for (const [storage, left] of [
        ['dirs', 'local-lvm'],
        ['local-lvm', 'dirs'],
      ] as const) {
        define(3, '', storage);
        const watch = new PageWatch(`http://${address}/`, 100);
        const end = await site.run(['deploy', directory], { LOGIN: 'bob' });
        const seen = await watch.end();
        expect(end.code === 0 ? '' : end.text).toBe('');
        console.log(`downtime of a move of both disks to ${storage}: ${(seen.longestGap / 1000).toFixed(1)} s`);
        expect([...seen.pages]).toEqual(['<h1>Hello from bob</h1>']);
        expect(await site.config(LIVE)).toMatchObject({
          rootfs: expect.stringMatching(new RegExp(`^${storage}:`)) as string,
          mp0: expect.stringMatching(new RegExp(`^${storage}:.*mp=/srv/data`)) as string,
          protection: 1,
        });
        expect(inside(describeTree('/srv/data/tree'))).toBe(tree);
        expect(inside(describeTree('/root/tree'))).toBe(rootTree);
        expect({ mac: await mac(), keys: hostKey(), journal: inside('cat /srv/data/journal') }).toEqual(before);
        expect(await list(`/nodes/pve/storage/${left}/content`)).toEqual([]);
        expect((await site.run(['deploy', directory], { LOGIN: 'bob' })).text).toContain('nothing to change');
      }
    });
  });
}
