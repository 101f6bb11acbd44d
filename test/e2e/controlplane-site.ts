import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../free-port.ts';
import { debianTemplate } from '../integration/lxc-template.ts';
import { GiteaApi } from './gitea-api.ts';
import type { Run } from './gitea-types.ts';
import { type OwnNode, startOwnNode } from './own-node.ts';
import { projectRepository } from './project.ts';
import { keepResult } from './results.ts';
import { provideTools } from './tools.ts';

export const LOGIN = 'somebody';
export const PASSWORD = 'site-password "4711" $HOME';
/** vmid of the control plane: libs/config says ID 41. */
export const CONTROL = 1041;
export const APACHE = 1042;
/** No run of these tests takes as long. */
export const RUN_MS = 10 * 60_000;

export interface ControlPlaneSite {
  readonly node: OwnNode;
  readonly http: number;
  /** As people have it: http://localhost:PORT */
  readonly url: string;
  /** As the person who signs in. */
  readonly api: GiteaApi;
  readonly project: string;
  /** `pve-gitops` with this site; its output. */
  cli(...args: readonly string[]): Promise<string>;
  /** Once more; with what stands before the command beside. */
  up(environment?: Readonly<Record<string, string>>): Promise<string>;
  /** From now on its settings name another Proxmox VE: another local node, as containers reach it. */
  deployTo(target: OwnNode): void;
  remove(): Promise<void>;
}

/** In the template already: the control plane, its candidate and its pilot wait for no downloads; sqlite3 is left to configure.sh. */
const PACKAGES = ['curl', 'git', 'nodejs', 'openssh-client', 'sudo'];

export interface SiteWish {
  /** Of the node: the first one to try. */
  readonly port: number;
  /** Of this machine, for Gitea. */
  readonly http?: number;
  /** A backup that the control plane begins with. */
  readonly backup?: string;
  /** Where it is made from; without it, this project as a repository of its own. */
  readonly project?: string;
}

/** With a template that a control plane and its pilot find their packages in. */
export async function openNode(port: number): Promise<OwnNode> {
  const template = await debianTemplate(13, PACKAGES);
  return startOwnNode({ port, login: LOGIN, password: PASSWORD, template });
}

/** A local node, and on it the control plane, made from this project as `./local/run.sh` does it. */
export async function openControlPlaneSite(wish: SiteWish): Promise<ControlPlaneSite> {
  const tools = await provideTools();
  const node = await openNode(wish.port);
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-e2e-control-'));
  const remove = async (): Promise<void> => {
    await node.remove();
    rmSync(room, { recursive: true, force: true });
  };
  try {
    const project = wish.project ?? projectRepository(join(room, 'project'));
    const config = join(room, 'config.json');
    const settle = (settings: object): void => writeFileSync(config, JSON.stringify(settings), { mode: 0o600 });
    settle({ login: LOGIN, password: PASSWORD });
    const deployTo = (target: OwnNode): void => {
      const { state_directory: _, proxmox, ...others } = JSON.parse(readFileSync(target.config, 'utf8')) as Settings;
      settle({ ...others, proxmox: { ...proxmox, host: others.network.gateway } });
    };
    const http = wish.http ?? (await freePort());
    const url = `http://localhost:${http}`;
    const cliWith = (environment: Readonly<Record<string, string>>, args: readonly string[]) =>
      runCli(args, {
        ...environment,
        PVE_GITOPS_STATE_DIRECTORY: node.directory,
        PVE_GITOPS_CONFIG: config,
        GITEA_BINARY: tools.gitea,
        GITEA_STATIC_ROOT: tools.staticRoot,
        RUNNER_BINARY: tools.runner,
      });
    const where = ['--port', String(http), '--project', project];
    const cli = (...args: readonly string[]) => cliWith({}, args);
    const up = (environment = {}) => cliWith(environment, ['controlplane', 'up', ...where]);
    const began = Date.now();
    const printed =
      wish.backup === undefined ? await up() : await cli('controlplane', 'restore', wish.backup, ...where);
    keepResult(`controlplane/${wish.port}-up.log`, printed);
    console.log(
      `control plane ${wish.backup === undefined ? 'made' : 'restored'}: ${Math.round((Date.now() - began) / 1000)} s`,
    );
    const token = node.inside(CONTROL, 'cat /srv/control-plane/secrets/token');
    return { node, http, url, api: new GiteaApi(url, token), project, cli, up, deployTo, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A copy of everything that the forge has, as its users make it; its folder. */
export function cloneOf({ url }: ControlPlaneSite, directory: string): string {
  const login = Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64');
  const args = ['-c', `http.extraHeader=Authorization: Basic ${login}`, 'clone', '--quiet', '--recurse-submodules'];
  execFileSync('git', [...args, `${url}/srv/config.git`, directory], { stdio: 'pipe' });
  return directory;
}

interface Settings {
  readonly state_directory: string;
  readonly proxmox: object;
  readonly network: { readonly gateway: string };
}

function runCli(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const cli = resolve(import.meta.dirname, '../../build/local/cli/main.js');
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? done(text) : reject(new Error(`pve-gitops ${args.join(' ')} ended with ${code}:\n${text}`)),
    );
  });
}

