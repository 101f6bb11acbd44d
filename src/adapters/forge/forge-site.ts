import * as z from 'zod';
import { GitopsError } from '../../model/errors.ts';
import type { ForgeSite, PullRequest } from '../../model/forge-site.ts';
import type { Call, Clock } from '../../model/ports.ts';
import { createGiteaClient, type GiteaClient, type GiteaClientOptions, refused } from './gitea-client.ts';

const PAGE = 50;
const PAUSE_MS = 300;

const repositorySchema = z.object({
  full_name: z.string(),
  private: z.boolean(),
  empty: z.boolean(),
  has_actions: z.boolean().default(false),
});
const pullSchema = z.object({
  number: z.number(),
  html_url: z.string(),
  title: z.string(),
  merged: z.boolean().default(false),
  head: z.object({ ref: z.string() }),
  base: z.object({ ref: z.string() }),
});
const branchSchema = z.object({ name: z.string(), commit: z.object({ id: z.string() }) });
const teamSchema = z.object({ id: z.number(), name: z.string() });

/** Gitea's API as the bootstrap needs it. The token is that of an administrator. */
export function createForgeSite(options: GiteaClientOptions, clock: Clock): ForgeSite {
  const client = createGiteaClient(options);
  return {
    async version(call) {
      return z.object({ version: z.string() }).parse(await client.need('GET', '/version', call)).version;
    },
    async ensureOrganisation(name, call) {
      const found = await client.ask('GET', `/orgs/${name}`, call);
      if (found.status === 200) return false;
      await client.need('POST', '/orgs', call, { username: name, visibility: 'public' });
      return true;
    },
    async ensureOwner(organisation, user, call) {
      const teams = z.array(teamSchema).parse(await client.need('GET', `/orgs/${organisation}/teams`, call));
      const owners = teams.find(({ name }) => name === 'Owners');
      if (owners === undefined) throw new GitopsError('remote', `Unable to find the owners of ${organisation}`);
      await client.need('PUT', `/teams/${owners.id}/members/${user}`, call);
    },
    async repository(repository, call) {
      const answer = await client.ask('GET', `/repos/${repository}`, call);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw refused(`look at ${repository}`, answer);
      const found = repositorySchema.parse(answer.body);
      return { repository: found.full_name, private: found.private, empty: found.empty, actions: found.has_actions };
    },
    async createRepository(repository, { description, private: isPrivate }, call) {
      const [owner = '', name = ''] = repository.split('/');
      const body = { name, description, private: isPrivate, default_branch: 'main' };
      await client.need('POST', `/orgs/${owner}/repos`, call, body);
      await client.need('PATCH', `/repos/${repository}`, call, { has_actions: false });
    },
    async setActions(repository, on, call) {
      await client.need('PATCH', `/repos/${repository}`, call, { has_actions: on });
    },
    branches: (repository, call) => branchesOf(client, repository, call),
    settled: (repository, branches, call) => settled(client, clock, repository, branches, call),
    protect: (repository, branch, call) => protect(client, repository, branch, call),
    async setSecret(organisation, name, value, call) {
      await client.need('PUT', `/orgs/${organisation}/actions/secrets/${name}`, call, { data: value });
    },
    async ensureSecret(repository, name, value, call) {
      const path = `/repos/${repository}/actions/secrets`;
      const found = z.array(z.object({ name: z.string() })).parse(await client.need('GET', path, call));
      if (found.some((secret) => secret.name === name)) return false;
      await client.need('PUT', `${path}/${name}`, call, { data: value });
      return true;
    },
    async openPulls(repository, call) {
      const path = `/repos/${repository}/pulls?state=open&limit=${PAGE}`;
      return z
        .array(pullSchema)
        .parse(await client.need('GET', path, call))
        .map(pullOf);
    },
    async openPull(repository, wish, call) {
      return pullOf(pullSchema.parse(await client.need('POST', `/repos/${repository}/pulls`, call, wish)));
    },
    dispatch: (repository, workflow, ref, call) => dispatch(client, repository, workflow, ref, call),
    deployAgain: (call) => deployAgain(client, call),
    merge: (repository, number, call) => merge(client, clock, repository, number, call),
  };
}

function pullOf({ number, html_url, title, merged, head, base }: z.infer<typeof pullSchema>): PullRequest {
  return { number, url: html_url, title, merged, head: head.ref, base: base.ref };
}

