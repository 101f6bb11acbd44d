import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** First byte of a TLS handshake record. */
const TLS_HANDSHAKE = 0x16;

export interface ListenerOptions {
  readonly tls: ServerOptions;
  /** Milliseconds after which an idle connection is closed. */
  readonly idle: number;
  readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
}

/** Who speaks HTTP without TLS is sent to the same address with it, and the connection ends (row 1075). */
function redirect(request: IncomingMessage, response: ServerResponse): void {
  const { host } = request.headers;
  if (host === undefined) {
    request.socket.destroy();
    return;
  }
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const [status, reason] = isRead ? ([301, 'Moved Permanently'] as const) : ([308, 'Permanent Redirect'] as const);
  response.writeHead(status, reason, {
    Location: `https://${host}${request.url ?? '/'}`,
    Connection: 'close',
    'Content-Length': reason.length,
    'Cache-Control': 'max-age=0',
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
  });
  response.end(request.method === 'HEAD' ? undefined : reason);
}

/** A server for TLS and, on the same port, for those who forget it. */
export interface Listener {
  /** To be told where to listen; `close` ends it together with open connections. */
  readonly server: Server;
  /** Takes a connection of this process, which needs neither a port nor TLS. */
  accept(socket: Duplex): void;
  close(): Promise<void>;
}

export function createListener({ tls, idle, serve }: ListenerOptions): Listener {
  const secure = createSecureServer(tls, serve);
  secure.keepAliveTimeout = idle;
  secure.headersTimeout = 60_000;
  const plain = createPlainServer(redirect);
  const open = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
    socket.setTimeout(60_000, () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      socket.pause();
      socket.setTimeout(0);
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? secure : plain).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
    socket.resume();
  });
  return {
    server,
    accept: (socket) => void secure.emit('secureConnection', socket),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
