import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { debianTemplate } from '../integration/lxc-template.ts';
import { forgeAndRunner, logOfRun } from './forge-and-runner.ts';
import type { Run } from './gitea-types.ts';
import { type OwnNode, startOwnNode } from './own-node.ts';
import { PROJECT } from './project.ts';
import { provideActions, pushFolder } from './push.ts';
import { waitFor } from './wait.ts';

/**
 * srv/broker with the long form of the workflow on a real Gitea: pull request, dispatch with a mode, snapshot, rollback, pushes in
 * quick succession. The tests are one story and build on each other.
 */

const REPOSITORY = 'srv/broker';
const RUN_MS = 10 * 60_000;
const PWNED = '/tmp/pwned-by-a-branch';
const VMID = 1043;
// The broker's recipes would need Cinc, and its service packages: a test of workflows waits for neither.
const DEFINITION = 'IP=192.168.178.43\nID=43\nHOSTNAME=broker\nDISK=local-lvm:4\nENGINE=shell\n';

let node: OwnNode;
let folder: string;
/** The first commit of main. */
let early = '';

beforeAll(async () => {
  const template = await debianTemplate(13);
  node = await startOwnNode({ port: 18_300, login: 'somebody', password: 'a site password', template });
  rmSync(PWNED, { force: true });
});
afterAll(async () => {
  await node?.remove();
});
const site = forgeAndRunner('workflows', () => ({ env: { PVE_GITOPS_CONFIG: node.config } }));

beforeAll(async () => {
  const { forge, directory } = site();
  await provideActions(forge, directory);
  await forge.api.createRepository(REPOSITORY, { private: true });
  folder = join(directory, 'broker');
  cpSync(join(PROJECT, 'libs/broker'), folder, { recursive: true });
  mkdirSync(join(folder, '.gitea/workflows'), { recursive: true });
  cpSync(join(PROJECT, 'workflows/templates/long.yml'), join(folder, '.gitea/workflows/container.yml'));
  writeFileSync(join(folder, 'config.env'), DEFINITION);
  say('one');
});

function say(word: string): void {
  writeFileSync(join(folder, 'configure.sh'), `set -eu\necho ${word} >/etc/said\necho "changed: says ${word}"\n`);
}

const said = (): string => node.inside(VMID, 'cat /etc/said');

interface Ended {
  readonly run: Run;
  readonly log: string;
  readonly sha: string;
}

let count = 0;

async function ended(run: Run, name: string, sha = ''): Promise<Ended> {
  count += 1;
  const log = await logOfRun(site().forge, REPOSITORY, run, `workflows/${count}-${name}.log`);
  for (const secret of node.secrets) expect(log).not.toContain(secret);
  return { run, log, sha };
}

async function push(branch: string): Promise<Ended> {
  const { forge } = site();
  const sha = await pushFolder(forge, REPOSITORY, folder, { branch });
  return ended(await forge.api.waitForRun(REPOSITORY, sha, { event: 'push' }, RUN_MS), branch, sha);
}

async function dispatch(branch: string, inputs: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { api } = site().forge;
  const id = await api.dispatch(REPOSITORY, 'container.yml', branch, inputs);
  return ended(await api.waitForRunById(REPOSITORY, id, RUN_MS), inputs.mode ?? 'dispatch');
}

async function head(branch: string): Promise<string> {
  const path = `/repos/${REPOSITORY}/branches/${branch}`;
  return (await site().forge.api.request<{ commit: { id: string } }>('GET', path)).commit.id;
}

async function mark() {
  return parseDescription(String((await node.configOf(VMID))?.description)).mark;
}

/** What we have told of a commit. */
async function told(sha: string): Promise<Readonly<Record<string, string>>> {
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, sha);
  const ours = statuses.filter(({ context }) => context.startsWith('pve-gitops / '));
  return Object.fromEntries(ours.map(({ context, status }) => [context, status]));
}

test('release: deployed by the long form, and the commit and the container link to the run', async () => {
  const { run, log, sha } = await push('release');
  expect(run.conclusion, log).toBe('success');
  expect(said()).toBe('one');
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, sha);
  const ours = statuses.find(({ context }) => context === 'pve-gitops / broker');
  expect(ours).toMatchObject({ status: 'success', target_url: run.html_url });
  expect(ours?.description).toMatch(/^broker: .*step/);
  const description = String((await node.configOf(VMID))?.description);
  expect(description).toContain(`[last run](${run.html_url})`);
  expect(description).toContain(`/srv/broker/commit/${sha})`);
  expect(await head('snapshot')).toBe(sha);
});

