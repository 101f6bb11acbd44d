import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { forgeAndRunner, logOfRun } from './forge-and-runner.ts';
import type { Run } from './gitea-types.ts';
import { cancelRun } from './gitea-web.ts';
import { keepRun } from './keep-page.ts';
import { type OwnNode, page, startOwnNode } from './own-node.ts';
import { PROJECT } from './project.ts';
import { provideActions, pushFolder } from './push.ts';
import { runnerVersion } from './runner.ts';
import { processesAtHome } from './stragglers.ts';
import { waitFor } from './wait.ts';

/**
 * A push to a container repository on a real Gitea, with the short form of the workflow as it is published, ends in a
 * container of the local node. The tests are one story and build on each other.
 */

const REPOSITORY = 'srv/apache';
const VMID = 1042;
const PASSWORD = 'site-password "4711" $HOME';
/** The first run may have to make a template. */
const RUN_MS = 20 * 60_000;

let node: OwnNode;
let folder: string;
let address: string;

beforeAll(async () => {
  node = await startOwnNode({ port: 18_200, login: 'somebody', password: PASSWORD });
  address = `http://${node.prefix}.178.42/`;
});
afterAll(async () => {
  await node?.remove();
});
const site = forgeAndRunner('deploy', () => ({ env: { PVE_GITOPS_CONFIG: node.config } }));

beforeAll(async () => {
  const { forge, tools, directory } = site();
  console.log(`Gitea ${await forge.api.version()}, ${await runnerVersion(tools)}`);
  await provideActions(forge, directory);
  await forge.api.createRepository(REPOSITORY, { private: true });
  folder = join(directory, 'apache');
  cpSync(join(PROJECT, 'libs/apache'), folder, { recursive: true });
  mkdirSync(join(folder, '.gitea/workflows'), { recursive: true });
  cpSync(join(PROJECT, 'workflows/templates/container.yml'), join(folder, '.gitea/workflows/container.yml'));
});

interface Ended {
  readonly run: Run;
  readonly log: string;
  readonly sha: string;
}

/** What we have told of a commit: context → state and text. */
async function told(sha: string): Promise<Readonly<Record<string, readonly [string, string]>>> {
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, sha);
  const ours = statuses.filter(({ context }) => context.startsWith('pve-gitops / '));
  return Object.fromEntries(ours.map(({ context, status, description }) => [context, [status, description]]));
}

let count = 0;

/** Changes files, pushes, and waits for the end of the run that the push started. */
async function push(branch: string, change?: (text: string) => string): Promise<Ended> {
  const sha = await commit(branch, change);
  const run = await site().forge.api.waitForRun(REPOSITORY, sha, { event: 'push' }, RUN_MS);
  return ended(run, branch, sha);
}

function commit(branch: string, change: (text: string) => string = (text) => text): Promise<string> {
  const script = readFileSync(join(PROJECT, 'libs/apache/configure.sh'), 'utf8');
  writeFileSync(join(folder, 'configure.sh'), change(script));
  return pushFolder(site().forge, REPOSITORY, folder, { branch });
}

async function ended(run: Run, branch: string, sha: string): Promise<Ended> {
  count += 1;
  const log = await logOfRun(site().forge, REPOSITORY, run, `deploy/${count}-${branch}.log`);
  for (const secret of node.secrets) expect(log).not.toContain(secret);
  return { run, log, sha };
}

test('release: the run is green and the page is served from a container', async () => {
  const { run, log, sha } = await push('release');
  expect(run.conclusion, log).toBe('success');
  await page(address, 'Hello from somebody');
  // and the base image that it was made from
  expect(await node.containers()).toEqual([VMID, 800_000]);
  expect(node.inside(VMID, 'stat -c %U:%G /var/www/html/index.html')).toBe('app:app');
  expect(log).toContain(address);
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, sha);
  expect(statuses.map(({ status }) => status)).toEqual(['success', 'success']);
  expect(await told(sha)).toEqual({ 'pve-gitops / apache': ['success', expect.stringMatching(/^apache: .*passed/)] });
  await keepRun(site().forge, REPOSITORY, run, { name: 'green-run', opened: 'checks passed' });
});

