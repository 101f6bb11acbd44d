import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { Duplex } from 'node:stream';

/** One HTTPS exchange of a run. */
export interface Exchange {
  readonly method: string;
  /** Without query; commands of containers are `/control/exec`. */
  readonly path: string;
  body: string;
}

export const isCommand = ({ path }: Exchange): boolean => path === '/control/exec';
export const isWrite = (exchange: Exchange): boolean =>
  exchange.method !== 'GET' && !isCommand(exchange) && !exchange.path.endsWith('/access/ticket');

/** When a run dies: before its n-th exchange leaves, or with it sent and its answer never read. n counts from 0. */
export interface Death {
  readonly at: number;
  readonly side: 'before' | 'after';
}

/** What one run says over the wire. After its death nothing of it is sent or heard: SIGKILL, without a process. */
export class WireRun {
  readonly exchanges: Exchange[] = [];
  dead = false;
  readonly died: Promise<void>;
  /** Called before each exchange leaves. */
  readonly before: ((exchange: Exchange, index: number) => Promise<void>) | undefined;
  readonly #death: Death | undefined;
  #resolve: () => void = () => undefined;

  constructor(death?: Death, before?: WireRun['before']) {
    this.#death = death;
    this.before = before;
    this.died = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** What becomes of an exchange. */
  next(exchange: Exchange): 'passes' | 'is lost' | 'is sent and lost' {
    if (this.dead) return 'is lost';
    const index = this.exchanges.push(exchange) - 1;
    if (index !== this.#death?.at) return 'passes';
    this.dead = true;
    if (this.#death.side === 'after') return 'is sent and lost';
    this.#resolve();
    return 'is lost';
  }

  /** The exchange that was sent at death has ended on the server's side. */
  settle(): void {
    this.#resolve();
  }
}

type Listener = (answer: IncomingMessage) => void;

const runs = new AsyncLocalStorage<WireRun>();
const within = new Map<string, (socket: Duplex) => void>();
let open = 0;
let stamp: () => number = () => Date.now();

/** Whether an exchange of a run is on its way. */
export const isBusy = (): boolean => open > 0;

/** Connections to this port stay within the process: without TLS, which no fault is about. */
export function stayWithin(port: number, accept: (socket: Duplex) => void): void {
  within.set(String(port), accept);
}

export function leave(port: number): void {
  within.delete(String(port));
}

/** From now on `node:https` requests of code inside of `onWire` go through its run. `now`: for the Date of answers. */
export function tapWire(now: () => number): void {
  stamp = now;
  if (https.request === tapped) return;
  https.request = tapped;
  syncBuiltinESMExports();
}

export function onWire<T>(run: WireRun, work: () => Promise<T>): Promise<T> {
  return runs.run(run, work);
}

const original = https.request;

const tapped = ((...given: unknown[]): ClientRequest => {
  const run = runs.getStore();
  if (run === undefined) return sendTo(given);
  const exchange = exchangeOf(given);
  const fate = run.next(exchange);
  if (fate === 'is lost') return silence();
  const listener = given.findLast((part): part is Listener => typeof part === 'function');
  const others = given.filter((part) => typeof part !== 'function');
  open += 1;
  const heard = (answer: IncomingMessage): void => {
    answer.headers.date = new Date(stamp()).toUTCString();
    if (run.dead) answer.resume();
    else listener?.(answer);
  };
  const request = sendTo([...others, heard]);
  request.once('close', () => {
    open -= 1;
    if (fate === 'is sent and lost') run.settle();
  });
  const end = request.end.bind(request) as (body?: unknown) => ClientRequest;
  request.end = ((body?: unknown) => {
    exchange.body = String(body ?? '');
    const hold = run.before?.(exchange, run.exchanges.length - 1);
    if (hold === undefined) return end(body);
    void hold.then(() => end(body));
    return request;
  }) as ClientRequest['end'];
  return request;
}) as typeof https.request;

/** Over the process's own pipes where the port is one of its nodes, else over the network. */
function sendTo(given: readonly unknown[]): ClientRequest {
  const options = optionsOf(given);
  const url = typeof given[0] === 'string' ? new URL(given[0]) : undefined;
  const accept = within.get(String(url?.port ?? options.port));
  if (accept === undefined) return (original as (...args: unknown[]) => ClientRequest)(...given);
  const listener = given.findLast((part): part is Listener => typeof part === 'function');
  const path = url === undefined ? {} : { path: `${url.pathname}${url.search}`, host: url.hostname, port: url.port };
  const { agent: _, ca: _c, ...rest } = options;
  const createConnection = (): Duplex => {
    const [near, far] = pipes();
    accept(far);
    return near;
  };
  return plainRequest({ ...rest, ...path, protocol: 'http:', createConnection }, listener);
}

const optionsOf = (given: readonly unknown[]): https.RequestOptions =>
  given.find((part): part is https.RequestOptions => typeof part === 'object' && part !== null) ?? {};

/** Two ends of a connection: what one writes the other reads; when one is gone, so is the other. */
function pipes(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const end = (other: () => Duplex | undefined): Duplex =>
    new Duplex({
      read() {
        this.emit('wanted');
      },
      write(chunk: Buffer, _encoding, done) {
        if (other()?.push(chunk) === false) other()?.once('wanted', done);
        else done();
      },
      final(done) {
        other()?.push(null);
        done();
      },
      destroy(error, done) {
        setImmediate(() => other()?.destroy());
        done(error);
      },
    });
  ends.push(
    end(() => ends[1]),
    end(() => ends[0]),
  );
  return ends as [Duplex, Duplex];
}

/** `request(options, …)` and `request(url, options, …)`. */
function exchangeOf(given: readonly unknown[]): Exchange {
  const options = optionsOf(given);
  const url = typeof given[0] === 'string' ? new URL(given[0]).pathname : (options.path ?? '');
  return { method: options.method ?? 'GET', path: url.replace(/\?.*/, '').replace('/api2/json', ''), body: '' };
}

/** A request of a dead process. */
function silence(): ClientRequest {
  const nothing = new EventEmitter();
  return Object.assign(nothing, { end: () => nothing, destroy: () => nothing }) as unknown as ClientRequest;
}
