import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type OwnNode, page, startOwnNode } from '../e2e/own-node.ts';
import { waitFor } from '../e2e/wait.ts';
import { type Forge, startForge } from '../unit/adapters/git/forge.ts';
import { type Job, runJob, type Trigger } from './actions-runner.ts';
import { type ArgumentWatch, watchArguments } from './argument-watch.ts';
import { debianTemplate } from './lxc-template.ts';

/**
 * The three committed bundles, one after the other as a runner starts them, deploy libs/apache to a container of a local
 * node. The tests are one story and build on each other.
 */

const APACHE = resolve(import.meta.dirname, '../../libs/apache');
const VMID = 1042;
const TOKEN = 'the-token-of-this-job-7c1f';
const PASSWORD = 'site-password "4711" $HOME';

let node: OwnNode;
let forge: Forge;
let address: string;
let watch: ArgumentWatch;
const jobs: Job[] = [];

beforeAll(async () => {
  forge = await startForge({ token: TOKEN, repository: 'srv/apache' });
  cpSync(APACHE, join(forge.root, 'work'), { recursive: true });
  node = await startOwnNode({
    port: 18_100,
    login: 'somebody',
    password: PASSWORD,
    template: await debianTemplate(13),
  });
  address = `http://${node.prefix}.178.42/`;
  watch = watchArguments([...node.secrets, TOKEN, Buffer.from(`x-access-token:${TOKEN}`).toString('base64')]);
});

afterAll(async () => {
  watch?.stop();
  await forge?.close();
  await node?.remove();
});

/** Commits what the work tree holds, and runs the job of the push. */
async function push(branch: string, files: Readonly<Record<string, string>> = {}): Promise<Job> {
  return run(branch, commit(branch, files));
}

