import { GitopsError } from '../../model/errors.ts';
import type { Mask } from '../process/mask.ts';
import { lastLines } from '../process/program-errors.ts';
import { authorization } from './authorization.ts';
import { createGit, type Git, type GitAnswer } from './git-runner.ts';

const TIMEOUT_MS = 60_000;
const AUTHOR = { 'user.name': 'pve-gitops', 'user.email': 'pve-gitops@localhost.invalid' };

export interface BranchesOptions {
  /** The forge, e.g. GITHUB_SERVER_URL. */
  readonly serverUrl: string;
  readonly token: string;
  /** Within the checkout of the repository; its index is changed, its files are not. */
  readonly directory: string;
  readonly mask: Mask;
  readonly signal: AbortSignal;
}

/** Branches of the repository that a checkout came from, moved without its history. */
export interface Branches {
  /** The branch stands at a commit that the forge has, wherever it stood before. */
  move(branch: string, commit: string): Promise<void>;
  /**
   * The branch gets one commit on top of `base`, with the directory's content as of commit `to`. false: `base` has that
   * content already, and nothing was pushed.
   */
  goBack(wish: {
    readonly base: string;
    readonly to: string;
    readonly branch: string;
    readonly message: string;
  }): Promise<boolean>;
}

/** undefined: the directory is in no checkout. */
export async function openBranches(options: BranchesOptions): Promise<Branches | undefined> {
  const { directory, token, mask, signal } = options;
  const server = options.serverUrl.replace(/\/*$/, '/');
  const git = await createGit({ directory, mask, timeoutMs: TIMEOUT_MS, signal });
  const found = await git(['rev-parse', '--show-prefix']);
  const origin = await git(['config', 'remote.origin.url']);
  if (found.exitCode !== 0 || origin.exitCode !== 0) return undefined;
  const prefix = found.stdout.trim();
  const login = authorization(server, token);
  const push = async (branch: string, commit: string): Promise<void> => {
    const answer = await git(['push', '--quiet', '--force', 'origin', `${commit}:refs/heads/${branch}`], login);
    need(answer, `move branch ${branch}`);
  };
  const fetch = async (what: string): Promise<string> => {
    need(await git(['fetch', '--quiet', '--no-tags', '--depth=1', 'origin', what], login), `read ${what}`);
    return need(await git(['rev-parse', '--verify', 'FETCH_HEAD^{commit}']), `read ${what}`);
  };
  return {
    async move(branch, commit) {
      const here = await git(['cat-file', '-e', `${commit}^{commit}`]);
      await push(branch, here.exitCode === 0 ? commit : await fetch(commit));
    },
    async goBack({ base, to, branch, message }) {
      const [onto, past] = [await fetch(`refs/heads/${base}`), await fetch(to)];
      const tree = await treeOf(git, { onto, past, prefix });
      if (tree === need(await git(['rev-parse', `${onto}^{tree}`]), 'read the tree')) return false;
      const made = await git(['commit-tree', tree, '-p', onto, '-m', message], AUTHOR);
      await push(branch, need(made, 'make the commit'));
      return true;
    },
  };
}

interface Trees {
  readonly onto: string;
  readonly past: string;
  /** Of the definition's directory within the repository, with a slash at its end; '' is all of it. */
  readonly prefix: string;
}

/** What is beside the definition stays as `onto` has it. */
async function treeOf(git: Git, { onto, past, prefix }: Trees): Promise<string> {
  if (prefix === '') return need(await git(['rev-parse', `${past}^{tree}`]), 'read the tree');
  need(await git(['read-tree', onto]), 'read the tree');
  need(await git(['rm', '-r', '--quiet', '--cached', '--ignore-unmatch', '--', '.']), 'change the tree');
  need(await git(['read-tree', `--prefix=${prefix}`, `${past}:${prefix.replace(/\/$/, '')}`]), 'change the tree');
  return need(await git(['write-tree']), 'write the tree');
}

function need({ exitCode, stdout, stderr }: GitAnswer, what: string): string {
  if (exitCode === 0) return stdout.trim();
  const log = lastLines(stderr);
  throw new GitopsError('remote', `Unable to ${what}: ${log.at(-1) ?? `git ended with ${exitCode}`}`, { log });
}
