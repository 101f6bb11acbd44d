import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatDescription, parseDescription } from '../../src/model/mark.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** A change that fails leaves the last good state serving; what was good can be gone back to. */

const CONFIG = 'IP=192.168.178.42\nID=42\nHOSTNAME=apache\nMEMORY=512\nENGINE=shell\n';
let site: CliSite;
let directory: string;
let began = 0;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

const git = (...args: readonly string[]): string =>
  execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    encoding: 'utf8',
  }).trim();

function commit(change: string): string {
  appendFileSync(join(directory, 'configure.sh'), `# ${change}\n`);
  git('add', '-A');
  git('commit', '-qm', change);
  return git('rev-parse', 'HEAD');
}

/** What configure.sh comes to from now on, or so often. */
const script = (exitCode: number, times?: number) =>
  site.control('PUT', 'answers', { name: 'configure.sh', exitCode, stderr: `pve-gitops: ended ${exitCode}\n`, times });

async function mark() {
  const config = await site.config(1042);
  return parseDescription(String(config?.description)).mark;
}

async function snapshots(): Promise<readonly string[]> {
  const reply = await site.client.call('GET', '/nodes/pve/lxc/1042/snapshot');
  return (dataOf(reply) as readonly { readonly name: string }[]).map(({ name }) => name).filter((n) => n !== 'current');
}

async function begin(config: string, extra: Readonly<Record<string, string>> = {}): Promise<string> {
  directory = site.definition('apache', { 'config.env': null, ...extra });
  if (config !== '') writeFileSync(join(directory, 'config.env'), config);
  git('init', '-q', '-b', 'main', '.');
  // what an earlier test has configured is another configuration
  began += 1;
  appendFileSync(join(directory, 'configure.sh'), `# ${began}\n`);
  const first = commit('one');
  await site.run(['destroy', directory, '--yes']);
  await script(0);
  expect((await site.run(['deploy', directory])).code).toBe(0);
  return first;
}

describe('a container whose storage takes snapshots', () => {
  let first: string;
  beforeEach(async () => {
    first = await begin(`${CONFIG}DISK=local-lvm:4\n`);
  });

  it('has no way back before it was good, and keeps one before each change after that', async () => {
    expect(await snapshots()).toEqual([]);
    const second = commit('two');
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toMatch(/keep a snapshot/);
    expect(plan.text).toMatch(/way back: a snapshot; none kept yet/);
    expect((await site.run(['deploy', directory])).code).toBe(0);
    const kept = await mark();
    expect(kept).toMatchObject({ commit: second, history: [{ commit: first }] });
    expect(kept?.attempt).toBeUndefined();
    expect(await snapshots()).toEqual([expect.stringMatching(/^pgo_\d{8}_\d{6}(?:_\d)?$/)]);
    const writes = await site.writes();
    const again = await site.run(['deploy', directory]);
    expect(again.text).toContain('nothing to change');
    expect(await site.writes()).toBe(writes);
  });

  it('goes back when configure fails: exit 7, the old state, the bad commit remembered, no snapshot left', async () => {
    const before = await mark();
    const bad = commit('broken');
    await script(3);
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(7);
    expect(end.text).toContain(`container 1042 serves commit ${first.slice(0, 12)} again`);
    const after = await mark();
    expect(after).toMatchObject({ commit: first, bad, applied: { ...before?.applied } });
    expect(after?.attempt).toBeUndefined();
    expect(after?.lease).toBeUndefined();
    expect(await snapshots()).toEqual([]);
    const status = dataOf<{ readonly status: string }>(
      await site.client.call('GET', '/nodes/pve/lxc/1042/status/current'),
    );
    expect(status.status).toBe('running');
    // the same commit is tried again once its script works
    await script(0);
    expect((await site.run(['deploy', directory])).code).toBe(0);
    expect(await mark()).toMatchObject({ commit: bad });
    expect((await mark())?.bad).toBeUndefined();
  });

  it('keeps three states, drops only its own snapshots, and rolls back to one by its commit', async () => {
    await site.client.call('POST', '/nodes/pve/lxc/1042/snapshot', { snapname: 'mine', description: 'by hand' });
    const commits = [first];
    for (const change of ['two', 'three', 'four', 'five']) {
      commits.push(commit(change));
      expect((await site.run(['deploy', directory])).code).toBe(0);
    }
    expect((await mark())?.history?.map((state) => state.commit)).toEqual([commits[3], commits[2], commits[1]]);
    expect((await snapshots()).length).toBe(4);
    expect(await snapshots()).toContain('mine');
    const shown = await site.run(['history', directory]);
    expect(shown.text).toMatch(new RegExp(`\\* now +${commits[4]?.slice(0, 12)}`));
    expect(shown.text).toMatch(new RegExp(`${commits[2]?.slice(0, 12)} +snapshot pgo_`));

    const end = await site.run(['rollback', directory, '--to', commits[2]?.slice(0, 8) ?? '']);
    expect(end.text).not.toContain('error');
    expect(end.code).toBe(0);
    expect(await mark()).toMatchObject({ commit: commits[2], bad: commits[4], history: [{ commit: commits[1] }] });
    expect(await snapshots()).toContain('mine');
    expect((await snapshots()).length).toBe(2);
  });

  it('refuses a commit that is older than the deployed one', async () => {
    const second = commit('two');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    git('checkout', '-q', first);
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(3);
    expect(end.text.replace(/\s+/g, ' ')).toContain(
      `commit ${first.slice(0, 12)} is older than ${second.slice(0, 12)}, which it has`,
    );
    expect(await mark()).toMatchObject({ commit: second });
    // the way back that the advice names
    expect((await site.run(['rollback', directory, '--to', first.slice(0, 12)])).code).toBe(0);
    expect(await mark()).toMatchObject({ commit: first, bad: second });
  });

  it('finishes what a killed run began, from the state that was good', async () => {
    const second = commit('two');
    const running = site.start(['deploy', directory]);
    await running.when(async () => (await mark())?.attempt !== undefined);
    running.kill();
    await running.ended.catch(() => undefined);
    const kept = await snapshots();
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(0);
    expect(await snapshots()).toEqual(kept);
    expect(await mark()).toMatchObject({ commit: second, history: [{ commit: first }] });
  });
});

