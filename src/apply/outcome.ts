import type { HealthCheck } from '../model/definition.ts';
import { type ErrorKind, isGitopsError } from '../model/errors.ts';
import type { CheckResult, Outcome } from '../model/outcome.ts';
import type { Converged } from './converge.ts';
import { ReplaceFailure } from './promote/failure.ts';

export interface Finished {
  readonly converged: Extract<Converged, { kind: 'done' }>;
  readonly checks: readonly CheckResult[];
  /** Where the container answers; undefined: it is gone. */
  readonly address: string | undefined;
  readonly health: readonly HealthCheck[];
  /** Web ports that answer, when no check names an address. */
  readonly openPorts: readonly number[];
  readonly milliseconds: number;
}

/** Another run or a lock of Proxmox VE is in the way. */
const BUSY = 5;
/** Failed, and what was before serves again. */
const ROLLED_BACK = 7;
/** Failed, and what had been changed was not taken back. */
const NOT_ROLLED_BACK = 8;

/** A run that met another one at work is told so: nothing is wrong with what it was to deploy. */
function exitCodeOf(kind: ErrorKind): number {
  if (kind === 'bug') return 1;
  return kind === 'busy' ? BUSY : NOT_ROLLED_BACK;
}

export function finishedOutcome({ converged, checks, address, health, openPorts, milliseconds }: Finished): Outcome {
  const { plan, results } = converged;
  const failed = checks.filter((check) => !check.ok);
  if (failed.length > 0) {
    const message = `Unable to verify container ${plan.vmid}: ${failed.map((c) => `${c.check}: ${c.detail}`).join('; ')}`;
    const serving = `container ${plan.vmid} runs and is not healthy`;
    return {
      kind: 'failed',
      plan,
      results,
      checks,
      step: 'verify',
      message,
      log: [],
      advice: [],
      serving,
      exitCode: NOT_ROLLED_BACK,
    };
  }
  return { kind: 'done', plan, results, checks, urls: urlsOf(address, health, openPorts), milliseconds };
}

export function failedOutcome(
  converged: Extract<Converged, { kind: 'failed' }>,
  checks: readonly CheckResult[],
): Outcome {
  const { plan, results, step, error } = converged;
  const message = error instanceof Error ? error.message : String(error);
  const kind: ErrorKind = isGitopsError(error) ? error.kind : 'bug';
  const did = results.flatMap(({ kind }) => (kind === 'keep' ? [] : [kind])).join(', ');
  const before = did === '' ? 'as it was before this run, but for what the failed step left' : `after: ${did}`;
  return {
    kind: 'failed',
    plan,
    results,
    checks,
    step: step.kind,
    message,
    log: isGitopsError(error) ? (error.remote.log ?? []) : [],
    advice: isGitopsError(error) ? error.advice : [],
    ...(error instanceof ReplaceFailure
      ? { serving: error.serving, exitCode: error.rolledBack ? ROLLED_BACK : NOT_ROLLED_BACK }
      : { serving: `container ${plan.vmid} is ${before}`, exitCode: exitCodeOf(kind) }),
  };
}

/** Ports that people open in a browser. */
export const WEB_PORTS = [80, 443] as const;

function urlsOf(address: string | undefined, health: readonly HealthCheck[], openPorts: readonly number[]): string[] {
  if (address === undefined) return [];
  const host = address.includes(':') ? `[${address}]` : address;
  const named = health.flatMap((check) => {
    if (check.kind === 'tcp') return [`tcp://${host}:${check.port}`];
    if (check.kind !== 'http') return [];
    // A check inside the container names itself: `http://:80/`, `http://localhost/`.
    const url = check.url.replace(/^(https?:\/\/)(localhost|127\.0\.0\.1)?(?=[:/]|$)/, `$1${host}`);
    // Without a port that the protocol has anyway.
    return [URL.canParse(url) ? new URL(url).href : url];
  });
  return named.length > 0 ? named : openPorts.map((port) => `${port === 443 ? 'https' : 'http'}://${host}/`);
}
