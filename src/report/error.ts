import { isGitopsError } from '../model/errors.ts';
import { plainLine, plainLines } from './plain-text.ts';
import { PLAIN, type Style } from './style.ts';

/** Message, what the remote side said last, what to do; the stack only when asked for. */
export function renderError(
  error: unknown,
  options: { readonly style?: Style; readonly debug?: boolean } = {},
): string[] {
  const { style = PLAIN, debug = false } = options;
  const message = error instanceof Error ? error.message : String(error);
  const lines = errorLines(message, isGitopsError(error) ? (error.remote.log ?? []) : [], style);
  if (isGitopsError(error)) {
    for (const advice of error.advice) lines.push(`  ${style.dim('→')} ${advice}`);
  } else {
    lines.push(`  ${style.dim('→')} this is a bug of pve-gitops; run it again with --debug and report what it prints`);
  }
  if (debug && error instanceof Error) {
    lines.push(...(error.stack ?? '').split('\n').slice(1));
    for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
      lines.push(`  caused by ${cause.stack ?? cause.message}`);
  }
  return lines;
}

/** What went wrong and the end of the log, of which no line is a command to the runner. */
export function errorLines(message: string, log: readonly string[], style: Style): string[] {
  const [first = '', ...more] = plainLines(message);
  const quoted = unquoted(log, message).map((line) => `  ${style.dim('│')} ${plainLine(line)}`);
  return [`${style.bad('error:')} ${first}`, ...more, ...quoted];
}

/** Some messages quote the log themselves, because they also stand alone in a forge's list of errors. */
export function unquoted(log: readonly string[], message: string): string[] {
  return log.filter((line) => !message.includes(line.trim()));
}

/** For machines: an error that ended a run before there was an outcome. */
export function errorJson(error: unknown, exitCode: number): string {
  const message = error instanceof Error ? error.message : String(error);
  const known = isGitopsError(error)
    ? { error: error.kind, advice: error.advice, ...error.remote }
    : { error: 'bug', advice: [] };
  return JSON.stringify({ version: 1, kind: 'failed', message, exitCode, ...known });
}
