import { timingSafeEqual } from 'node:crypto';
import type { RanCommand } from '../backend/simulated/model.ts';
import type { Core } from '../core.ts';
import type { Forwards } from '../forwards.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { emptyReply, errorReply, jsonReply, type Reply, readBody } from '../http/exchange.ts';
import type { Gate, HttpRequest, Instead } from '../http/server.ts';
import { controlRoutes } from './control.ts';
import { Faults } from './faults.ts';

/** Bytes of a control call: the input of a command may be a whole repository. */
const BODY_LIMIT = 256 * 1024 ** 2;

/** Sent with every control call. */
export const SECRET_HEADER = 'x-control-secret';

export interface ControlRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: { readonly [key: string]: Json | undefined };
}

export interface ControlState {
  readonly core: Core;
  readonly faults: Faults;
  /** `METHOD path` → how often it was called */
  readonly calls: Map<string, number>;
  /** vmid → commands that were run in it, oldest first */
  readonly commands: Map<number, RanCommand[]>;
  /** Gives back the flock that a fault holds. */
  readonly held: Map<string, () => void>;
  readonly forwards: Forwards;
}

/** The proxy's statuses come with nothing but a reason (row 1078). */
function failure(status: number, text: string): Reply {
  return status >= 595 ? emptyReply(status, text) : errorReply(new ApiError(status, text));
}

function sameSecret(given: unknown, secret: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(secret)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** The control endpoint and the faults that it arms. It stands before the API and sees every request. */
export class ControlGate implements Gate {
  readonly #secret: string;
  readonly #state: ControlState;

  constructor(core: Core, secret: string, forwards: Forwards) {
    this.#secret = secret;
    this.#state = { core, faults: new Faults(), calls: new Map(), commands: new Map(), held: new Map(), forwards };
    core.tasks.intercept = async ({ type, id }, task) => {
      const found = this.#state.faults.forTask(type, id);
      if (found?.fault.kind === 'task-failure') throw new ApiError(500, found.fault.text);
      if (found?.fault.kind === 'flock') this.#state.held.set(found.id, await core.locks.acquire(found.fault.vmid));
      if (found?.fault.kind === 'delay') await this.#state.faults.wait(found.id, found.fault.milliseconds, task.signal);
    };
  }

  /** What a call gets instead of the answer to its work. */
  readonly #instead = new WeakMap<object, Instead>();

  async before(request: HttpRequest): Promise<Reply | 'closed' | undefined> {
    const { message, method, path } = request;
    if (path === '/control' || path.startsWith('/control/')) return this.#control(request);
    const api = path.replace(/^\/api2\/(?:json|extjs)/, '');
    const key = `${method} ${api}`;
    this.#state.calls.set(key, (this.#state.calls.get(key) ?? 0) + 1);
    const found = this.#state.faults.forCall(method, api);
    switch (found?.fault.kind) {
      case 'refused':
        message.socket.destroy();
        return 'closed';
      case '401':
        return emptyReply(401, 'Authentication failed!');
      case '5xx':
        if (!found.fault.done) return failure(found.fault.status, found.fault.text);
        this.#instead.set(message, failure(found.fault.status, found.fault.text));
        return undefined;
      case 'expired-tickets':
        this.#state.core.tickets.expireAll();
        return undefined;
      case 'cut':
        this.#instead.set(message, 'cut');
        return undefined;
      case 'delay':
        await this.#state.faults.wait(found.id, found.fault.milliseconds);
        return undefined;
      case 'dropped':
        this.#instead.set(message, 'drop');
        return undefined;
      default:
        return undefined;
    }
  }

  after({ message }: HttpRequest): Instead | undefined {
    return this.#instead.get(message);
  }

  async #control(request: HttpRequest): Promise<Reply> {
    const { message, method, path, query } = request;
    if (!sameSecret(message.headers[SECRET_HEADER], this.#secret)) return emptyReply(401, 'No control secret');
    try {
      const text = (await readBody(message, BODY_LIMIT)).toString('utf8');
      const body = text === '' ? {} : (JSON.parse(text) as ControlRequest['body']);
      const [, name = '', rest = ''] = /^\/control\/?([^/]*)\/?(.*)$/.exec(path) ?? [];
      const handler = controlRoutes[`${method} ${name}`];
      if (handler === undefined) return errorReply(new ApiError(501, `no control call '${method} ${path}'`));
      return jsonReply({ data: await handler(this.#state, { path: rest, query: new URLSearchParams(query), body }) });
    } catch (error) {
      if (error instanceof ApiError) return errorReply(error);
      return errorReply(new ApiError(400, error instanceof Error ? error.message : String(error)));
    }
  }
}