test('main with a changed page: it is served by the same container', async () => {
  const identity = node.identity(VMID);
  const { run, log } = await push('main', (script) =>
    script
      .replaceAll('Hello from', 'Good day from')
      .replace('set -eu\n', 'set -eu\necho "the password is $PASSWORD"\n'),
  );
  expect(run.conclusion, log).toBe('success');
  await page(address, 'Good day from somebody');
  expect(node.identity(VMID)).toBe(identity);
  expect(log).toContain('the password is ***');
});

test('develop: the plan stands in the log and in the status, nothing is changed', async () => {
  const before = await node.configOf(VMID);
  const { run, log, sha } = await push('develop', (script) => script.replaceAll('Hello from', 'Never from'));
  expect(run.conclusion, log).toBe('success');
  expect(await told(sha)).toEqual({
    'pve-gitops / apache / plan': ['success', expect.stringMatching(/^\d steps?, no restart$/)],
  });
  expect(log).toMatch(/~ configure because /);
  expect(await node.configOf(VMID)).toEqual(before);
  await page(address, 'Good day from somebody');
});

test('main with a broken configure.sh: red with the line that failed, the container stays', async () => {
  // The way back is a rollback: the same system, started anew.
  const system = () => node.identity(VMID).split('\n').slice(0, 2);
  const before = system();
  const { run, log, sha } = await push('main', () => 'echo "error: no such thing as a free page"\nexit 7\n');
  expect(run.conclusion).toBe('failure');
  expect(log).toMatch(/configure\.sh ended with exit code 7: no such thing as a free page/);
  expect(system()).toEqual(before);
  await page(address, 'Good day from somebody');
  const statuses = await site().forge.api.commitStatuses(REPOSITORY, sha);
  expect(statuses.map(({ status }) => status)).toEqual(['failure', 'failure']);
  expect((await told(sha))['pve-gitops / apache']?.[1]).toContain('no such thing as a free page');
});

test('a run that is cancelled at work leaves no process behind, and the next one does not wait for its lease', async () => {
  const { forge, runner } = site();
  const idle = processesAtHome(runner.home).length;
  const waiting = 'touch /root/began\nwhile [ ! -e /root/go ]; do sleep 0.1; done\n';
  const sha = await commit('main', (script) => script.replace('set -eu\n', `set -eu\n${waiting}`));
  const began = async () => (node.inside(VMID, 'ls /root').includes('began') ? true : undefined);
  await waitFor('the script to begin', 120_000, began);
  const [running] = await forge.api.runs(REPOSITORY, sha);
  if (running === undefined) throw new Error('no run');
  await cancelRun(forge, REPOSITORY, running.id);
  const cancelled = await ended(await forge.api.waitForRunById(REPOSITORY, running.id), 'main-cancelled', sha);
  expect(cancelled.run.conclusion).toBe('cancelled');
  const gone = async () => (processesAtHome(runner.home).length <= idle ? true : undefined);
  await waitFor('the end of all that the run had started', 30_000, gone);
  const quiet = async () => (node.inside(VMID, "pgrep -f '[c]onfigure.sh' || true") === '' ? true : undefined);
  await waitFor('the end of its script in the container', 30_000, quiet);

  const { run, log } = await push('main', (script) => script.replaceAll('Hello from', 'Back again from'));
  expect(run.conclusion, log).toBe('success');
  await page(address, 'Back again from somebody');
});

test('release again: what was broken is mended, and a dispatch configures although nothing has changed', async () => {
  const { run, log } = await push('release');
  expect(run.conclusion, log).toBe('success');
  await page(address, 'Hello from somebody');

  const { api } = site().forge;
  const id = await api.dispatch(REPOSITORY, 'container.yml', 'release');
  const again = await ended(await api.waitForRunById(REPOSITORY, id, RUN_MS), 'release-dispatch', '');
  expect(again.run.conclusion, again.log).toBe('success');
  expect(again.log).toMatch(/ok configure: /);
});
