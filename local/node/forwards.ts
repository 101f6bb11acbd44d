import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { Document } from './store/files.ts';

/** A port of this machine that leads to a container. */
export interface Forward {
  readonly port: number;
  readonly address: string;
  readonly to: number;
}

interface Stored {
  forwards: Forward[];
}

/** Only this machine reaches them; one of the two may not be there. */
const LISTEN = ['127.0.0.1', '::1'] as const;
const CONNECT_MS = 10_000;

/**
 * Ports of this machine that lead to containers, for as long as the node serves: nothing of the machine's firewall or
 * routing is changed for them, and they end with the node. What was set is opened again at its next start.
 */
export class Forwards {
  readonly #stored: Document<Stored>;
  readonly #open = new Map<number, Server[]>();
  readonly #sockets = new Set<Socket>();
  readonly #log: (line: string) => void;

  constructor(state: string, log: (line: string) => void) {
    this.#stored = new Document(join(state, 'forwards.json'), () => ({ forwards: [] }));
    this.#log = log;
  }

  all(): readonly Forward[] {
    return this.#stored.value.forwards;
  }

  /** What was set before. A port that somebody else has taken meanwhile is left out, and said in the log. */
  async open(): Promise<void> {
    for (const { port } of this.all()) {
      await this.#listen(port).catch((error: unknown) => this.#log(`port ${port} is not forwarded: ${String(error)}`));
    }
  }

  /** Throws when the port is taken. */
  async set(forward: Forward): Promise<void> {
    if (!this.#open.has(forward.port)) await this.#listen(forward.port);
    this.#stored.update((stored) => {
      stored.forwards = [...stored.forwards.filter(({ port }) => port !== forward.port), forward];
    });
  }

  async remove(port: number): Promise<void> {
    this.#stored.update((stored) => {
      stored.forwards = stored.forwards.filter((forward) => forward.port !== port);
    });
    await this.#end(port);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([...this.#open.keys()].map((port) => this.#end(port)));
  }

  async #listen(port: number): Promise<void> {
    const servers: Server[] = [];
    try {
      for (const address of LISTEN) {
        const server = createServer((socket) => this.#lead(socket, port));
        if (await listening(server, port, address)) servers.push(server);
      }
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    this.#open.set(port, servers);
  }

  async #end(port: number): Promise<void> {
    const servers = this.#open.get(port) ?? [];
    this.#open.delete(port);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #lead(from: Socket, port: number): void {
    const forward = this.all().find((known) => known.port === port);
    if (forward === undefined) {
      from.destroy();
      return;
    }
    const to = connect({ host: forward.address, port: forward.to, timeout: CONNECT_MS });
    to.once('connect', () => to.setTimeout(0));
    to.once('timeout', () => to.destroy());
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.on('error', () => other.destroy());
    }
    from.pipe(to).pipe(from);
  }
}

/** false: this machine does not have the address. */
function listening(server: Server, port: number, address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (address === '::1' && error.code !== 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ port, host: address }, () => resolve(true));
  });
}