test('a pull request has the plan as one comment, which a second push changes', async () => {
  const { api } = site().forge;
  const before = await node.configOf(VMID);
  writeFileSync(join(folder, 'config.env'), `${readFileSync(join(folder, 'config.env'), 'utf8')}MEMORY=768\n`);
  say('proposed');
  await pushFolder(site().forge, REPOSITORY, folder, { branch: 'change' });
  const { number } = await api.request<{ number: number }>('POST', `/repos/${REPOSITORY}/pulls`, {
    head: 'change',
    base: 'release',
    title: 'More memory',
  });
  const runOf = async (sha: string) =>
    ended(await api.waitForRun(REPOSITORY, sha, { event: 'pull_request' }, RUN_MS), 'pull', sha);
  const first = await runOf(await head('change'));
  expect(first.run.conclusion, first.log).toBe('success');
  expect(await told(first.sha)).toEqual({ 'pve-gitops / broker / plan': 'success' });
  const comments = () =>
    api.request<{ id: number; body: string }[]>('GET', `/repos/${REPOSITORY}/issues/${number}/comments`);
  const [comment] = await comments();
  expect(comment?.body).toContain('memory');
  expect(comment?.body).toContain(first.sha.slice(0, 12));

  const second = await runOf(await pushFolder(site().forge, REPOSITORY, folder, { branch: 'change' }));
  expect(second.run.conclusion, second.log).toBe('success');
  const after = await comments();
  expect(after.map(({ id }) => id)).toEqual([comment?.id]);
  expect(after[0]?.body).toContain(second.sha.slice(0, 12));
  expect(await node.configOf(VMID)).toEqual(before);
  expect(said()).toBe('one');
});

test('mode snapshot keeps the state, mode rollback takes it back', async () => {
  const kept = await dispatch('release', { mode: 'snapshot' });
  expect(kept.run.conclusion, kept.log).toBe('success');
  expect((await mark())?.history?.[0]).toMatchObject({ byHand: true, way: { kind: 'snapshot' } });
  node.inside(VMID, 'echo by hand >/etc/said');
  const back = await dispatch('release', { mode: 'rollback' });
  expect(back.run.conclusion, back.log).toBe('success');
  expect(said()).toBe('one');
});

test('main changes it, the branch rollback takes it back; a broken script does so by itself', async () => {
  say('two');
  const changed = await push('main');
  early = changed.sha;
  expect(changed.run.conclusion, changed.log).toBe('success');
  expect(said()).toBe('two');
  expect(await head('snapshot')).toBe(early);
  const before = await head('release');
  const back = await push('rollback');
  expect(back.run.conclusion, back.log).toBe('success');
  expect(said()).toBe('one');
  expect(await head('snapshot')).toBe(before);
  const { api } = site().forge;
  const pulls = await api.request<{ title: string; base: { ref: string }; head: { ref: string } }[]>(
    'GET',
    `/repos/${REPOSITORY}/pulls?state=open`,
  );
  const asking = pulls.find(({ base }) => base.ref === 'main');
  expect(asking?.title).toBe(`Go back to ${before.slice(0, 12)}`);
  const script = await api.text('GET', `/repos/${REPOSITORY}/raw/configure.sh?ref=${asking?.head.ref}`);
  expect(script).toContain('says one');

  writeFileSync(join(folder, 'configure.sh'), 'echo half >/etc/said\necho "error: out of order"\nexit 4\n');
  const broken = await push('main');
  expect(broken.run.conclusion).toBe('failure');
  expect(said()).toBe('one');
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, broken.sha);
  const ours = statuses.find(({ context }) => context === 'pve-gitops / broker');
  expect(ours?.status).toBe('failure');
  expect(ours?.description).toContain('out of order');
});

test('mode rebuild makes a new root file system', async () => {
  const identity = node.inside(VMID, 'cat /etc/machine-id');
  say('three');
  await push('main');
  node.inside(VMID, 'touch /root/left-over');
  const rebuilt = await dispatch('main', { mode: 'rebuild' });
  expect(rebuilt.run.conclusion, rebuilt.log).toBe('success');
  expect(node.inside(VMID, 'cat /etc/machine-id')).not.toBe(identity);
  expect(node.inside(VMID, 'test -e /root/left-over || echo gone')).toBe('gone');
  expect(said()).toBe('three');
});

/** By commit, once none of them runs or waits. Gitea may take a branch's head for an earlier push as well. */
async function conclusions(
  shas: readonly string[],
  name: string,
): Promise<readonly (readonly (string | undefined)[])[]> {
  const { api } = site().forge;
  const all = await waitFor(`the ends of the runs of ${name}`, RUN_MS, async () => {
    const found = await Promise.all(shas.map((sha) => api.runs(REPOSITORY, sha, { event: 'push' })));
    const done = found.flat().length >= shas.length && found.flat().every(({ status }) => status === 'completed');
    return done ? found : undefined;
  });
  for (const run of all.flat()) await ended(run, name);
  return all.map((runs) => runs.map(({ conclusion }) => conclusion));
}

