import { type ErrorKind, GitopsError, isGitopsError } from '../../model/errors.ts';
import { adviceFor } from './advice.ts';
import { type Attempt, Failure, type FailureDetail } from './failure.ts';

/** Turns what went wrong into the error that people read. Errors that are already in words pass. */
export function explain(what: string, error: unknown): GitopsError {
  if (isGitopsError(error)) return error;
  if (!(error instanceof Failure)) {
    const reason = error instanceof Error ? error.message : String(error);
    return new GitopsError('bug', `Unable to ${what}: ${reason}`, { cause: error });
  }
  const { detail, uncertain } = error;
  const unsure = uncertain ? ['It may have been done all the same; the next run looks first.'] : [];
  return new GitopsError(kindOf(detail), `Unable to ${what}: ${reasonOf(detail)}`, {
    cause: error.cause ?? error,
    ...statusOf(detail),
    advice: [...adviceFor(detail), ...unsure],
    ...(detail.kind === 'answered' ? { fields: detail.fields } : {}),
    ...(detail.kind === 'task' || detail.kind === 'unsettled' ? { log: detail.log } : {}),
    ...(uncertain ? { uncertain } : {}),
  });
}

/** The part of the message after the colon. */
export function reasonOf(detail: FailureDetail): string {
  switch (detail.kind) {
    case 'unreachable':
      return `no connection to ${detail.endpoint}: ${detail.reason}`;
    case 'untrusted':
      return untrustedReason(detail);
    case 'unanswered':
      return `no Proxmox VE host answers: ${attemptTexts(detail.attempts)}`;
    case 'lost':
      return `the connection to ${detail.endpoint} was lost: ${detail.reason}`;
    case 'stalled':
      return `${detail.endpoint} did not answer within ${seconds(detail.ms)}`;
    case 'late':
      return `not done within ${seconds(detail.ms)}`;
    case 'cancelled':
      return 'cancelled';
    case 'answered':
      return `${detail.status} ${detail.text}${fieldText(detail.fields)}`;
    case 'garbled':
      return detail.status === 200 ? detail.reason : `${detail.status}: ${detail.reason}`;
    case 'task':
      return `${detail.exit}${logText(detail.log)}`;
    case 'unsettled':
      return `${detail.reason}; its task may still run: ${detail.upid}${logText(detail.log)}`;
    default:
      return detail satisfies never;
  }
}

/** 0: there was no answer. A task's end is not an answer with a status. */
function statusOf(detail: FailureDetail): { readonly status?: number } {
  if (detail.kind === 'answered' || detail.kind === 'garbled') return { status: detail.status };
  return detail.kind === 'task' || detail.kind === 'unsettled' ? {} : { status: 0 };
}

function untrustedReason(detail: Extract<FailureDetail, { kind: 'untrusted' }>): string {
  const seen = detail.seen === undefined ? '' : `; it showed the SHA-256 fingerprint ${detail.seen}`;
  const expected = detail.expected === undefined ? '' : `, expected was ${detail.expected.join(' or ')}`;
  const before = detail.before === undefined ? '' : ` (before it: ${attemptTexts(detail.before)})`;
  return `the certificate of ${detail.endpoint} is not trusted: ${detail.reason}${seen}${expected}${before}`;
}

function attemptTexts(attempts: readonly Attempt[]): string {
  return attempts.map(({ endpoint, reason }) => `${endpoint}: ${reason}`).join('; ');
}

/** Another's work in progress and a stale digest: the same call may go well a little later. */
const BUSY =
  /(^| - )(CT|VM) is locked|can't lock file|detected modified configuration|cfs-lock '[^']*' error: got lock/;

function kindOf(detail: FailureDetail): ErrorKind {
  const text = detail.kind === 'answered' ? detail.text : detail.kind === 'task' ? detail.exit : '';
  return BUSY.test(text) ? 'busy' : 'remote';
}

function fieldText(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).map(([key, text]) => `${key}: ${text}`);
  return entries.length === 0 ? '' : ` (${entries.join('; ')})`;
}

function logText(log: readonly string[]): string {
  return log.length === 0 ? '' : `\n${log.map((line) => `  ${line}`).join('\n')}`;
}

export function seconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms / 1000)} s`;
}