async function branchesOf(client: GiteaClient, repository: string, call: Call): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let page = 1; ; page += 1) {
    const path = `/repos/${repository}/branches?limit=${PAGE}&page=${page}`;
    const branches = z.array(branchSchema).parse(await client.need('GET', path, call));
    for (const { name, commit } of branches) found.set(name, commit.id);
    if (branches.length < PAGE) return found;
  }
}

/** The control plane comes last: a deploy that restarts it would cut off the others. */
async function deployAgain(client: GiteaClient, call: Call): Promise<readonly string[]> {
  const found = z.object({ data: z.array(repositorySchema) });
  const repositories: string[] = [];
  for (let page = 1; ; page += 1) {
    const path = `/repos/search?sort=id&limit=${PAGE}&page=${page}`;
    const { data } = found.parse(await client.need('GET', path, call));
    for (const { full_name: repository, empty } of data) if (!empty) repositories.push(repository);
    if (data.length < PAGE) break;
  }
  const ofControlPlane = (repository: string): boolean => repository.endsWith('/config');
  const started: string[] = [];
  for (const repository of repositories.filter((one) => !ofControlPlane(one))) {
    if (await dispatchRelease(client, repository, 'container.yml', call)) started.push(repository);
  }
  for (const repository of repositories.filter(ofControlPlane)) {
    if (await dispatchRelease(client, repository, 'pipeline.yml', call)) started.push(repository);
  }
  return started;
}

/** false: nothing was ever merged into its release. */
async function dispatchRelease(
  client: GiteaClient,
  repository: string,
  workflow: string,
  call: Call,
): Promise<boolean> {
  const has = await client.ask('GET', `/repos/${repository}/contents/.gitea/workflows/${workflow}?ref=release`, call);
  if (has.status !== 200) return false;
  await dispatch(client, repository, workflow, 'release', call);
  return true;
}

async function dispatch(
  client: GiteaClient,
  repository: string,
  workflow: string,
  ref: string,
  call: Call,
): Promise<void> {
  await client.need('POST', `/repos/${repository}/actions/workflows/${workflow}/dispatches`, call, { ref });
}

async function settled(
  client: GiteaClient,
  clock: Clock,
  repository: string,
  branches: Readonly<Record<string, string>>,
  call: Call,
): Promise<void> {
  const end = clock.now().getTime() + call.timeoutMs;
  for (;;) {
    const { empty } = repositorySchema.parse(await client.need('GET', `/repos/${repository}`, call));
    const found = empty ? new Map<string, string>() : await branchesOf(client, repository, call);
    if (Object.entries(branches).every(([name, commit]) => found.get(name) === commit)) return;
    if (clock.now().getTime() > end) {
      throw new GitopsError('remote', `Unable to see the push to ${repository}: Gitea does not show its branches`);
    }
    await clock.sleep(PAUSE_MS, call.signal);
  }
}

/** A protected branch cannot be deleted; who may push by force may push an older commit. */
async function protect(client: GiteaClient, repository: string, branch: string, call: Call): Promise<boolean> {
  const rules = `/repos/${repository}/branch_protections`;
  const owners = { teams: ['Owners'] };
  const rule = {
    enable_push: true,
    enable_push_whitelist: true,
    push_whitelist_teams: owners.teams,
    enable_force_push: true,
    enable_force_push_allowlist: true,
    force_push_allowlist_teams: owners.teams,
    enable_merge_whitelist: true,
    merge_whitelist_teams: owners.teams,
  };
  const found = await client.ask('GET', `${rules}/${encodeURIComponent(branch)}`, call);
  if (found.status === 404) {
    await client.need('POST', rules, call, { rule_name: branch, ...rule });
    return true;
  }
  if (found.status !== 200) throw refused(`look at the protection of ${branch} in ${repository}`, found);
  // What somebody has set for this branch since is theirs.
  return false;
}

/** Right after it was opened a pull request cannot be merged yet (405): Gitea looks for conflicts first. */
async function merge(client: GiteaClient, clock: Clock, repository: string, number: number, call: Call): Promise<void> {
  const end = clock.now().getTime() + call.timeoutMs;
  for (;;) {
    const answer = await client.ask('POST', `/repos/${repository}/pulls/${number}/merge`, call, { do: 'merge' });
    if (answer.status >= 200 && answer.status < 300) return;
    const early = answer.status === 405 && /try again/i.test(JSON.stringify(answer.body));
    if (!early || clock.now().getTime() > end) throw refused(`merge pull request ${number} of ${repository}`, answer);
    await clock.sleep(PAUSE_MS, call.signal);
  }
}
