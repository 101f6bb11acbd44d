import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Forge } from './forge.ts';
import { isolatedEnvironment, run } from './process.ts';
import { exportProject } from './project.ts';
import { waitFor } from './wait.ts';

export interface PushOptions {
  readonly branch?: string;
  readonly message?: string;
}

/**
 * Makes the files of a folder the next commit of a branch (its first one, when there is none) and returns its hash.
 * The folder stays as it is: the git directory is a temporary one. What its .gitignore names is not pushed.
 */
export async function pushFolder(
  forge: Forge,
  repository: string,
  folder: string,
  options: PushOptions = {},
): Promise<string> {
  const branch = options.branch ?? 'main';
  const temporary = mkdtempSync(join(tmpdir(), 'pve-gitops-push-'));
  const git = (...args: string[]) =>
    run({
      name: `git ${args[0]} for ${repository}`,
      program: 'git',
      args,
      env: gitEnvironment(forge, temporary, folder),
      cwd: folder,
    });
  try {
    const remote = `${forge.url}/${repository}.git`;
    await git('init', '--quiet', `--initial-branch=${branch}`);
    if ((await git('ls-remote', remote, `refs/heads/${branch}`)).trim() !== '') {
      await git('fetch', '--quiet', remote, `+refs/heads/${branch}:refs/remotes/origin/${branch}`);
      await git('update-ref', `refs/heads/${branch}`, `refs/remotes/origin/${branch}`);
    }
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message', options.message ?? 'Push of the end-to-end tests');
    await git('push', '--quiet', remote, `HEAD:refs/heads/${branch}`);
    const sha = (await git('rev-parse', 'HEAD')).trim();
    await settled(forge, repository, branch, sha);
    return sha;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Gitea takes note of a push after it has answered; until the first one, 1.26 answers questions of branches with a panic. */
async function settled(forge: Forge, repository: string, branch: string, sha: string): Promise<void> {
  await waitFor(`${sha} as branch ${branch} of ${repository}`, 30_000, async () => {
    if ((await forge.api.request<{ empty: boolean }>('GET', `/repos/${repository}`)).empty) return undefined;
    const path = `/repos/${repository}/branches/${encodeURIComponent(branch)}`;
    const { commit } = await forge.api.request<{ commit: { id: string } }>('GET', path);
    return commit.id === sha ? true : undefined;
  });
}

/** Organisation `srv`, and in it `srv/config`: this project, whose actions every workflow uses. */
export async function provideActions(forge: Forge, directory: string): Promise<void> {
  await forge.api.createOrganisation('srv');
  await forge.api.createRepository('srv/config');
  const project = join(directory, 'project');
  exportProject(project);
  await pushFolder(forge, 'srv/config', project);
}

/** Like `pushFolder`, for files given by their content: they are all that the new commit has. */
export async function pushFiles(
  forge: Forge,
  repository: string,
  files: Readonly<Record<string, string>>,
  options: PushOptions = {},
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-files-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return await pushFolder(forge, repository, folder, options);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The token travels in the environment: arguments and remote addresses can be read by other accounts. */
function gitEnvironment(forge: Forge, temporary: string, folder: string): Record<string, string> {
  const basic = Buffer.from(`${forge.user}:${forge.token}`).toString('base64');
  return {
    ...isolatedEnvironment(temporary),
    GIT_DIR: join(temporary, 'git'),
    GIT_WORK_TREE: folder,
    GIT_AUTHOR_NAME: 'End-to-end tests',
    GIT_AUTHOR_EMAIL: 'e2e@localhost.invalid',
    GIT_COMMITTER_NAME: 'End-to-end tests',
    GIT_COMMITTER_EMAIL: 'e2e@localhost.invalid',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}
