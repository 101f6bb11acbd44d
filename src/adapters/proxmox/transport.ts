import { type Endpoint, showEndpoint } from './endpoint.ts';
import { exchange, type HttpAnswer, type HttpRequest, VerifiedAgent } from './exchange.ts';
import { reasonOf, seconds } from './explain.ts';
import { type Attempt, Failure } from './failure.ts';
import { Gate } from './gate.ts';
import type { TrustedHost } from './host-trust.ts';

/** How long one exchange may take. A config PUT waits up to 10 s for a lock and may make a file system (facts, 5). */
const READ_MS = 30_000;
const WRITE_MS = 120_000;
/** Until a host has shown its certificate. One that is switched off must not use up the deadline before the next is asked. */
const CONNECT_MS = 10_000;
const CONNECT_MS_OF_SEVERAL = 4000;
/** At once, to one site: far below the connections that pveproxy takes. */
const EXCHANGES = 12;

export interface TransportOptions {
  readonly debug?: (line: string) => void;
  readonly readMs?: number;
  readonly writeMs?: number;
  readonly connectMs?: number;
}

interface Host {
  readonly endpoint: Endpoint;
  readonly reads: VerifiedAgent;
  /** Writes go over a new connection each, so that none meets a server that is just closing an idle one. */
  readonly writes: VerifiedAgent;
}

/** Exchanges with whichever of the API hosts answers, and stays with it until it does not. */
export class Transport {
  readonly #hosts: readonly Host[];
  readonly #options: TransportOptions;
  readonly #gate = new Gate(EXCHANGES);
  #current = 0;
  #serverTime: Date | undefined;

  constructor(hosts: readonly TrustedHost[], options: TransportOptions = {}) {
    const connectMs = options.connectMs ?? (hosts.length > 1 ? CONNECT_MS_OF_SEVERAL : CONNECT_MS);
    this.#hosts = hosts.map(({ endpoint, trust }) => ({
      endpoint,
      reads: new VerifiedAgent({ endpoint, trust, connectMs }, true),
      writes: new VerifiedAgent({ endpoint, trust, connectMs }, false),
    }));
    this.#options = options;
  }

  /** The Date of the last answer. */
  get serverTime(): Date | undefined {
    return this.#serverTime;
  }

  /** SHA-256 fingerprint of the host that answers. */
  get fingerprint(): string | undefined {
    const host = this.#hosts[this.#current];
    return host?.reads.fingerprint ?? host?.writes.fingerprint;
  }

  /**
   * Sends to the host that answered last. When it does not answer, the next ones are asked: for a read whatever happened,
   * for a write only while there was no connection, so that it has certainly not been sent. A host whose certificate is
   * not trusted ends it: that is an alarm, not an outage.
   */
  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const failures: Failure[] = [];
    for (let turn = 0; turn < this.#hosts.length; turn += 1) {
      const index = this.#current;
      const host = this.#hosts[index];
      if (host === undefined) break;
      try {
        return await this.#gate.through(signal, () => this.#exchange(host, request, signal));
      } catch (error) {
        if (!(error instanceof Failure) || signal.aborted) throw error;
        if (error.detail.kind === 'untrusted') throw this.#alarm(error, failures);
        if (!isSilence(error)) throw error;
        // Another call may have moved on already.
        if (this.#current === index) this.#current = (index + 1) % this.#hosts.length;
        if (error.uncertain && request.harmless !== true) throw error;
        failures.push(error);
      }
    }
    throw unanswered(failures);
  }

  close(): void {
    for (const { reads, writes } of this.#hosts) {
      reads.destroy();
      writes.destroy();
    }
  }

  #alarm(error: Failure, failures: readonly Failure[]): Failure {
    if (this.#hosts.length === 1 || error.detail.kind !== 'untrusted') return error;
    const before = failures.length === 0 ? {} : { before: failures.map(attemptOf) };
    return new Failure({ ...error.detail, several: true, ...before }, { cause: error.cause });
  }

  async #exchange(host: Host, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const write = request.method !== 'GET';
    const ms = write ? (this.#options.writeMs ?? WRITE_MS) : (this.#options.readMs ?? READ_MS);
    const limit = new AbortController();
    const stall = (): void => limit.abort(new Failure({ kind: 'stalled', endpoint: showEndpoint(host.endpoint), ms }));
    const timer = setTimeout(stall, ms);
    const began = performance.now();
    let outcome = 'no answer';
    try {
      const either = AbortSignal.any([signal, limit.signal]);
      const answer = await exchange(write ? host.writes : host.reads, host.endpoint, request, either);
      outcome = String(answer.status);
      this.#serverTime = answer.date ?? this.#serverTime;
      return answer;
    } catch (error) {
      if (error instanceof Failure) outcome = error.detail.kind;
      throw error;
    } finally {
      clearTimeout(timer);
      // Without query and body: they may hold what is secret.
      const path = request.path.replace(/\?.*/, '');
      const time = Math.round(performance.now() - began);
      this.#options.debug?.(`${request.method} ${path}: ${outcome} (${time} ms, ${showEndpoint(host.endpoint)})`);
    }
  }
}

/** Whether the host is the reason, and another one may do better. */
function isSilence({ detail }: Failure): boolean {
  return detail.kind === 'unreachable' || detail.kind === 'lost' || detail.kind === 'stalled';
}

function attemptOf({ detail }: Failure): Attempt {
  switch (detail.kind) {
    case 'unreachable':
    case 'lost':
      return { endpoint: detail.endpoint, reason: detail.reason };
    case 'stalled':
      return { endpoint: detail.endpoint, reason: `no answer within ${seconds(detail.ms)}` };
    default:
      return { endpoint: '', reason: reasonOf(detail) };
  }
}

function unanswered(failures: readonly Failure[]): Failure {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const passing = failures.some(({ detail }) => detail.kind !== 'unreachable');
  return new Failure({ kind: 'unanswered', attempts: failures.map(attemptOf), passing }, { cause: first });
}
