import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { getExecOutput } from '@actions/exec';
import { GitopsError } from '../../model/errors.ts';
import { programEnvironment } from '../process/environment.ts';
import type { Mask } from '../process/mask.ts';
import { abortError } from '../process/program-errors.ts';

export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  /** Masked. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** Runs git with these arguments; `config` is for this one run only. */
export type Git = (args: readonly string[], config?: Readonly<Record<string, string>>) => Promise<GitAnswer>;

export interface GitOptions {
  readonly directory: string;
  readonly mask: Mask;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What a repository, or whoever used this machine before, could make git run or reach is off. */
const SAFE_CONFIG: Readonly<Record<string, string>> = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'credential.helper': '',
  'protocol.allow': 'never',
  'protocol.https.allow': 'always',
  'protocol.http.allow': 'always',
  'submodule.recurse': 'false',
  'fetch.recurseSubmodules': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'advice.detachedHead': 'false',
  'init.defaultBranch': 'main',
};

/**
 * git by @actions/exec, which has neither deadline nor abort: the program `timeout` in front of it ends git's process group;
 * without that program git ends itself when nothing arrives for half a minute. All time spent counts together.
 */
export async function createGit(options: GitOptions): Promise<Git> {
  const { directory, mask, signal } = options;
  if (!(await isInstalled('git'))) {
    throw new GitopsError('host', 'Unable to check out: the program git is not installed', {
      advice: ['apt-get install git'],
    });
  }
  const limited = await isInstalled('timeout');
  const until = performance.now() + options.timeoutMs;

  return async (args, config = {}) => {
    if (signal.aborted) throw abortError('the checkout', signal);
    const seconds = Math.max(1, Math.ceil((until - performance.now()) / 1000));
    const [program, ...words] = [...(limited ? ['timeout', '-k', '5', String(seconds)] : []), 'git', ...args];
    const run = getExecOutput(program ?? 'git', words, {
      cwd: directory,
      env: gitEnvironment({ ...SAFE_CONFIG, 'safe.directory': directory, ...config }),
      silent: true,
      ignoreReturnCode: true,
    });
    const answer = await Promise.race([run, whenAborted(signal)]);
    if (answer === undefined) throw abortError('the checkout', signal);
    const { exitCode, stdout, stderr } = answer;
    // timeout(1): 124 when it sent its signal, 137 when it had to kill.
    const timedOut = limited && (exitCode === 124 || exitCode === 137) && performance.now() >= until - 1_000;
    return { exitCode, stdout, stderr: mask.apply(stderr), timedOut };
  };
}

/** Settings by environment: arguments can be seen by every user, and a file would outlive the run. */
function gitEnvironment(config: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(config);
  return {
    ...programEnvironment({
      GIT_TERMINAL_PROMPT: '0',
      GIT_LFS_SKIP_SMUDGE: '1',
      GIT_HTTP_LOW_SPEED_LIMIT: '1',
      GIT_HTTP_LOW_SPEED_TIME: '30',
      GIT_CONFIG_COUNT: String(entries.length),
    }),
    ...Object.fromEntries(
      entries.flatMap(([key, value], n) => [
        [`GIT_CONFIG_KEY_${n}`, key],
        [`GIT_CONFIG_VALUE_${n}`, value],
      ]),
    ),
  };
}

async function isInstalled(program: string): Promise<boolean> {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const found = directories.map((directory) =>
    access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(found)).includes(true);
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
}