/** The logs of a run's jobs, kept under a name; none of them may have a secret. */
export async function logOf(
  { api, node }: ControlPlaneSite,
  repository: string,
  run: Run,
  name: string,
): Promise<string> {
  const jobs = await api.jobs(repository, run.id);
  const text = (await Promise.all(jobs.map((job) => api.log(repository, job)))).join('\n');
  keepResult(`controlplane/${name}.log`, text);
  for (const secret of node.secrets)
    if (text.includes(secret)) throw new Error(`a secret stands in the log of ${name}`);
  return text;
}

/** The branch's newest commit. */
export async function headOf(api: GiteaApi, repository: string, branch: string): Promise<string> {
  const { commit } = await api.request<{ commit: { id: string } }>('GET', `/repos/${repository}/branches/${branch}`);
  return commit.id;
}

/** Merges the pull request that is open from main into release, and waits for the run that it starts. */
export async function mergeAndWait(api: GiteaApi, repository: string, timeoutMs: number): Promise<Run> {
  const pulls = await api.request<{ number: number; head: { ref: string }; base: { ref: string } }[]>(
    'GET',
    `/repos/${repository}/pulls?state=open`,
  );
  const pull = pulls.find(({ head, base }) => head.ref === 'main' && base.ref === 'release');
  const body = { head: 'main', base: 'release', title: 'Deploy' };
  const number =
    pull?.number ?? (await api.request<{ number: number }>('POST', `/repos/${repository}/pulls`, body)).number;
  await merge(api, repository, number);
  return api.waitForRun(repository, await headOf(api, repository, 'release'), { event: 'push' }, timeoutMs);
}

/** Gitea looks for conflicts first. */
async function merge(api: GiteaApi, repository: string, number: number): Promise<void> {
  for (let left = 50; ; left -= 1) {
    try {
      await api.request('POST', `/repos/${repository}/pulls/${number}/merge`, { do: 'merge' });
      return;
    } catch (error) {
      if (left === 0 || !/ 405 /.test(String(error))) throw error;
      await new Promise((again) => setTimeout(again, 200));
    }
  }
}

/** A file of a branch, changed by its text; the commit. */
export async function edit(
  api: GiteaApi,
  repository: string,
  path: string,
  change: (text: string) => string,
  branch = 'main',
): Promise<string> {
  const file = await api.request<{ sha: string; content: string }>(
    'GET',
    `/repos/${repository}/contents/${path}?ref=${branch}`,
  );
  const before = Buffer.from(file.content, 'base64').toString('utf8');
  const text = change(before);
  if (text === before) throw new Error(`Unable to change ${path} of ${repository}: it stays the same`);
  const content = Buffer.from(text).toString('base64');
  const { commit } = await api.request<{ commit: { sha: string } }>('PUT', `/repos/${repository}/contents/${path}`, {
    branch,
    sha: file.sha,
    content,
    message: `Change ${path}`,
  });
  return commit.sha;
}

/** What has to outlive the control plane's container: repositories with their branches, accounts, secrets, registration, runs. */
export async function known(api: GiteaApi): Promise<unknown> {
  const { data } = await api.request<{ data: { full_name: string }[] }>('GET', '/repos/search?limit=50');
  const names = data.map(({ full_name }) => full_name).toSorted();
  const branches = await Promise.all(
    names.map(async (name) => {
      const all = await api.request<{ name: string; commit: { id: string } }[]>('GET', `/repos/${name}/branches`);
      return [name, all.map((branch) => `${branch.name} ${branch.commit.id}`).toSorted()];
    }),
  );
  const runs = await Promise.all(
    ['srv/config', 'srv/apache'].map(async (name) => {
      const path = `/repos/${name}/actions/runs?limit=50`;
      const { workflow_runs: all } = await api.request<{ workflow_runs: Run[] | null }>('GET', path);
      const ended = (all ?? []).filter(({ event }) => event !== 'workflow_dispatch');
      return ended.map(({ id, conclusion, head_sha }) => `${name} ${id} ${head_sha} ${conclusion}`);
    }),
  );
  const users = await api.request<{ login: string }[]>('GET', '/admin/users');
  const secrets = await api.request<{ name: string }[]>('GET', '/orgs/srv/actions/secrets');
  return {
    branches,
    runs,
    users: users.map(({ login }) => login),
    secrets: secrets.map(({ name }) => name),
    runners: (await api.runners()).map(({ id, name }) => `${id} ${name}`),
  };
}
