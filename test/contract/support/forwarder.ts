import { connect, createServer, type Server, type Socket } from 'node:net';

/** A second address of one server, which can die and come back: what another node of a cluster is to its clients. */
export class Forwarder {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  /** Connections that were taken so far. */
  connections = 0;

  constructor(target: () => number) {
    this.#server = createServer((from) => {
      this.connections += 1;
      const to = connect(target(), '127.0.0.1');
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => other.destroy());
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.#port = address.port;
    return this;
  }

  /** Cuts every connection; new ones are refused. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  close(): Promise<void> {
    return this.die();
  }
}