describe('a container with a kept volume', () => {
  const YAML = (memory: number, root = 4, data = 1): string => `id: 42
engine: shell
ip: 192.168.178.42
memory: ${memory}
disk: local-lvm:${root}
volumes:
  data: { path: /srv/data, disk: "local-lvm:${data}" }
`;

  beforeEach(async () => {
    for (const vmid of [1042, 901_042]) await site.control('DELETE', 'lxc', { vmid });
  });

  it('is never rolled back with its data: the last good commit is configured again', async () => {
    const first = await begin('', { 'container.yml': YAML(512) });
    const bad = commit('broken');
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toMatch(/way back: commit \w+ configured again \(the volume at \/srv\/data keeps/);
    const commands = async () => ((await site.control('GET', 'exec?vmid=1042')) as readonly { name: string }[]).length;
    const before = await commands();
    // The second run of configure.sh, with the good tree, does well.
    await script(3, 1);
    const end = await site.run(['deploy', directory]);
    expect(end.text).toContain(`serves commit ${first.slice(0, 12)} again`);
    expect(end.code).toBe(7);
    expect(await commands()).toBeGreaterThan(before);
    expect(await snapshots()).toEqual([]);
    expect(await mark()).toMatchObject({ commit: first, bad, good: { commit: first } });
    // It is no state before itself.
    expect(await mark()).not.toHaveProperty('history');
    expect(await mark()).not.toHaveProperty('attempt');
  });

  it('gets the values back that the failed deploy has changed; disks that have grown stay as they are', async () => {
    const first = await begin('', { 'container.yml': YAML(512) });
    const { description: _, digest: _d, ...before } = (await site.config(1042)) ?? {};
    writeFileSync(join(directory, 'container.yml'), `${YAML(2048, 6, 2)}swap: 0\nnesting: no\nstartup: { order: 3 }\n`);
    const bad = commit('more of everything');
    await script(3, 1);
    const end = await site.run(['deploy', directory]);
    expect(end.text).toContain(`serves commit ${first.slice(0, 12)} again`);
    expect(end.code).toBe(7);
    const { description: _n, digest: _e, ...after } = (await site.config(1042)) ?? {};
    const grown = { rootfs: String(before.rootfs).replace('4G', '6G'), mp0: String(before.mp0).replace('1G', '2G') };
    expect(after).toEqual({ ...before, ...grown });
    expect(await mark()).toMatchObject({ commit: first, bad, good: { commit: first } });
  });

  it('gets a volume back that the failed deploy has taken out', async () => {
    const first = await begin('', { 'container.yml': YAML(512) });
    const before = String((await site.config(1042))?.mp0);
    await site.control('PUT', 'content', { volid: before.split(',')[0], path: 'file', text: 'of today' });
    writeFileSync(join(directory, 'container.yml'), YAML(1024).replace(/volumes:[\s\S]*/, ''));
    const bad = commit('without a volume');
    await script(3, 1);
    const end = await site.run(['deploy', directory]);
    expect(end.text).toContain(`serves commit ${first.slice(0, 12)} again`);
    expect(end.code).toBe(7);
    const { mp0, unused0, memory, protection } = (await site.config(1042)) ?? {};
    expect({ mp0, unused0, memory, protection }).toEqual({ mp0: before, memory: 512, protection: 1 });
    expect(await mark()).toMatchObject({ commit: first, bad, volumes: { data: before.split(',')[0] } });
  });

  it('is taken back with its data only when that is said, and told for how long what was written is lost', async () => {
    await begin('', { 'container.yml': YAML(512) });
    const volid = String((await site.config(1042))?.mp0).split(',')[0] ?? '';
    const content = async () => site.control('GET', `content?volid=${encodeURIComponent(volid)}`);
    await site.control('PUT', 'content', { volid, path: 'file', text: 'before' });
    expect((await site.run(['snapshot', directory])).code).toBe(0);
    const kept = await mark();
    if (kept === undefined) throw new Error('no mark');
    const at = new Date(Date.now() - 25 * 60_000).toISOString();
    const history = (kept.history ?? []).map((state) => ({ ...state, at }));
    const { text } = parseDescription(String((await site.config(1042))?.description));
    const description = formatDescription(text, { ...kept, history });
    await site.client.call('PUT', '/nodes/pve/lxc/1042/config', { description });
    await site.control('PUT', 'content', { volid, path: 'file', text: 'since' });

    const refused = await site.run(['rollback', directory]);
    expect(refused.code).toBe(3);
    expect(refused.text.replace(/\s+/g, ' ')).toMatch(
      /--with-data does it, and loses what was written to mp0 in the last 2[56] minutes/,
    );
    expect(await content()).toMatchObject({ file: 'since' });
    const end = await site.run(['rollback', directory, '--with-data']);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(await content()).toMatchObject({ file: 'before' });
    expect(await mark()).not.toHaveProperty('lease');
  });

  it('that cannot be configured any more is made anew from the last good commit, with its volumes', async () => {
    const first = await begin('', { 'container.yml': YAML(512) });
    const volid = String((await site.config(1042))?.mp0).split(',')[0] ?? '';
    await site.control('PUT', 'content', { volid, path: 'file', text: 'of today' });
    const root = (await site.config(1042))?.rootfs;
    const bad = commit('breaks what it runs in');
    // The bad commit, and the good one in what that has broken.
    await script(3, 2);
    const end = await site.run(['deploy', directory]);
    expect(end.text).toContain(`serves commit ${first.slice(0, 12)} again`);
    expect(end.code).toBe(7);
    const config = await site.config(1042);
    expect(config?.rootfs).not.toBe(root);
    const now = String(config?.mp0).split(',')[0] ?? '';
    expect(await site.control('GET', `content?volid=${encodeURIComponent(now)}`)).toMatchObject({ file: 'of today' });
    expect(await site.config(901_042)).toBeUndefined();
    const left = await mark();
    expect(left).toMatchObject({ commit: first, bad, good: { commit: first }, volumes: { data: now } });
    for (const field of ['attempt', 'promotion', 'lease']) expect(left).not.toHaveProperty(field);
    const second = commit('mended');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    expect(await mark()).toMatchObject({ commit: second });
  });

  it('and a run that is killed while it is: the next one finishes, with nothing lost and nothing left over', async () => {
    await begin('', { 'container.yml': YAML(512) });
    const volid = String((await site.config(1042))?.mp0).split(',')[0] ?? '';
    await site.control('PUT', 'content', { volid, path: 'file', text: 'of today' });
    commit('breaks what it runs in');
    await script(3, 2);
    const running = site.start(['deploy', directory]);
    // As soon as the volume is away from it.
    await running.when(async () => (await site.config(1042))?.mp0 === undefined);
    running.kill();
    await running.ended;
    const mended = commit('mended');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    const now = String((await site.config(1042))?.mp0).split(',')[0] ?? '';
    expect(await site.control('GET', `content?volid=${encodeURIComponent(now)}`)).toMatchObject({ file: 'of today' });
    expect(await site.config(901_042)).toBeUndefined();
    const left = await mark();
    expect(left).toMatchObject({ commit: mended, good: { commit: mended }, volumes: { data: now } });
    for (const field of ['attempt', 'promotion', 'lease']) expect(left).not.toHaveProperty(field);
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  });

  it('keeps serving nothing new when that fails too, and the run says all of it', async () => {
    const first = await begin('', { 'container.yml': YAML(512) });
    commit('breaks what it runs in');
    await script(3);
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(8);
    expect(end.text).toContain('the way back failed too');
    expect((await site.config(1042))?.mp0).toMatch(/mp=\/srv\/data/);
    expect(await site.config(901_042)).toBeUndefined();
    await script(0);
    git('checkout', '-q', first);
    expect((await site.run(['rollback', directory])).code).toBe(0);
    expect(await mark()).toMatchObject({ commit: first, good: { commit: first } });
  });
});

describe('two commits of a definition', () => {
  it('are compared field by field and file by file, without a server', async () => {
    const first = await begin(`${CONFIG}DISK=local-lvm:4\n`);
    writeFileSync(join(directory, 'config.env'), `${CONFIG.replace('512', '768')}DISK=local-lvm:4\n`);
    commit('more memory');
    const end = await site.run(['diff', directory, first, 'HEAD']);
    expect(end.text).toContain('memory: 512 → 768');
    expect(end.text).toContain('M configure.sh');
    expect(end.text).not.toContain('cores');
    const wrong = await site.run(['diff', directory, 'nowhere', 'HEAD']);
    expect(wrong.code).toBe(3);
    expect(wrong.text).toContain('Unable to find commit nowhere');
  });
});

describe('what was changed by hand', () => {
  it('is told apart from what git wants changed', async () => {
    await begin(`${CONFIG}DISK=local-lvm:4\n`);
    await site.client.call('PUT', '/nodes/pve/lxc/1042/config', { swap: '64' });
    writeFileSync(join(directory, 'config.env'), `${CONFIG.replace('512', '768')}DISK=local-lvm:4\n`);
    commit('more memory');
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toMatch(/swap: 64 → 512.* \[changed by hand\]/);
    expect(plan.text).toMatch(/memory: 512 → 768(?!.*changed by hand)/);
  });

  it('is told with who did it and when, where the task list tells: by plan and by drift', async () => {
    await begin(`${CONFIG}DISK=local-lvm:4\n`);
    await nextSecond();
    await site.task('PUT', '/nodes/pve/lxc/1042/resize', { disk: 'rootfs', size: '6G' });
    await site.task('POST', '/nodes/pve/lxc/1042/status/stop');
    const who = /since the deploy: (resize|vzstop) by (\S+), \d{4}-\d\d-\d\d \d\d:\d\d UTC/g;
    for (const command of ['plan', 'drift']) {
      const end = await site.run([command, directory]);
      expect([command, end.code]).toEqual([command, command === 'plan' ? 0 : 2]);
      const told = [...end.text.replace(/\s+/g, ' ').matchAll(who)].map(([, what, by]) => [what, by]);
      expect({ command, told: told.toSorted() }).toEqual({
        command,
        told: [
          ['resize', 'root@pam'],
          ['vzstop', 'root@pam'],
        ],
      });
    }
  });

  it('a stop alone is told, too', async () => {
    await begin(`${CONFIG}DISK=local-lvm:4\n`);
    await nextSecond();
    await site.task('POST', '/nodes/pve/lxc/1042/status/stop');
    for (const command of ['plan', 'drift'])
      expect((await site.run([command, directory])).text.replace(/\s+/g, ' ')).toContain('since the deploy: vzstop by');
  });
});

/** Tasks begin at a second, and so did the deploy end. */
async function nextSecond(): Promise<void> {
  const began = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) <= began + 1) await site.client.call('GET', '/version');
}
