import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Mask } from '../process/mask.ts';
import { printable } from '../process/printable.ts';
import { duration } from '../process/program-errors.ts';
import { authorization } from './authorization.ts';
import { fetchError, isMissing } from './fetch-error.ts';
import { createGit, type Git } from './git-runner.ts';
import { COMMIT, refNames } from './ref-name.ts';

const TIMEOUT_MS = 5 * 60_000;

export interface CheckOutRequest {
  /** The forge, e.g. GITHUB_SERVER_URL. */
  readonly serverUrl: string;
  /** owner/name */
  readonly repository: string;
  /** Branch, tag or full name of a ref. */
  readonly ref: string;
  /** The event's commit; without it the head of the ref. */
  readonly sha?: string;
  readonly token?: string;
  /** Absent, empty, or an earlier checkout of the same repository, which is replaced. */
  readonly directory: string;
  readonly mask: Mask;
  readonly signal: AbortSignal;
  /** Five minutes unless said otherwise. */
  readonly timeoutMs?: number;
}

/**
 * Checks out exactly one commit, without its history, submodules or hooks. The token goes to git by environment only: it is
 * in no argument, no file and no message.
 */
export async function checkOut(request: CheckOutRequest): Promise<{ readonly commit: string }> {
  const { directory, mask, ref, repository, sha, token } = request;
  const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
  const server = serverAddress(request.serverUrl);
  const url = `${server}${repositoryPath(repository)}`;
  const names = refNames(ref);
  if (sha !== undefined && !COMMIT.test(sha)) {
    throw new GitopsError('user', `Unable to check out ${repository}: ${printable(sha)} is no commit's full name`);
  }
  if (token !== undefined) mask.mask(token);
  await makeRoom(directory, url);
  const git = await createGit({ directory, mask, timeoutMs, signal: request.signal });
  await need(git(['init', '--quiet', '.']), repository);
  await need(git(['config', 'remote.origin.url', url]), repository);
  const checkout: Checkout = {
    fetch: (args) =>
      git(
        ['fetch', '--quiet', '--no-tags', '--no-recurse-submodules', ...args.options, '--', url, args.what],
        token === undefined ? {} : authorization(server, token),
      ),
    git,
    what: `${repository} at ${printable(ref)}`,
    limit: duration(timeoutMs),
  };
  const wanted = sha ?? (COMMIT.test(ref) ? ref : undefined);
  const commit = wanted === undefined ? await fetchHead(checkout, names) : await fetchCommit(checkout, wanted, names);
  await need(git(['checkout', '--quiet', '--force', '--detach', commit]), repository);
  return { commit };
}

interface Checkout {
  readonly git: Git;
  fetch(args: { readonly options: readonly string[]; readonly what: string }): ReturnType<Git>;
  /** For messages. */
  readonly what: string;
  readonly limit: string;
}

/** The commit itself; a server that gives out refs only is asked for the ref, which must contain it. */
async function fetchCommit(checkout: Checkout, commit: string, names: readonly string[]): Promise<string> {
  const direct = await checkout.fetch({ options: ['--depth=1'], what: commit });
  if (direct.exitCode === 0) return commit;
  if (!isMissing(direct)) throw fetchError(checkout.what, direct, checkout.limit);
  for (const name of names) {
    const whole = await checkout.fetch({ options: [], what: name });
    if (whole.exitCode !== 0 && !isMissing(whole)) throw fetchError(checkout.what, whole, checkout.limit);
    if (whole.exitCode !== 0) continue;
    const contains = await checkout.git(['merge-base', '--is-ancestor', commit, 'FETCH_HEAD']);
    if (contains.exitCode === 0) return commit;
  }
  throw new GitopsError('user', `Unable to check out ${checkout.what}: commit ${commit} is not there (any more)`, {
    advice: ['Was the branch pushed with force since? Then the run of the newer push does the work'],
  });
}

async function fetchHead(checkout: Checkout, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const fetched = await checkout.fetch({ options: ['--depth=1'], what: name });
    if (fetched.exitCode === 0) {
      const head = await need(checkout.git(['rev-parse', '--verify', 'FETCH_HEAD^{commit}']), checkout.what);
      return head.trim();
    }
    if (!isMissing(fetched)) throw fetchError(checkout.what, fetched, checkout.limit);
  }
  throw new GitopsError('user', `Unable to check out ${checkout.what}: there is no such branch or tag`);
}

async function need(answer: ReturnType<Git>, what: string): Promise<string> {
  const given = await answer;
  if (given.exitCode !== 0) throw fetchError(what, given, '');
  return given.stdout;
}

/** With one slash at the end: git compares settings for a URL by whole path components. */
function serverAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const good = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (!good || url.search !== '' || url.hash !== '') {
    throw new GitopsError(
      'user',
      `Unable to check out: server URL ${printable(text)} is not like https://forge.example`,
    );
  }
  return url.href.replace(/\/*$/, '/');
}

function repositoryPath(repository: string): string {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository) || repository.split('/').some((part) => /^(?:\.+$|-)/.test(part))) {
    throw new GitopsError('user', `Unable to check out: repository ${printable(repository)} is not like owner/name`);
  }
  return `${repository}.git`;
}

/** Whatever an earlier checkout left would be taken for part of the definition. */
async function makeRoom(directory: string, url: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const names = await readdir(directory);
  if (names.length === 0) return;
  const config = await readFile(join(directory, '.git', 'config'), 'utf8').catch(() => undefined);
  const origins = (config ?? '').split('\n').filter((line) => /^\s*url = /.test(line));
  const own = origins.length === 1 && origins[0]?.trim() === `url = ${url}`;
  // A run that was killed right after `git init`.
  const begun = config !== undefined && origins.length === 0 && names.length === 1;
  if (!own && !begun) {
    throw new GitopsError('user', `Unable to check out into ${directory}: it holds something else`, {
      advice: ['Give a directory that is empty or does not exist'],
    });
  }
  for (const name of names) await rm(join(directory, name), { recursive: true, force: true });
}
