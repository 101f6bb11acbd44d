import { setMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectForgeSite, connectMask } from '../../src/connect.ts';
import { bootstrap } from '../../src/controlplane/bootstrap.ts';
import { foundForge } from '../../src/furnish.ts';
import { edit, headOf } from './controlplane-site.ts';
import { type Forge, startForge } from './forge.ts';
import type { GiteaApi } from './gitea-api.ts';
import { projectRepository } from './project.ts';
import { keepResult } from './results.ts';
import { provideTools } from './tools.ts';
import { waitFor } from './wait.ts';

/** The forge of a control plane that was deployed to another place is made from the one that deployed it. Two of Gitea, no containers. */

const room = mkdtempSync(join(tmpdir(), 'pve-gitops-forges-'));
const { signal } = new AbortController();
setMaxListeners(0, signal);
let first: Forge;
let second: Forge;

beforeAll(async () => {
  const tools = await provideTools();
  first = await startForge(tools, join(room, 'first'));
  second = await startForge(tools, join(room, 'second'));
});
afterAll(async () => {
  for (const forge of [first, second]) await forge?.stop();
  keepResult('second-forge/gitea.log', second?.log() ?? '');
  rmSync(room, { recursive: true, force: true });
});

interface How {
  /** Of srv/config in the first one. */
  readonly commit: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly autoDeploy?: boolean;
}

/** As the run does it that has deployed the second one. */
function found({ commit, secrets = {}, autoDeploy = false }: How) {
  const said: string[] = [];
  const reporter = {
    tell(happening: object): void {
      if ('text' in happening) said.push(String(happening.text));
    },
  };
  const { url, user, token } = second;
  const reached = { url: `${url}/`, token, tasksToken: token, login: user };
  const from = { serverUrl: first.url, repository: 'srv/config', commit, token: first.token };
  const how = { reporter, mask: connectMask(), secrets, autoDeploy, signal };
  return { said, deploys: () => foundForge(reached, from, how) };
}

const newest = () => headOf(first.api, 'srv/config', 'main');

async function fill(forge: Forge, directory: string, secrets: Readonly<Record<string, string>>) {
  const call = { timeoutMs: 120_000, signal };
  const where = { url: `${forge.url}/`, token: forge.token, directory, mask: connectMask() };
  const { forge: site, monorepo } = await connectForgeSite(where, call);
  try {
    const reporter = { tell: () => undefined };
    const login = forge.user;
    return await bootstrap({ forge: site, monorepo, reporter, login, tasksToken: forge.token, secrets, signal });
  } finally {
    await monorepo.close();
  }
}

const secretsOf = async (api: GiteaApi, of: string): Promise<string[]> =>
  (await api.request<{ name: string }[]>('GET', `${of}/actions/secrets`)).map(({ name }) => name).toSorted();

test('the first is made from the project, the second from the first with what was committed to it since', async () => {
  const project = projectRepository(join(room, 'project'));
  const made = await fill(first, project, { LOGIN: 'one' });
  const mine = await edit(first.api, 'srv/broker', 'README.md', (text) => `${text}\nOurs.\n`);

  const { said, deploys } = found({
    commit: await newest(),
    secrets: { LOGIN: 'one', PROXMOX_TOKEN_SECRET: 'hidden' },
  });
  expect((await deploys()).map(({ repository }) => repository)).toEqual(
    made.deploys.map(({ repository }) => repository),
  );
  expect(said).toContain(`srv/apache: merge to deploy  ${second.url}/srv/apache/pulls/1`);
  expect(await headOf(second.api, 'srv/broker', 'main')).toBe(mine);
  expect(await secretsOf(second.api, '/orgs/srv')).toEqual(['LOGIN', 'PROXMOX_TOKEN_SECRET']);
  expect(await secretsOf(second.api, '/repos/srv/config')).toEqual(['GITOPS_TOKEN']);
  for (const repository of ['srv/config', 'srv/apache', 'srv/broker']) {
    const [pull] = await second.api.request<{ title: string; mergeable: boolean }[]>(
      'GET',
      `/repos/${repository}/pulls`,
    );
    expect(pull, repository).toMatchObject({ title: `Deploy ${repository}` });
    const branches = await second.api.request<{ name: string }[]>('GET', `/repos/${repository}/branches`);
    expect(branches.map(({ name }) => name).toSorted()).toEqual([
      'develop',
      'main',
      'release',
      'rollback',
      'snapshot',
      'upstream',
    ]);
  }
});

test('once more brings what changed and moves nothing else', async () => {
  const before = await headOf(second.api, 'srv/broker', 'main');
  const theirs = await edit(second.api, 'srv/broker', 'README.md', (text) => `${text}\nTheirs.\n`);
  const mine = await edit(first.api, 'srv/apache', 'config.env', (text) => text.replace('MEMORY=2048', 'MEMORY=1024'));
  await found({ commit: await newest() }).deploys();
  expect(before).not.toBe(theirs);
  expect(await headOf(second.api, 'srv/broker', 'main')).toBe(theirs);
  expect(await headOf(second.api, 'srv/apache', 'main')).toBe(mine);
});

/** Those that deploy. */
async function merged(repository: string): Promise<readonly boolean[]> {
  const path = `/repos/${repository}/pulls?state=all`;
  const pulls = await second.api.request<{ merged: boolean; base: { ref: string } }[]>('GET', path);
  return pulls.filter(({ base }) => base.ref === 'release').map((pull) => pull.merged);
}

test('AUTO_DEPLOY: all is merged there, and only there, which starts its runs', async () => {
  const { said, deploys } = found({ commit: await newest(), autoDeploy: true });
  const names = (await deploys()).map(({ repository }) => repository);
  expect(names).toEqual(expect.arrayContaining(['srv/config', 'srv/apache', 'srv/broker']));
  for (const repository of ['srv/apache', 'srv/config']) {
    expect(said).toContain(`${repository}: merged, its run deploys it  ${second.url}/${repository}/actions`);
    expect(await merged(repository), repository).toEqual([true]);
    const release = await headOf(second.api, repository, 'release');
    const started = await waitFor(`a run of ${repository}`, 60_000, async () => {
      const runs = await second.api.runs(repository, release, { event: 'push' });
      return runs.length > 0 ? runs : undefined;
    });
    expect(started, repository).toHaveLength(1);
  }
  expect(await first.api.request<unknown[]>('GET', '/repos/srv/apache/pulls')).toHaveLength(1);
});
