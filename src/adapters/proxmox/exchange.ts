import { Agent, type RequestOptions, request } from 'node:https';
import type { Duplex } from 'node:stream';
import { type Endpoint, showEndpoint } from './endpoint.ts';
import { Failure } from './failure.ts';
import { openSecureSocket, type SecurePlace } from './secure-socket.ts';

/** Idle connections end before the server would end them (5 s): else a request could meet a closing one. */
const IDLE_MS = 3000;
/** Far above the longest answer (a task log); what is longer is not from this API. */
const ANSWER_LIMIT = 64 * 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** It changes nothing, whatever its method: another host may be asked when its answer is lost. */
  readonly harmless?: true;
}

export interface HttpAnswer {
  readonly status: number;
  /** Proxmox VE puts the first line of its message here. */
  readonly reason: string;
  readonly date?: Date;
  readonly body: string;
}

/** An agent whose sockets are verified before they are given to a request. */
export class VerifiedAgent extends Agent {
  readonly #place: SecurePlace;
  /** SHA-256 fingerprint of the certificate that the server last proved to have. */
  fingerprint: string | undefined;

  constructor(place: SecurePlace, keepAlive: boolean) {
    super({ keepAlive, timeout: IDLE_MS });
    this.#place = place;
  }

  override createConnection(
    options: RequestOptions,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    // Node hands the request's own options on, its signal among them.
    const signal = options.signal ?? new AbortController().signal;
    const none = undefined as unknown as Duplex;
    openSecureSocket(this.#place, signal).then(
      (socket) => {
        this.fingerprint = socket.getPeerCertificate().fingerprint256;
        callback?.(null, socket);
      },
      (error: Error) => callback?.(error, none),
    );
  }
}

/**
 * One request, one answer, complete. The signal ends it in any phase: name, connection, headers, body.
 *
 * Throws Failure; for a request other than GET it is uncertain from the moment a verified socket was there.
 */
export function exchange(
  agent: Agent,
  endpoint: Endpoint,
  sent: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let begun = false;
    let complete = false;
    const fail = (error: unknown): void => {
      const uncertain = begun && sent.method !== 'GET';
      const known = signal.aborted ? signal.reason : error;
      if (known instanceof Failure) {
        reject(new Failure(known.detail, { cause: known.cause, uncertain: known.uncertain || uncertain }));
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      reject(new Failure({ kind: 'lost', endpoint: showEndpoint(endpoint), reason }, { cause: error, uncertain }));
    };
    const { host, port } = endpoint;
    const { method, path, headers } = sent;
    const call = request({ agent, host, port, method, path, headers, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let length = 0;
      answer.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_LIMIT) call.destroy(new Error(`answer of more than ${ANSWER_LIMIT} bytes`));
        else chunks.push(chunk);
      });
      answer.on('error', fail);
      answer.on('end', () => {
        complete = true;
        const date = new Date(answer.headers.date ?? '');
        resolve({
          status: answer.statusCode ?? 0,
          reason: answer.statusMessage ?? '',
          ...(Number.isNaN(date.getTime()) ? {} : { date }),
          body: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    call.on('socket', () => {
      begun = true;
    });
    call.on('error', fail);
    call.on('close', () => {
      if (!complete) fail(new Error('the connection closed before the answer was complete'));
    });
    call.end(sent.body);
  });
}
