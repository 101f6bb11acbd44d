import type { Trust } from '../../model/settings.ts';
import { type Endpoint, showEndpoint } from './endpoint.ts';
import { exchange, type HttpAnswer, type HttpRequest, VerifiedAgent } from './exchange.ts';
import { Failure } from './failure.ts';
import { Gate } from './gate.ts';

/** How long one exchange may take. A config PUT waits up to 10 s for a lock and may make a file system (facts, 5). */
const READ_MS = 30_000;
const WRITE_MS = 120_000;
/** At once, to one site: far below the connections that pveproxy takes. */
const EXCHANGES = 12;

export interface TransportOptions {
  readonly debug?: (line: string) => void;
  readonly readMs?: number;
  readonly writeMs?: number;
}

interface Host {
  readonly endpoint: Endpoint;
  readonly reads: VerifiedAgent;
  /** Writes go over a new connection each, so that none meets a server that is just closing an idle one. */
  readonly writes: VerifiedAgent;
}

/** Exchanges with whichever of the API hosts answers; stays with it until it does not. */
export class Transport {
  readonly #hosts: readonly Host[];
  readonly #options: TransportOptions;
  readonly #gate = new Gate(EXCHANGES);
  #current = 0;
  #serverTime: Date | undefined;

  constructor(endpoints: readonly Endpoint[], trust: Trust, options: TransportOptions = {}) {
    this.#hosts = endpoints.map((endpoint) => ({
      endpoint,
      reads: new VerifiedAgent(endpoint, trust, true),
      writes: new VerifiedAgent(endpoint, trust, false),
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
   * Sends to the current host, and to the next ones when there is no connection, before anything was sent. A host whose
   * certificate is not trusted ends it: that is an alarm, not an outage.
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
        if (!(error instanceof Failure) || error.detail.kind !== 'unreachable' || signal.aborted) throw error;
        failures.push(error);
        // Another call may have moved on already.
        if (this.#current === index) this.#current = (index + 1) % this.#hosts.length;
      }
    }
    throw unreachable(failures);
  }

  close(): void {
    for (const { reads, writes } of this.#hosts) {
      reads.destroy();
      writes.destroy();
    }
  }

  async #exchange(host: Host, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const write = request.method !== 'GET';
    const ms = write ? (this.#options.writeMs ?? WRITE_MS) : (this.#options.readMs ?? READ_MS);
    const stalled = new Failure({ kind: 'stalled', endpoint: showEndpoint(host.endpoint), ms });
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(stalled), ms);
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

function unreachable(failures: readonly Failure[]): Failure {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  const reasons = failures.map(({ detail }) =>
    detail.kind === 'unreachable' ? `${detail.endpoint}: ${detail.reason}` : '',
  );
  const reason = failures.length === 0 ? 'no host is set' : reasons.join('; ');
  return new Failure({ kind: 'unreachable', endpoint: 'any Proxmox VE host', reason }, { cause: first });
}