function commit(branch: string, files: Readonly<Record<string, string>> = {}, to = forge): string {
  for (const [name, content] of Object.entries(files)) to.write(name, content);
  to.work('add', '--all');
  to.work('commit', '--quiet', '--allow-empty', '--message', `for ${branch}`);
  to.work('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
  return to.work('rev-parse', 'HEAD');
}

async function run(branch: string, sha: string, more: Partial<Trigger> = {}): Promise<Job> {
  const from = { serverUrl: forge.url, repository: 'srv/apache', branch, sha, token: TOKEN, config: node.config };
  const job = await runJob({ ...from, ...more });
  jobs.push(job);
  const times = job.steps.map(({ id, code, milliseconds }) => `${id} ${(milliseconds / 1000).toFixed(1)} s, ${code}`);
  console.log(`${branch}: ${times.join('; ')}`);
  return job;
}

const configureScript = (change: (text: string) => string): string =>
  change(readFileSync(join(APACHE, 'configure.sh'), 'utf8'));

/** The container as Proxmox VE sees it, without what our mark records of every run. */
async function resources(): Promise<object> {
  // A way back leaves `parent` in a config.
  const { digest: _, description: __, parent: ___, ...rest } = (await node.configOf(VMID)) ?? {};
  return rest;
}

test('main before the first deploy: green, nothing is made, and the log says what to do', async () => {
  const job = await push('main');
  expect(job.code, job.log).toBe(0);
  expect(job.steps.map(({ id }) => id)).toEqual(['init', 'default', 'configuration']);
  expect(job.log).toContain('merge into release');
  expect(job.summary).toContain('merge into release');
  expect(await node.containers()).toEqual([]);
});

test('release: the container is made, configured and serves its page', async () => {
  const job = await push('release');
  expect(job.code, job.log).toBe(0);
  // and the base image that it was made from
  expect(await node.containers()).toEqual([VMID, 800_000]);
  await page(address, 'Hello from somebody');
  expect(job.outputs).toEqual({ vmid: String(VMID), urls: address });
  expect(node.inside(VMID, 'stat -c %U:%G /var/www/html/index.html')).toBe('app:app');
  expect(job.summary).toContain(`<${address}>`);
});

test('desired and mode go from step to step, and hold no secret', () => {
  const [init, provision, configuration] = jobs.at(-1)?.steps ?? [];
  const desired = JSON.parse(init?.outputs.desired ?? '') as Record<string, unknown>;
  expect(desired).toMatchObject({ version: 1, name: 'apache', owner: 'srv/apache', stage: 'main', hostname: 'apache' });
  expect(init?.outputs).toMatchObject({ mode: 'deploy', stage: 'main', commit: forge.work('rev-parse', 'HEAD') });
  expect(JSON.parse(provision?.outputs.plan ?? '')).toMatchObject({ vmid: VMID });
  expect(configuration?.outputs.outcome).toBe('done');
});

test('release again: nothing has changed, and nothing is done', async () => {
  const before = await node.configOf(VMID);
  const job = await push('release');
  expect(job.code, job.log).toBe(0);
  expect(JSON.parse(job.steps[1]?.outputs.plan ?? '')).toMatchObject({ steps: [] });
  expect(job.steps[2]?.log).toContain('nothing to change');
  expect(await node.configOf(VMID)).toEqual(before);
});

test('main with a changed configure.sh: configured anew, the container stays', async () => {
  const [identity, before] = [node.identity(VMID), await resources()];
  const changed = configureScript((text) =>
    text
      .replaceAll('Hello from $name', 'Good day from $name')
      .replace('Hello from %s', 'Good day from %s')
      .replace('set -eu\n', 'set -eu\necho "the password is $PASSWORD"\necho "::set-output name=evil::yes"\n'),
  );
  const job = await push('main', { 'configure.sh': changed });
  expect(job.code, job.log).toBe(0);
  await page(address, 'Good day from somebody');
  expect(job.log).toContain('the password is ***');
  expect(job.log).not.toMatch(/^\s*::set-output/m);
  expect(node.identity(VMID)).toBe(identity);
  expect(await resources()).toEqual(before);
});

test('main with more memory: it is pending for release', async () => {
  const before = await resources();
  const env = readFileSync(join(APACHE, 'config.env'), 'utf8').replace('MEMORY=2048', 'MEMORY=1024');
  const job = await push('main', { 'config.env': env });
  expect(job.code, job.log).toBe(0);
  expect(job.log).toContain('pending for release');
  expect(await resources()).toEqual(before);
});

test('develop: the plan stands in log and summary, nothing is changed', async () => {
  const before = await node.configOf(VMID);
  const job = await push('develop', { 'configure.sh': configureScript((text) => `${text}\ntouch /root/developed\n`) });
  expect(job.code, job.log).toBe(0);
  expect(job.log).toContain('memory: 2048');
  expect(job.summary).toContain('planned, nothing was changed');
  expect(await node.configOf(VMID)).toEqual(before);
  expect(node.inside(VMID, 'test ! -e /root/developed && echo untouched')).toBe('untouched');
});

test('release takes the event’s commit, though the branch has gone on; memory is changed live', async () => {
  const identity = node.identity(VMID);
  const script = configureScript((text) => text.replaceAll('Hello from', 'The event from'));
  const sha = commit('release', { 'configure.sh': script });
  commit('release', { 'configure.sh': 'exit 1\n' });
  const job = await run('release', sha);
  expect(job.code, job.log).toBe(0);
  await page(address, 'The event from somebody');
  expect(await resources()).toMatchObject({ memory: 1024 });
  expect(node.identity(VMID)).toBe(identity);
});

test('a broken configure.sh: red, the line that failed is named, the container is what it was', async () => {
  // The way back is a rollback: the same system, started anew.
  const system = () => node.identity(VMID).split('\n').slice(0, 2);
  const before = system();
  const job = await push('main', { 'configure.sh': 'echo "error: no such thing as a free page"\nexit 7\n' });
  expect(job.code, job.log).toBe(7);
  expect(job.steps.map(({ code }) => code)).toEqual([0, 0, 7]);
  expect(job.log).toMatch(/^::error::.*configure\.sh ended with exit code 7: no such thing as a free page/m);
  expect(system()).toEqual(before);
  await page(address, 'The event from somebody');
});

test('a run that was killed while configure.sh ran does not hold up the next one', async () => {
  const waiting = 'touch /root/began\nwhile [ ! -e /root/go ]; do sleep 0.1; done\n';
  const script = configureScript((text) => text.replace('set -eu\n', `set -eu\n${waiting}`));
  const sha = commit('main', { 'configure.sh': script });
  const killed = run('main', sha, {
    watch: (step, _, child) => {
      if (step !== 'configuration' || child.killed) return;
      const began = async () => (node.inside(VMID, 'ls /root').includes('began') ? true : undefined);
      void waitFor('the script to begin', 60_000, began).then(() => child.kill('SIGKILL'));
    },
  });
  expect((await killed).code).toBe(137);
  node.inside(VMID, 'touch /root/go');
  const job = await run('main', sha);
  expect(job.code, job.log).toBe(0);
  await page(address, 'Hello from somebody');
});

test('a run that was killed while the container was made is finished by the next one', async () => {
  const other = await startForge({ token: TOKEN, repository: 'srv/second' });
  onTestFinished(() => other.close());
  other.write('config.env', 'IP=192.168.178.43\nID=43\nHOSTNAME=second\nDISK=local-lvm:4\n');
  const sha = commit('release', {}, other);
  const trigger = { serverUrl: other.url, repository: 'srv/second' };
  const killed = run('release', sha, {
    ...trigger,
    watch: (step, text, child) => {
      if (step === 'default' && text.includes('container-default')) {
        const made = async () => ((await node.configOf(1043)) === undefined ? undefined : true);
        void waitFor('the container', 60_000, made).then(() => child.kill('SIGKILL'));
      }
    },
  });
  expect((await killed).code).toBe(137);
  const job = await run('release', sha, trigger);
  expect(job.code, job.log).toBe(0);
  expect(node.inside(1043, 'hostname')).toBe('second');
  const again = await run('release', sha, trigger);
  expect(again.steps[2]?.log).toContain('nothing to change');
});

test('no secret shows in logs, summaries, outputs, arguments, marks or files of the node', async () => {
  const secrets = [...node.secrets, TOKEN];
  const shown = jobs.flatMap(({ steps }) =>
    steps.flatMap(({ log, summary, outputs }) => [unmasked(log), summary, JSON.stringify(outputs)]),
  );
  const marks = [await node.configOf(VMID), await node.configOf(1043)].map((config) => JSON.stringify(config));
  expect(marks.join('')).toContain('pve-gitops:1');
  const logs = logsBelow(join(node.directory, 'node'));
  expect(logs.join('')).toContain('TASK OK');
  const texts = [...shown, ...marks, ...logs];
  for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  expect([...watch.found]).toEqual([]);
  // The watch has seen what it is meant to see.
  expect(watch.rounds).toBeGreaterThan(100);
  expect([...watch.programs]).toEqual(expect.arrayContaining(['git', 'ssh', 'node']));
});

test('every secret is masked before the first line of a step', () => {
  for (const { steps } of jobs) {
    for (const { id, log } of steps) {
      const lines = log.split('\n');
      const first = lines.findIndex((line) => !line.startsWith('::'));
      const masked = lines.slice(0, first).join('\n');
      const expected = id === 'init' ? [...node.secrets, TOKEN] : node.secrets;
      for (const secret of expected) expect(masked).toContain(`::add-mask::${secret}`);
    }
  }
});

/** The log without what only the runner reads. */
function unmasked(log: string): string {
  return log
    .split('\n')
    .filter((line) => !line.startsWith('::add-mask::'))
    .join('\n');
}

function logsBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && (entry.name.endsWith('.log') || entry.parentPath.includes('/tasks')))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}
