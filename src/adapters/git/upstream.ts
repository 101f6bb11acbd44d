import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Mask } from '../process/mask.ts';
import { authorization } from './authorization.ts';
import { fetchError, isMissing } from './fetch-error.ts';
import { createGit, type Git } from './git-runner.ts';
import { COMMIT } from './ref-name.ts';

const TIMEOUT_MS = 2 * 60_000;

export interface UpstreamOptions {
  /** The forge, e.g. GITHUB_SERVER_URL: the only place that gets the token. */
  readonly serverUrl: string;
  readonly token?: string;
  readonly mask: Mask;
  readonly signal: AbortSignal;
}

/** What a checkout without history lacks, from where it was checked out. `directory`: anywhere within it. */
export interface Upstream {
  /** Gets one commit with its files. */
  fetchCommit(directory: string, commit: string): Promise<void>;
  /** Whether one commit comes before the other; undefined: the forge does not have both, or does not tell. */
  isAncestor(directory: string, older: string, newer: string): Promise<boolean | undefined>;
}

export function createUpstream({ serverUrl, token, mask, signal }: UpstreamOptions): Upstream {
  const server = serverUrl.replace(/\/*$/, '/');
  const login = token === undefined ? {} : authorization(server, token);
  // Two fetches into one repository meet at its lock files.
  let before: Promise<void> = Promise.resolve();
  const open = (directory: string) => createGit({ directory, mask, timeoutMs: TIMEOUT_MS, signal });
  return {
    fetchCommit(directory, commit) {
      const turn = before.then(async () => {
        const git = await open(directory);
        const fetched = await git(fetchOf(['--depth=1'], 'origin', [commit]), login);
        if (fetched.exitCode !== 0 && !isMissing(fetched)) throw fetchError(`commit ${commit}`, fetched, '2 min');
      });
      before = turn.catch(() => undefined);
      return turn;
    },
    async isAncestor(directory, older, newer) {
      if (!COMMIT.test(older) || !COMMIT.test(newer)) return undefined;
      const history = await historyOf(await open(directory), open);
      if (history === undefined) return undefined;
      // Commits alone: neither trees nor files of the past are needed to tell their order.
      const fetched = await history(fetchOf(['--filter=tree:0'], 'origin', [older, newer]), login);
      if (fetched.exitCode !== 0) return undefined;
      const before = await history(['merge-base', '--is-ancestor', older, newer]);
      if (before.exitCode !== 0) return before.exitCode === 1 ? false : undefined;
      return !(await sameFiles(history, older, newer));
    },
  };
}

/** After a merge without changes the merged commit is older by name only. */
async function sameFiles(git: Git, one: string, other: string): Promise<boolean> {
  const trees = await git(['log', '--no-walk', '--format=%T', one, other]);
  const [first, second] = trees.stdout.trim().split('\n');
  return trees.exitCode === 0 && first !== undefined && first === second;
}

const fetchOf = (options: readonly string[], from: string, what: readonly string[]): readonly string[] => [
  ...['fetch', '--quiet', '--no-tags', '--no-recurse-submodules'],
  ...options,
  ...['--', from, ...what],
];

/** A repository of its own within the checkout's, so that the checkout stays as it is and goes with it. */
async function historyOf(git: Git, open: (directory: string) => Promise<Git>): Promise<Git | undefined> {
  const [place, url] = [await git(['rev-parse', '--absolute-git-dir']), await git(['config', 'remote.origin.url'])];
  if (place.exitCode !== 0 || url.exitCode !== 0) return undefined;
  const history = join(place.stdout.trim(), 'pve-gitops-history');
  const isThere = await access(join(history, 'HEAD')).then(
    () => true,
    () => false,
  );
  if (!isThere && (await git(['init', '--quiet', '--bare', history])).exitCode !== 0) return undefined;
  const opened = await open(history);
  if (!isThere) await opened(['config', 'remote.origin.url', url.stdout.trim()]);
  return opened;
}