test('two pushes in quick succession: the later one is what runs in the end', async () => {
  const shas: string[] = [];
  for (const word of ['four', 'five']) {
    say(word);
    shas.push(await pushFolder(site().forge, REPOSITORY, folder, { branch: 'main' }));
  }
  const [, last] = await conclusions(shas, 'quick');
  expect(last).toContain('success');
  expect(said()).toBe('five');
  expect((await mark())?.commit).toBe(shas[1]);
});

test('a deploy that waits for another one is not cancelled by what only plans', async () => {
  const shas: string[] = [];
  const pushes = { six: 'main', five: 'main', planned: 'develop' };
  for (const [word, branch] of Object.entries(pushes)) {
    say(word);
    shas.push(await pushFolder(site().forge, REPOSITORY, folder, { branch }));
  }
  const [, waited, planned] = await conclusions(shas, 'waiting');
  expect(waited).toContain('success');
  expect(planned).toEqual(['success']);
  expect(said()).toBe('five');
});

test('a run of an older commit is refused, though its checkout has no history', async () => {
  const { forge } = site();
  await forge.api.request('POST', `/repos/${REPOSITORY}/branches`, {
    new_branch_name: 'main-old',
    old_ref_name: early,
  });
  const { run, log } = await dispatch('main-old', { mode: 'configure' });
  expect(run.conclusion).toBe('failure');
  expect(log).toMatch(/commit [0-9a-f]{12} is older than [0-9a-f]{12}, which it has/);
  expect(said()).toBe('five');
});

test('shell characters in a branch name or a value run nothing', async () => {
  const branch = `x$(touch\${IFS}${PWNED});\`touch\${IFS}${PWNED}\``;
  await pushFolder(site().forge, REPOSITORY, folder, { branch });
  const planned = await dispatch(branch);
  expect(planned.run.conclusion, planned.log).toBe('success');
  writeFileSync(join(folder, 'config.env'), `ID=43\nHOSTNAME=$(touch ${PWNED})\n`);
  const { run, log } = await push('main');
  expect(run.conclusion).toBe('failure');
  expect(log).toMatch(/::error::|config\.env:2/);
  expect(existsSync(PWNED)).toBe(false);
  expect(said()).toBe('five');
});

test('the tasks of the site look at its containers: drift, update, backup', async () => {
  const { api, token } = site().forge;
  await api.setSecret('srv', 'GITOPS_TOKEN', token);
  const task = async (name: string): Promise<string> => {
    const id = await api.dispatch('srv/config', `tasks/${name}.yml`, 'main');
    const run = await api.waitForRunById('srv/config', id, RUN_MS);
    const log = await logOfRun(site().forge, 'srv/config', run, `workflows/task-${name}.log`);
    expect(run.conclusion, log).toBe('success');
    return log;
  };
  expect(await task('drift')).toMatch(/as git says +broker, container 1043/);
  expect(await task('update')).toMatch(/(?:up to date|upgraded) +broker, container 1043/);
  expect(await task('backup')).toMatch(/backed up +broker, container 1043: \S+:backup\//);
  expect(said()).toBe('five');
});

test('every verb reaches a repository by operate.yml, whatever its own workflow offers', async () => {
  const { api } = site().forge;
  const inputs = { repo: REPOSITORY, verb: 'plan', ref: 'main' };
  // The value that was refused a moment ago is still the newest of main.
  const id = await api.dispatch('srv/config', 'operate.yml', 'main', inputs);
  const run = await api.waitForRunById('srv/config', id, RUN_MS);
  const log = await logOfRun(site().forge, 'srv/config', run, 'workflows/operate.log');
  expect(run.conclusion).toBe('failure');
  expect(log).toContain('config.env:2');
  const again = await api.dispatch('srv/config', 'operate.yml', 'main', {
    ...inputs,
    verb: 'snapshot',
    ref: 'release',
  });
  const kept = await api.waitForRunById('srv/config', again, RUN_MS);
  expect(kept.conclusion, await logOfRun(site().forge, 'srv/config', kept, 'workflows/operate-2.log')).toBe('success');
  expect((await mark())?.history?.[0]).toMatchObject({ byHand: true });
});

test('mode destroy destroys, when somebody asks for it', async () => {
  writeFileSync(join(folder, 'config.env'), DEFINITION);
  await push('develop');
  expect(await node.containers()).toContain(VMID);
  const { run, log } = await dispatch('develop', { mode: 'destroy' });
  expect(run.conclusion, log).toBe('success');
  expect(await node.containers()).not.toContain(VMID);
});
