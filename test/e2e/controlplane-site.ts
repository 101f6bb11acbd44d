import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { debianTemplate } from '../integration/lxc-template.ts';
import { freePort } from './free-port.ts';
import { GiteaApi } from './gitea-api.ts';
import type { Run } from './gitea-types.ts';
import { type OwnNode, startOwnNode } from './own-node.ts';
import { exportProject } from './project.ts';
import { keepResult } from './results.ts';
import { provideTools } from './tools.ts';

export const LOGIN = 'somebody';
export const PASSWORD = 'site-password "4711" $HOME';
/** vmid of the control plane: libs/config says ID 41. */
export const CONTROL = 1041;

export interface ControlPlaneSite {
  readonly node: OwnNode;
  /** As people have it: http://localhost:PORT */
  readonly url: string;
  /** As the person who signs in. */
  readonly api: GiteaApi;
  readonly project: string;
  /** `pve-gitops` with this site; its output. */
  cli(...args: readonly string[]): Promise<string>;
  up(): Promise<string>;
  remove(): Promise<void>;
}

/** A local node, and on it the control plane, made from this project as `./local/run.sh` does it. */
export async function openControlPlaneSite(port: number): Promise<ControlPlaneSite> {
  const tools = await provideTools();
  const node = await startOwnNode({ port, login: LOGIN, password: PASSWORD, template: await debianTemplate(13) });
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-e2e-control-'));
  const remove = async (): Promise<void> => {
    await node.remove();
    rmSync(room, { recursive: true, force: true });
  };
  try {
    const project = join(room, 'project');
    mkdirSync(project);
    exportProject(project);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost.invalid', ...args], { cwd: project });
    git('init', '--quiet', '--initial-branch=main');
    git('add', '--all', '--force');
    git('commit', '--quiet', '--message', 'The project as it is tested');
    const config = join(room, 'config.json');
    writeFileSync(config, JSON.stringify({ login: LOGIN, password: PASSWORD }), { mode: 0o600 });
    const http = await freePort();
    const url = `http://localhost:${http}`;
    const cli = (...args: readonly string[]) =>
      runCli(args, {
        PVE_GITOPS_STATE_DIRECTORY: node.directory,
        PVE_GITOPS_CONFIG: config,
        GITEA_BINARY: tools.gitea,
        GITEA_STATIC_ROOT: tools.staticRoot,
        RUNNER_BINARY: tools.runner,
      });
    const up = () => cli('controlplane', 'up', '--port', String(http), '--project', project);
    const printed = await up();
    keepResult('controlplane/up.log', printed);
    const token = node.inside(CONTROL, 'cat /srv/control-plane/secrets/token');
    return { node, url, api: new GiteaApi(url, token), project, cli, up, remove };
  } catch (error) {
    await remove();
    throw error;
  }
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

/** A file of a branch, changed by its text. */
export async function edit(
  api: GiteaApi,
  repository: string,
  path: string,
  change: (text: string) => string,
): Promise<void> {
  const file = await api.request<{ sha: string; content: string }>(
    'GET',
    `/repos/${repository}/contents/${path}?ref=main`,
  );
  const text = change(Buffer.from(file.content, 'base64').toString('utf8'));
  const content = Buffer.from(text).toString('base64');
  await api.request('PUT', `/repos/${repository}/contents/${path}`, {
    branch: 'main',
    sha: file.sha,
    content,
    message: `Change ${path}`,
  });
}
