import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { startNode } from '../../local/node/daemon.ts';
import { parseDescription } from '../../src/model/mark.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { fetchPage, openCliSite, prefixOf } from './cli-site.ts';

/** The whole flow on real containers: a page is served, a second run changes nothing, and a run may be killed anywhere. */

const missing = await checkHost();

describe('deploys to real containers', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: deploys to real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

if (missing.length === 0) {
  let site: CliSite;
  let directory: string;
  let address: string;

  beforeAll(async () => {
    site = await openCliSite();
    directory = site.definition('apache');
    address = `${prefixOf(site)}.178.42`;
  });
  afterAll(() => site?.close());

  /** What must be the same however a deploy got there. */
  const endState = async (): Promise<unknown> => {
    // A way back leaves `parent` in a config, and itself in the mark.
    const { digest: _, parent: __, net0, description, rootfs, ...rest } = (await site.config(1042)) ?? {};
    const { text, mark } = parseDescription(String(description));
    return {
      ...rest,
      net0: String(net0).replace(/hwaddr=[0-9A-F:]+/i, 'hwaddr=…'),
      rootfs: String(rootfs).replace(/disk-\d+/, 'disk-…'),
      text,
      mark: { ...mark, hostKeys: mark?.hostKeys.length, good: undefined, history: undefined },
      page: await fetchPage(`http://${address}/`),
    };
  };
  const destroy = async (): Promise<void> =>
    expect(await site.run(['destroy', directory, '--yes'])).toMatchObject({ code: 0 });
  let whole: unknown;

  describe('a deploy', () => {
    it('serves a page that belongs to app, and says where', async () => {
      const end = await site.run(['deploy', directory], { LOGIN: '<ann>' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.stdout).toContain(`http://${address}/`);
      expect(await fetchPage(`http://${address}/`)).toBe('<h1>Hello from &lt;ann&gt;</h1>\n');
      whole = await endState();
    });

    it('again: nothing changed, and nothing is written', async () => {
      const before = await site.config(1042);
      await site.control('DELETE', 'calls');
      const end = await site.run(['deploy', directory], { LOGIN: '<ann>' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.stdout).toContain('nothing to change');
      expect(await site.config(1042)).toEqual(before);
      const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
      expect(Object.keys(calls).filter((call) => !call.startsWith('GET '))).toEqual([]);
      expect(Object.values(calls).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(6);
    });

    it('more memory: live, the container is not restarted', async () => {
      const config = site.readDefinition('apache', 'config.env').replace('MEMORY=2048', 'MEMORY=1024');
      const smaller = site.definition('apache', { 'config.env': config });
      const uptime = async () =>
        dataOf<{ pid: number }>(await site.client.call('GET', '/nodes/pve/lxc/1042/status/current')).pid;
      const pid = await uptime();
      const end = await site.run(['deploy', smaller], { LOGIN: '<ann>' });
      expect(end).toMatchObject({ code: 0 });
      expect(await site.config(1042)).toMatchObject({ memory: 1024 });
      expect(await uptime()).toBe(pid);
      directory = site.definition('apache');
      expect(await site.run(['deploy', directory], { LOGIN: '<ann>' })).toMatchObject({ code: 0 });
      expect(await endState()).toEqual(whole);
    });

    it('whose script fails: exit 7, its last words, and the page of before is served', async () => {
      const script = `${site.readDefinition('apache', 'configure.sh')}\necho 'error: out of coffee'\nexit 3\n`;
      const end = await site.run(['deploy', site.definition('apache', { 'configure.sh': script })], { LOGIN: '<ann>' });
      expect(end.code).toBe(7);
      expect(end.text).toContain('configure.sh ended with exit code 3: out of coffee');
      expect(await fetchPage(`http://${address}/`)).toContain('Hello from');
      directory = site.definition('apache');
    });

    it('survives a kill of the node: containers run on, a new node finds them', async () => {
      process.kill(site.node.pid, 'SIGKILL');
      expect(await fetchPage(`http://${address}/`)).toContain('Hello from');
      const again = await startNode({ state: join(site.state, 'node'), backend: 'lxc', port: site.node.port });
      expect(again.token).toEqual(site.node.token);
      site.node = again;
      const end = await site.run(['deploy', directory], { LOGIN: '<ann>' });
      expect(end).toMatchObject({ code: 0 });
      expect(await endState()).toEqual(whole);
      await destroy();
    });
  });

  describe('SIGKILL', () => {
    const created = async (): Promise<boolean> => {
      const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
      return (calls['POST /nodes/pve/lxc'] ?? 0) > 0;
    };
    it.each([
      ['while the template is unpacked', created],
      ['right after the create', /container 1042 created/],
      ['in the middle of the baseline', /changed: group app/],
      ['in the middle of apt-get', /Unpacking apache2-bin/],
      ['when the page is written', /changed: wrote \/var\/www\/html\/index\.html/],
    ] as const)('%s: run again, same end state', async (_, moment) => {
      await site.control('DELETE', 'calls');
      const running = site.start(['deploy', directory, '--verbose'], { LOGIN: '<ann>' });
      await (typeof moment === 'function'
        ? running.when(moment)
        : running.when(async () => moment.test(running.text())));
      running.kill();
      expect((await running.ended).code).toBeNull();
      const again = await site.run(['deploy', directory], { LOGIN: '<ann>' });
      expect(again).toMatchObject({ code: 0 });
      expect(await endState()).toEqual(whole);
      expect(await site.run(['deploy', directory], { LOGIN: '<ann>' })).toMatchObject({ code: 0 });
      await destroy();
      const left = await site.client.call('GET', '/nodes/pve/storage/local-lvm/content');
      expect(left.body?.data).toEqual([]);
    });
  });

  describe('the broker', () => {
    it('asks for the password of its file, and shows it nowhere', async () => {
      const secret = 'correct-horse-battery';
      const end = await site.run(['deploy', site.definition('broker'), '--verbose'], {
        LOGIN: 'ann',
        PASSWORD: secret,
      });
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).not.toContain(secret);
      expect(end.stdout).toMatch(/tcp:\/\/[\d.]+:1883/);
      expect(await site.run(['destroy', site.definition('broker'), '--yes'])).toMatchObject({ code: 0 });
    });
  });

  describe('the cache of packages', () => {
    it('hands out what it fetched, and a second run changes nothing', async () => {
      const cache = site.definition('cache');
      const end = await site.run(['deploy', cache]);
      expect(end.code === 0 ? '' : end.text).toBe('');
      const at = `http://${prefixOf(site)}.178.46:3142`;
      expect(await fetchPage(`${at}/acng-report.html`)).toContain('Apt-Cacher NG');
      expect((await site.run(['deploy', cache, '--force'])).text).not.toMatch(/changed: /);
      const gone = await site.run(['destroy', cache, '--yes', '--delete-volume', 'packages']);
      expect(gone.code === 0 ? '' : gone.text).toBe('');
    });
  });

  describe('the host', () => {
    it('has no bridge, rule, mount or process of the node after a reset', async () => {
      const state = join(site.state, 'node');
      expect(await site.run(['node', 'reset', '--host', '--yes'])).toMatchObject({ code: 0 });
      const range = prefixOf(site);
      expect(execFileSync('ip', ['-br', 'address'], { encoding: 'utf8' })).not.toContain(`${range}.`);
      expect(execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' })).not.toContain(`${range}.`);
      expect(execFileSync('mount', { encoding: 'utf8' })).not.toContain(state);
      expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(state);
    });
  });
}
