/** Everything that can go wrong with a call, before it is put into words for people (explain.ts). */
export type FailureDetail =
  /** No verified connection came about: nothing was sent. */
  | { readonly kind: 'unreachable'; readonly endpoint: string; readonly reason: string }
  /** The server showed a certificate that is not trusted: nothing was sent. */
  | {
      readonly kind: 'untrusted';
      readonly endpoint: string;
      readonly reason: string;
      /** SHA-256 fingerprint of the certificate that was shown. */
      readonly seen?: string;
      /** Fingerprints that would have been accepted. */
      readonly expected?: readonly string[];
      /** Hosts that were tried before it. */
      readonly before?: readonly Attempt[];
      /** There are several hosts, which may have certificates of their own. */
      readonly several?: true;
    }
  /** No host of several answered. `passing`: one of them was connected to, so that another try may go well. */
  | { readonly kind: 'unanswered'; readonly attempts: readonly Attempt[]; readonly passing: boolean }
  /** The connection ended after the request had begun to be sent. */
  | { readonly kind: 'lost'; readonly endpoint: string; readonly reason: string }
  /** One exchange took longer than an exchange may. */
  | { readonly kind: 'stalled'; readonly endpoint: string; readonly ms: number }
  /** The deadline of the whole call passed. */
  | { readonly kind: 'late'; readonly ms: number }
  | { readonly kind: 'cancelled' }
  /** An answer with an error status. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly text: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  /** An answer that is not what the API promises. */
  | { readonly kind: 'garbled'; readonly status: number; readonly reason: string }
  /** A task that ended badly. */
  | { readonly kind: 'task'; readonly upid: string; readonly exit: string; readonly log: readonly string[] }
  /** Waiting for a task ended before the task did. */
  | { readonly kind: 'unsettled'; readonly upid: string; readonly reason: string; readonly log: readonly string[] };

/** A host that was tried, and why there was no answer from it. */
export interface Attempt {
  readonly endpoint: string;
  readonly reason: string;
}

export interface FailureOptions {
  readonly cause?: unknown;
  /** The work may have happened. */
  readonly uncertain?: boolean;
}

export class Failure extends Error {
  readonly detail: FailureDetail;
  readonly uncertain: boolean;

  constructor(detail: FailureDetail, options: FailureOptions = {}) {
    super(detail.kind, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.detail = detail;
    this.uncertain = options.uncertain ?? false;
  }
}

/** What the server said, when it said something: the answer's text or the task's exit status. */
export function failureText(error: unknown): string | undefined {
  if (!(error instanceof Failure)) return undefined;
  if (error.detail.kind === 'answered') return error.detail.text;
  return error.detail.kind === 'task' ? error.detail.exit : undefined;
}

export function failureStatus(error: unknown): number | undefined {
  return error instanceof Failure && error.detail.kind === 'answered' ? error.detail.status : undefined;
}

export function failureFields(error: unknown): Readonly<Record<string, string>> {
  return error instanceof Failure && error.detail.kind === 'answered' ? error.detail.fields : {};
}

/**
 * Whether the server says that a container does not exist on that node: a 500 (row 39), for a QEMU guest's vmid too. A
 * caller without rights gets 403 before, so a 403 is never absence.
 */
export function isAbsent(error: unknown, vmid: number): boolean {
  const text = failureStatus(error) === 500 ? failureText(error) : undefined;
  return text !== undefined && new RegExp(`^Configuration file '[^']*/lxc/${vmid}\\.conf' does not exist`).test(text);
}

/** Row 391. */
export function isStale(error: unknown): boolean {
  return failureText(error)?.includes('detected modified configuration') ?? false;
}

/**
 * Statuses that a proxy in the way makes up: 595 to 599 of pveproxy (no connection, TLS, body, other), 502 to 504 of
 * others. They say nothing about whether the work happened.
 */
export function isGatewayStatus(status: number): boolean {
  return (status >= 595 && status <= 599) || (status >= 502 && status <= 504);
}
