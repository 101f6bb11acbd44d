import { type ErrorKind, isGitopsError } from '../model/errors.ts';
import type { Area, Finding } from '../model/finding.ts';

export function ok(area: Area, text: string): Finding {
  return { area, status: 'ok', text, fix: [] };
}

export function warning(area: Area, text: string, fix: readonly string[] = []): Finding {
  return { area, status: 'warning', text, fix };
}

export function problem(
  area: Area,
  kind: NonNullable<Finding['kind']>,
  text: string,
  fix: readonly string[] = [],
): Finding {
  return { area, status: 'problem', kind, text, fix };
}

/** An error that came in the way of a look, as what it is for its reader. */
export function problemOf(area: Area, error: unknown): Finding {
  if (!isGitopsError(error)) throw error;
  return problem(area, kindOf(error.kind), error.message, error.advice);
}

function kindOf(kind: ErrorKind): NonNullable<Finding['kind']> {
  if (kind === 'user' || kind === 'host') return kind;
  if (kind === 'not-ours') return 'user';
  return 'remote';
}

/** undefined where the server says that this identity may not; that is told as a missing privilege. */
export async function unlessForbidden<T>(read: Promise<T>): Promise<T | undefined> {
  return await unless(read, [403]);
}

/** The same where the thing does not exist or cannot be used, which another look tells better. */
export async function unlessRefused<T>(read: Promise<T>): Promise<T | undefined> {
  return await unless(read, [400, 403, 500]);
}

async function unless<T>(read: Promise<T>, statuses: readonly number[]): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (isGitopsError(error) && statuses.includes(error.remote.status ?? 0)) return undefined;
    throw error;
  }
}
