import type { Clock } from '../../model/ports.ts';
import { openAnswer } from './answer.ts';
import type { Authentication, Identity } from './authentication.ts';
import type { HttpAnswer, HttpRequest } from './exchange.ts';
import { encodeForm } from './form.ts';
import { mayRepeatRead, pauseMs, READ_ATTEMPTS } from './retry.ts';
import type { Transport } from './transport.ts';

type Method = HttpRequest['method'];

export interface ApiCall {
  readonly method: Method;
  /** `/api2/json/…`, its variable parts already checked or encoded. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly identity: Identity;
}

/** One call of the API: who, how it is encoded, when it may be sent again. Throws Failure. */
export class Engine {
  readonly #transport: Transport;
  readonly #authentication: Authentication;
  readonly #clock: Clock;

  constructor(transport: Transport, authentication: Authentication, clock: Clock) {
    this.#transport = transport;
    this.#authentication = authentication;
    this.#clock = clock;
  }

  /** Reads are repeated after a dropped connection or a gateway's error; a write is sent once. */
  async call(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return openAnswer(await this.#authenticated(call, signal));
      } catch (error) {
        const again = call.method === 'GET' && attempt < READ_ATTEMPTS && mayRepeatRead(error) && !signal.aborted;
        if (!again) throw error;
        await this.#clock.sleep(pauseMs(attempt), signal);
      }
    }
  }

  /** A 401 says that nothing was done, so that the call may follow once more with a new ticket. */
  async #authenticated(call: ApiCall, signal: AbortSignal): Promise<HttpAnswer> {
    const headers = await this.#authentication.headers(call.identity, call.method, signal);
    const answer = await this.#transport.send(encode(call, headers), signal);
    if (answer.status !== 401 || !this.#authentication.canRenew(call.identity, headers)) return answer;
    const renewed = await this.#authentication.headers(call.identity, call.method, signal);
    return await this.#transport.send(encode(call, renewed), signal);
  }
}

/**
 * GET and DELETE carry parameters in the query (a DELETE with a body is refused, row 1064), the others as a form with
 * its length (chunked bodies are refused).
 */
function encode(call: ApiCall, headers: Readonly<Record<string, string>>): HttpRequest {
  const { method, path } = call;
  const form = encodeForm(call.parameters);
  if (method === 'GET' || method === 'DELETE') {
    return { method, path: form === '' ? path : `${path}?${form}`, headers };
  }
  const body = { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': `${Buffer.byteLength(form)}` };
  return { method, path, headers: { ...headers, ...body }, body: form };
}
