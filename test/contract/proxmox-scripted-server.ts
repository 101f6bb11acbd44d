import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './proxmox-certificates.ts';

/** A request as it came over the wire. */
export interface Seen {
  readonly method: string;
  /** Without `/api2/json` and query. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply =
  | {
      readonly status?: number;
      /** The reason phrase; Proxmox VE puts its message there. */
      readonly reason?: string;
      readonly data?: unknown;
      readonly errors?: Record<string, string>;
      /** The body as it is, in place of JSON. */
      readonly raw?: string;
    }
  /** The connection is reset when the whole request has been read. */
  | 'reset'
  /** Headers and the first bytes of a body, then nothing. */
  | 'stall'
  /** Nothing at all. */
  | 'silence';

export type Script = (seen: Seen, count: number) => Reply;

/** A server that speaks as the Proxmox VE API does, and does what no good server would. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  /** TCP connections that were opened. */
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  #script: Script;
  readonly #port: number;

  constructor(certificate: Certificate, script: Script, port = 0) {
    this.#script = script;
    this.#port = port;
    this.#server = createServer({ cert: certificate.certificate, key: certificate.key }, (request, response) => {
      void this.#answer(request, response);
    });
    // Idle connections are the client's to end here.
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  play(script: Script): void {
    this.#script = script;
    this.seen.length = 0;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    return this;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  of(method: string): readonly Seen[] {
    return this.seen.filter((request) => request.method === method);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [path = '', query = ''] = (request.url ?? '').replace('/api2/json', '').split('?');
    const body = Buffer.concat(chunks).toString();
    const seen = { method: request.method ?? '', path, query, headers: request.headers, body };
    this.seen.push(seen);
    const count = this.seen.filter((entry) => entry.method === seen.method && entry.path === seen.path).length;
    const reply = this.#script(seen, count);
    if (reply === 'silence') return;
    if (reply === 'reset') {
      request.socket.destroy();
      return;
    }
    if (reply === 'stall') {
      response.writeHead(200, { 'Content-Type': 'application/json;charset=UTF-8', 'Content-Length': '100' });
      response.write('{"data":');
      return;
    }
    const { status = 200, reason = 'OK', data = null, errors, raw } = reply;
    const message = status < 300 ? {} : { message: `${reason}\n` };
    const text = raw ?? JSON.stringify({ data, ...message, ...(errors === undefined ? {} : { errors }) });
    response.writeHead(status, reason, {
      'Content-Type': 'application/json;charset=UTF-8',
      'Content-Length': String(Buffer.byteLength(text)),
    });
    response.end(text);
  }
}
