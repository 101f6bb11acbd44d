import { GitopsError } from '../../model/errors.ts';
import { printable } from './printable.ts';

/** Debian's package for each program that we start; elsewhere the names are mostly the same. */
const PACKAGES: Readonly<Record<string, string>> = {
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  git: 'git',
  tar: 'tar',
  'ansible-playbook': 'ansible',
  sh: 'dash',
};

/** Why a program did not start, as an error that says what to install or to mend. */
export function startError(name: string, file: string, cwd: string | undefined, cause: unknown): GitopsError {
  const code = codeOf(cause);
  const program = printable(file);
  // spawn reports a missing working directory with the program's name.
  if (code === 'ENOENT' && cwd === undefined) {
    const pack = PACKAGES[file.slice(file.lastIndexOf('/') + 1)];
    const advice = pack === undefined ? `Install ${program}` : `apt-get install ${pack}`;
    return new GitopsError('host', `Unable to run ${name}: the program ${program} is not installed`, {
      cause,
      advice: [advice],
    });
  }
  const reason =
    code === 'ENOENT'
      ? `the program ${program} or the directory ${printable(cwd ?? '')} does not exist`
      : code === 'EACCES'
        ? `the program ${program} may not be executed`
        : `${program} did not start: ${printable(cause instanceof Error ? cause.message : String(cause))}`;
  return new GitopsError('host', `Unable to run ${name}: ${reason}`, { cause });
}

/** What ended a run early: somebody's own error as it is, anything else as a cancelled run. */
export function abortError(name: string, signal: AbortSignal, log: readonly string[] = []): GitopsError {
  if (signal.reason instanceof GitopsError) return signal.reason;
  return new GitopsError('remote', `Unable to finish ${name}: it was cancelled`, { cause: signal.reason, log });
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The last lines of a program's output, safe to print. */
export function lastLines(text: string, count = 20): readonly string[] {
  return printable(text.trimEnd())
    .split('\n')
    .slice(-count)
    .filter((line) => line.trim() !== '');
}

/** `1.5 s`, `2 min`: limits in messages. */
export function duration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  return ms < 120_000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Math.round(ms / 60_000)} min`;
}
