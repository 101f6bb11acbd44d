import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  APACHE,
  CONTROL,
  type ControlPlaneSite,
  cloneOf,
  edit,
  headOf,
  LOGIN,
  logOf,
  mergeAndWait,
  openControlPlaneSite,
  RUN_MS,
} from './controlplane-site.ts';
import { GiteaApi } from './gitea-api.ts';
import { page } from './own-node.ts';

/** From nothing to Gitea in a container of the local node, which deploys a container and then itself. The tests are one story. */

const BRANCHES = ['develop', 'main', 'release', 'rollback', 'snapshot', 'upstream'];
let site: ControlPlaneSite;

beforeAll(async () => {
  site = await openControlPlaneSite({ port: 18_500 });
});
afterAll(async () => {
  await site?.remove();
});

test('the forge holds every definition, with its branches, its protection and a pull request', async () => {
  const { api, url } = site;
  expect(await api.version()).toMatch(/^1\.26\./);
  expect((await api.runners()).map(({ status }) => status)).toEqual(['online']);
  for (const repository of ['srv/config', 'srv/apache', 'srv/broker']) {
    const branches = await api.request<{ name: string; protected: boolean }[]>('GET', `/repos/${repository}/branches`);
    expect(branches.map(({ name }) => name).toSorted(), repository).toEqual(BRANCHES);
    expect(branches.filter((branch) => branch.protected).map(({ name }) => name)).toEqual(['release']);
    const pull = await api.request<{ title: string; state: string; mergeable: boolean }>(
      'GET',
      `/repos/${repository}/pulls/1`,
    );
    expect(pull).toMatchObject({ title: `Deploy ${repository}`, state: 'open' });
    await expect(api.request('DELETE', `/repos/${repository}/branches/release`)).rejects.toThrow(/ 40[03] /);
  }
  expect((await fetch(`${url}/srv/config`)).status).toBe(200);
  expect((await fetch(`${url}/srv/apache`)).status).toBe(404);
  const { node } = site;
  expect(node.inside(CONTROL, 'stat -c "%a %U:%G" /etc/pve-gitops/config.json')).toBe('640 root:runner');
  expect(node.inside(CONTROL, 'stat -c "%a %U" /srv/control-plane/gitea/app.ini')).toBe('600 gitea');
  expect(node.inside(CONTROL, 'ps -o user= -C gitea')).toBe('gitea');
});

test('a clone with its submodules is the whole site', () => {
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-clone-'));
  try {
    const clone = cloneOf(site, join(room, 'config'));
    const held = execFileSync('git', ['submodule', 'status'], { cwd: clone, encoding: 'utf8' });
    expect(held).toMatch(/^ [0-9a-f]{40} libs\/apache /m);
    expect(readFileSync(join(clone, 'libs/apache/config.env'), 'utf8')).toMatch(/^ID=42$/m);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
});

test('merging the pull request of srv/apache deploys it', async () => {
  const run = await mergeAndWait(site.api, 'srv/apache', RUN_MS);
  expect(run.conclusion, await logOf(site, 'srv/apache', run, 'apache')).toBe('success');
  await page(`http://${site.node.prefix}.178.42/`, `Hello from ${LOGIN}`);
});

test('tasks read private repositories, with a token that reaches repositories and nothing else', async () => {
  const { api, node, url } = site;
  const theirs = new GiteaApi(url, node.inside(CONTROL, 'cat /srv/control-plane/secrets/tasks-token'));
  await expect(theirs.request('GET', '/admin/users')).rejects.toThrow(/ 403 /);
  await expect(theirs.request('GET', '/orgs/srv/actions/secrets')).rejects.toThrow(/ 403 /);
  const run = await api.waitForRunById(
    'srv/config',
    await api.dispatch('srv/config', 'tasks/drift.yml', 'main'),
    RUN_MS,
  );
  const log = await logOf(site, 'srv/config', run, 'drift');
  expect(run.conclusion, log).toBe('success');
  expect(log).toMatch(/as git says +apache, container 1042/);
});

test('develop: the plan stands in the status, nothing is changed', async () => {
  const before = await site.node.configOf(APACHE);
  const change = (text: string) => text.replace('MEMORY=2048', 'MEMORY=1024');
  const sha = await edit(site.api, 'srv/apache', 'config.env', change, 'develop');
  const run = await site.api.waitForRun('srv/apache', sha, { event: 'push' }, RUN_MS);
  expect(run.conclusion, await logOf(site, 'srv/apache', run, 'develop')).toBe('success');
  const told = (await site.api.commitStatuses('srv/apache', sha)).find(({ context }) => context.endsWith(' / plan'));
  expect(told).toMatchObject({
    status: 'success',
    description: expect.stringMatching(/^3 steps, no restart/) as string,
  });
  expect(await site.node.configOf(APACHE)).toEqual(before);
});

test('main with a broken script: the run is red and says why, the page stays', async () => {
  const sha = await edit(site.api, 'srv/apache', 'configure.sh', () => 'echo "error: out of pages"\nexit 7\n');
  const run = await site.api.waitForRun('srv/apache', sha, { event: 'push' }, RUN_MS);
  expect(run.conclusion).toBe('failure');
  expect(await logOf(site, 'srv/apache', run, 'broken')).toContain('ended with exit code 7: out of pages');
  await page(`http://${site.node.prefix}.178.42/`, `Hello from ${LOGIN}`);
});

test('a second run of the bootstrap loses nobody’s commits, and moves nothing that has not changed', async () => {
  await edit(site.api, 'srv/broker', 'README.md', (text) => `${text}\nOurs.\n`);
  const before = await headOf(site.api, 'srv/broker', 'main');
  const apache = await headOf(site.api, 'srv/apache', 'main');
  await site.up();
  expect(await headOf(site.api, 'srv/broker', 'main')).toBe(before);
  expect(await headOf(site.api, 'srv/apache', 'main')).toBe(apache);
});

test('the control plane deploys a change of itself, and everything is still there', async () => {
  const { api, node } = site;
  const identity = node.identity(CONTROL);
  const before = await api.runs('srv/apache', await headOf(api, 'srv/apache', 'release'));
  await edit(api, 'srv/config', 'libs/config/lib/gitea.sh', (text) =>
    text.replace('APP_NAME = pve-gitops', 'APP_NAME = The second version'),
  );
  const run = await mergeAndWait(api, 'srv/config', RUN_MS);
  const log = await logOf(site, 'srv/config', run, 'config');
  expect(run.conclusion, log).toBe('success');
  console.log(/Gitea \S+ serves; it was away for \d+ ms/.exec(log)?.[0]);
  expect(await (await fetch(site.url)).text()).toContain('The second version');
  expect(node.identity(CONTROL)).toBe(identity);
  const after = await api.runs('srv/apache', await headOf(api, 'srv/apache', 'release'));
  expect(after).toEqual(before);
  expect((await api.runners()).map(({ status }) => status)).toEqual(['online']);
});

test('a version that cannot start: the one before serves, and the run is red', async () => {
  const { api } = site;
  await edit(api, 'srv/config', 'libs/config/lib/gitea.sh', (text) =>
    text.replace('DB_TYPE = sqlite3', 'DB_TYPE = nonsense').replace('The second version', 'The third version'),
  );
  const run = await mergeAndWait(api, 'srv/config', RUN_MS);
  const log = await logOf(site, 'srv/config', run, 'config-broken');
  expect(run.conclusion).toBe('failure');
  expect(log).toMatch(/did not start; the one before serves again/);
  expect(await (await fetch(site.url)).text()).toContain('The second version');
});
