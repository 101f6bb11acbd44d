import { rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dispatch, isPublic } from '../api/dispatch.ts';
import type { Router } from '../api/router.ts';
import { authenticate, type Caller, tokenOf, Unauthorized } from '../auth/authenticate.ts';
import { seconds, type Timings } from '../clock.ts';
import type { Core } from '../core.ts';
import { type Answer, ApiError } from './answer.ts';
import type { ServerCertificate } from './certificates.ts';
import {
  emptyReply,
  errorReply,
  extReply,
  jsonReply,
  type Reply,
  readBody,
  refuseEncodings,
  send,
  sendHalf,
} from './exchange.ts';
import { createListener, type Listener } from './listener.ts';
import { type Parameters, PlainError, parseBody, parseForm } from './parameters.ts';
import { readUpload, uploadedFile, uploadStorage } from './upload.ts';

export interface HttpRequest {
  readonly message: IncomingMessage;
  readonly method: string;
  /** Decoded, without query. */
  readonly path: string;
  readonly query: string;
}

/** What stands before the API: control endpoint and faults. The result ends the request; undefined lets it pass. */
export interface Gate {
  /** May answer, wait, or close the socket. */
  before(request: HttpRequest, response: ServerResponse): Promise<Reply | 'closed' | undefined>;
  /** After the work was done. */
  after(request: HttpRequest, reply: Reply): Instead | undefined;
}

/** Another answer, none, or half of it. */
export type Instead = Reply | 'drop' | 'cut';

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);

export class NodeServer {
  readonly #core: Core;
  readonly #router: Router;
  readonly #timings: Timings;
  readonly #gate: Gate;

  constructor(parts: { core: Core; router: Router; timings: Timings; gate: Gate }) {
    this.#core = parts.core;
    this.#router = parts.router;
    this.#timings = parts.timings;
    this.#gate = parts.gate;
  }

  /** One listener per address; all serve the same node. */
  listener(certificate: ServerCertificate): Listener {
    return createListener({
      tls: { key: certificate.key, cert: certificate.chain },
      idle: this.#timings.idle,
      serve: (message, response) => void this.#serve(message, response),
    });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url?.replace(/^\/+/, '/') ?? '/', 'https://node');
    const method = message.method ?? 'GET';
    const request: HttpRequest = { message, method, path: safeDecode(url.pathname), query: url.search.slice(1) };
    try {
      const early = await this.#gate.before(request, response);
      if (early === 'closed') return;
      const reply = early ?? (await this.#answer(request));
      const instead = this.#gate.after(request, reply);
      if (instead === 'drop') message.socket.destroy();
      else if (instead === 'cut') sendHalf(response, reply);
      else send(response, instead ?? reply);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      send(response, errorReply(new ApiError(500, text)));
    }
  }

  async #answer(request: HttpRequest): Promise<Reply> {
    const { method, path } = request;
    if (!METHODS.has(method)) return emptyReply(501, `method '${method}' not available`);
    if (path === '/api2/' || path === '/api2') return errorReply(new PlainError(501, 'no such uri', { bare: true }));
    const [, format, rest] = /^\/api2\/+([^/]+)(\/.*)?$/.exec(path) ?? [];
    if (format === undefined) {
      const file = path.replace(/^\/pve2\//, '/usr/share/pve-manager/');
      return errorReply(new PlainError(500, `unable to open file '${file}' - No such file or directory`));
    }
    const relative = `/${(rest ?? '')
      .split('/')
      .filter((part) => part !== '')
      .join('/')}`;
    if (format !== 'json' && format !== 'extjs') {
      return errorReply(new PlainError(501, `no formatter for uri ${relative}, ${format}`, { bare: true }));
    }
    try {
      const answer = await this.#call(request, relative);
      return format === 'extjs' ? extReply(answer) : jsonReply(answer);
    } catch (error) {
      if (error instanceof Unauthorized) {
        await pause(this.#timings.unauthorized, request.message);
        return emptyReply(error.status, error.message);
      }
      const failure =
        error instanceof ApiError ? error : new ApiError(500, error instanceof Error ? error.message : String(error));
      if (failure.status === 401) await pause(this.#timings.unauthorized, request.message);
      return failure.status === 596 ? emptyReply(596, failure.message) : errorReply(failure, format);
    }
  }

  async #call(request: HttpRequest, path: string): Promise<Answer> {
    const { message, method, query } = request;
    refuseEncodings(message);
    const caller = this.#caller(message, method, path);
    const hasContent = Number(message.headers['content-length'] ?? 0) > 0;
    if (hasContent && method !== 'PUT' && method !== 'POST') {
      throw new PlainError(501, `Unexpected content for method '${method}'`, { bare: true });
    }
    if (hasContent && uploadStorage(method, path) !== undefined) return this.#upload(request, path, caller);
    const body = await readBody(message);
    // what the query says goes before the body; `_dc` is there to get past caches
    const { _dc, ...parameters }: Parameters = {
      ...parseBody(message.headers['content-type'], body),
      ...parseForm(query),
    };
    if (path === '/' && method === 'GET') return ROOT_INDEX;
    return dispatch(this.#core, this.#router, { method, path, parameters, caller });
  }

  /** The whole file is read before the call is looked at; it stays only if a task takes it. */
  async #upload({ message, method, query }: HttpRequest, path: string, caller: Caller): Promise<Answer> {
    const { uploads } = this.#core;
    const parameters = await readUpload(message, uploads, query);
    try {
      return await dispatch(this.#core, this.#router, { method, path, parameters, caller });
    } catch (error) {
      rmSync(uploadedFile(uploads, String(parameters.tmpfilename)), { force: true });
      throw error;
    }
  }

  #caller(message: IncomingMessage, method: string, path: string): Caller {
    const site = {
      data: this.#core.accessStore.value,
      tickets: this.#core.tickets,
      now: seconds(this.#core.clock),
    };
    const storage = uploadStorage(method, path);
    if (storage !== undefined) {
      // a plain form can send no CSRF token: the right to upload is looked at instead, before anything is read
      const caller = authenticate(message.headers, 'GET', site);
      const right = `/storage/${storage}`;
      if (this.#core.access.may(caller.authuser, right, 'Datastore.AllocateTemplate')) return caller;
      throw new Unauthorized(`Permission check failed (${right}, Datastore.AllocateTemplate)`, 403);
    }
    if (!isPublic(method, path)) return authenticate(message.headers, method, site);
    // nobody looks at a credential here, but a token is still one
    return { authuser: '', byToken: tokenOf(message.headers) !== undefined };
  }
}

const ROOT_INDEX: Answer = {
  data: ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'].map((subdir) => ({ subdir })),
};

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Waits, or until the client goes away. */
function pause(milliseconds: number, message: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    message.socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
