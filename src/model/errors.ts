/**
 * How to react to an error; the exit code follows from it (src/report/exit-code.ts).
 *
 * - user: a file, setting or argument is wrong; nothing was changed because of it
 * - remote: Proxmox VE, a container or a program said no, or did not answer
 * - busy: somebody else is at work on the same thing; try again later
 * - not-ours: the thing belongs to someone else and was left alone
 * - host: this machine lacks what is needed (root, LXC)
 * - bug: our own fault
 */
export type ErrorKind = 'user' | 'remote' | 'busy' | 'not-ours' | 'host' | 'bug';

/** What a remote side said, as far as it said it. */
export interface RemoteDetails {
  /** HTTP status, 0 when no answer came. */
  readonly status?: number;
  /** Parameter name → text, as Proxmox VE reports bad parameters. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Last lines of the task log or of the program's output. */
  readonly log?: readonly string[];
  /** True when the work may have happened although no good answer came. */
  readonly uncertain?: boolean;
}

export interface ErrorOptions extends RemoteDetails {
  readonly cause?: unknown;
  /** What the reader can do about it, one sentence or command per entry. */
  readonly advice?: readonly string[];
}

/** The one error base. Message form: `Unable to <verb> <thing> <id>: <reason>`. */
export class GitopsError extends Error {
  readonly kind: ErrorKind;
  readonly advice: readonly string[];
  readonly remote: RemoteDetails;

  constructor(kind: ErrorKind, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GitopsError';
    this.kind = kind;
    this.advice = options.advice ?? [];
    const { status, fields, log, uncertain } = options;
    this.remote = {
      ...(status === undefined ? {} : { status }),
      ...(fields === undefined ? {} : { fields }),
      ...(log === undefined ? {} : { log }),
      ...(uncertain === undefined ? {} : { uncertain }),
    };
  }
}

export function isGitopsError(error: unknown): error is GitopsError {
  return error instanceof GitopsError;
}

/** A problem in something a person wrote. Lines and columns start at 1. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly key?: string;
  readonly message: string;
  /** How to mend it, when that is known (nearest known key, accepted form). */
  readonly fix?: string;
}

/** One line for a problem: `file:line: KEY: message; fix`. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.line === undefined ? undefined : problem.column]
    .filter((part) => part !== undefined)
    .join(':');
  const key = problem.key === undefined ? '' : ` ${problem.key}:`;
  const fix = problem.fix === undefined ? '' : `; ${problem.fix}`;
  return `${place}:${key} ${problem.message}${fix}`;
}

/** All problems of a person's input at once. */
export class ProblemsError extends GitopsError {
  readonly problems: readonly Problem[];

  constructor(subject: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super('user', `Unable to read ${subject}: ${count}\n${problems.map((p) => `  ${formatProblem(p)}`).join('\n')}`);
    this.name = 'ProblemsError';
    this.problems = problems;
  }
}
