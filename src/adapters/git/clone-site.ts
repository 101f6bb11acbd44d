import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Mask } from '../process/mask.ts';
import { makePrivateDirectory, removePrivateDirectory } from '../process/private-directory.ts';
import { authorization } from './authorization.ts';
import { createGit } from './git-runner.ts';

const TIMEOUT_MS = 10 * 60_000;
const AUTHOR = { 'user.name': 'pve-gitops', 'user.email': 'pve-gitops@localhost.invalid' };

export interface CloneSiteRequest {
  /** The forge, e.g. GITHUB_SERVER_URL: the only place that gets the token. */
  readonly serverUrl: string;
  /** owner/name of the project's own repository. */
  readonly repository: string;
  readonly commit: string;
  /** Reads the repositories that it links to, too. */
  readonly token: string;
  readonly mask: Mask;
  readonly signal: AbortSignal;
}

/**
 * The project at a commit with the whole history, and within it every repository of its organisation that it links to, at its main;
 * the links are made to lead there. Private until it is closed.
 */
export async function cloneSite(
  request: CloneSiteRequest,
): Promise<{ readonly directory: string; close(): Promise<void> }> {
  const { commit, mask, repository, signal, token } = request;
  mask.mask(token);
  const server = request.serverUrl.replace(/\/*$/, '/');
  const directory = await makePrivateDirectory();
  const close = () => removePrivateDirectory(directory);
  try {
    const git = await createGit({ directory, mask, timeoutMs: TIMEOUT_MS, signal });
    const login = { ...authorization(server, token), 'safe.directory': '*', ...AUTHOR };
    const need = async (what: string, args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await git(args, login);
      if (exitCode === 0) return stdout;
      const said = stderr.trim().split('\n').at(-1) ?? `git ended with ${exitCode}`;
      throw new GitopsError('remote', `Unable to clone ${what}: ${said}`, {
        advice: ['the secret GITOPS_TOKEN of the project’s repository has to be a token that reads every repository'],
      });
    };
    const within = (at: string, ...args: string[]) => need(repository, ['-C', at, ...args]);
    const clone = async (what: string, at: string): Promise<string> => {
      const into = join(directory, at);
      await need(what, ['clone', '--quiet', '--no-checkout', '--', `${server}${what}.git`, into]);
      return into;
    };
    const project = await clone(repository, 'project');
    await within(project, 'checkout', '--quiet', '--detach', commit);
    const listed = await within(project, 'ls-tree', '-r', '-z', 'HEAD');
    for (const line of listed.split('\0').filter((one) => one.startsWith('160000 '))) {
      const [words = '', path = ''] = line.split('\t');
      const link = words.split(' ')[2] ?? '';
      const into = await clone(`${repository.split('/')[0]}/${path.split('/').at(-1)}`, join('project', path));
      // What somebody has committed since the link was made comes along.
      const main = (await within(into, 'rev-parse', 'refs/remotes/origin/main')).trim();
      const since = await git(['-C', into, 'merge-base', '--is-ancestor', link, main], login);
      await within(into, 'checkout', '--quiet', '--detach', since.exitCode === 0 ? main : link);
      await within(project, 'add', '--', path);
    }
    const same = await git(['-C', project, 'diff', '--cached', '--quiet'], login);
    if (same.exitCode !== 0) await within(project, 'commit', '--quiet', '--message', 'Links lead to what main holds\n');
    return { directory: project, close };
  } catch (error) {
    await close();
    throw error;
  }
}
