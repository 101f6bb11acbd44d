import { ApiError, type Json } from '../http/answer.ts';

/** What goes wrong. */
export type FaultKind =
  | { readonly kind: '401' }
  /** The socket is closed before the request is read: nothing was done. */
  | { readonly kind: 'refused' }
  /** The work is done, the socket closed without an answer. */
  | { readonly kind: 'dropped' }
  /** The answer's headers and half of its body come, then the connection breaks; the work is done. */
  | { readonly kind: 'cut' }
  /** Every ticket that was given out so far is worth nothing from the call that it meets on. */
  | { readonly kind: 'expired-tickets' }
  /** 595 to 599 are the proxy's own, with nothing but a reason; `done`: the work is done before. */
  | { readonly kind: '5xx'; readonly status: number; readonly text: string; readonly done: boolean }
  /** Tasks fail with this text before their work. */
  | { readonly kind: 'task-failure'; readonly text: string }
  /** Calls, or tasks when the match names them, wait until the time is over or the fault is taken away. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Somebody holds the flock of a container's config; with a task in its match, from that task's begin on. */
  | { readonly kind: 'flock'; readonly vmid: number }
  /** The cluster has no quorum as long as the fault stands. */
  | { readonly kind: 'no-quorum' }
  /** Nothing more fits on a storage. */
  | { readonly kind: 'storage-full'; readonly storage: string }
  /** The container's config says `lock: …`; taken away with the fault. */
  | { readonly kind: 'lock'; readonly vmid: number; readonly lock: string };

/** Which calls or tasks a fault meets. Paths are those below /api2/json; `*` stands for one segment. */
export interface FaultMatch {
  readonly method?: string;
  readonly path?: string;
  /** A task's type, `*` for every one. */
  readonly task?: string;
  /** A task's id, a vmid mostly. */
  readonly id?: string;
  /** The first meeting that counts, from 1. */
  readonly nth?: number;
  /** Meetings that it is for; undefined: until it is taken away. */
  readonly times?: number;
}

export interface Fault {
  readonly id: string;
  readonly fault: FaultKind;
  readonly match: FaultMatch;
}

interface Armed extends Fault {
  met: number;
  readonly gone: AbortController;
}

/** Faults that are a state of the node and meet no call. */
const STATES: ReadonlySet<FaultKind['kind']> = new Set(['lock', 'flock', 'no-quorum', 'storage-full']);

/** What AnyEvent calls its own statuses. */
const PROXY_TEXTS: Readonly<Record<number, string>> = {
  595: 'Errors during connection establishment',
  596: 'Errors during TLS negotiation, request sending and header processing',
  597: 'Errors during body receiving and processing',
  599: 'Other, usually nonretryable, errors',
};

function pathPattern(path: string): RegExp {
  const escaped = path.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '[^/]+');
  return new RegExp(`^${escaped}$`);
}

/** The faults in force. */
export class Faults {
  readonly #armed = new Map<string, Armed>();
  #next = 1;

  add(fault: FaultKind, match: FaultMatch): Fault {
    const id = String(this.#next);
    this.#next += 1;
    const armed: Armed = { id, fault, match, met: 0, gone: new AbortController() };
    this.#armed.set(id, armed);
    return { id, fault, match };
  }

  /** undefined: there is none of this name. */
  remove(id: string): Fault | undefined {
    const armed = this.#armed.get(id);
    armed?.gone.abort();
    this.#armed.delete(id);
    return armed;
  }

  all(): readonly Fault[] {
    return [...this.#armed.values()].map(({ id, fault, match }) => ({ id, fault, match }));
  }

  /** The first fault in force for a call; counts the meeting. */
  forCall(method: string, path: string): Fault | undefined {
    return this.#meet(({ match }) => {
      if (match.task !== undefined) return false;
      if (match.method !== undefined && match.method !== method) return false;
      return match.path === undefined || pathPattern(match.path).test(path);
    });
  }

  forTask(type: string, id: string): Fault | undefined {
    return this.#meet(({ match, fault }) => {
      if (match.task === undefined && fault.kind !== 'task-failure') return false;
      if (match.task !== undefined && match.task !== '*' && match.task !== type) return false;
      return match.id === undefined || match.id === id;
    });
  }

  /** Ends when the time is over, the fault is taken away or the signal comes. */
  wait(id: string, milliseconds: number, signal?: AbortSignal): Promise<void> {
    const gone = this.#armed.get(id)?.gone.signal;
    return new Promise((resolve) => {
      // A fault outlives many waits: each takes its listener away again.
      const ends = [gone, signal].flatMap((end) => (end === undefined ? [] : [end]));
      const done = (): void => {
        clearTimeout(timer);
        for (const end of ends) end.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      for (const end of ends) end.addEventListener('abort', done, { once: true });
      if (gone === undefined || gone.aborted || signal?.aborted === true) done();
    });
  }

  #meet(meets: (armed: Armed) => boolean): Fault | undefined {
    let found: Armed | undefined;
    for (const armed of this.#armed.values()) {
      if ((STATES.has(armed.fault.kind) && armed.match.task === undefined) || !meets(armed)) continue;
      armed.met += 1;
      const first = armed.match.nth ?? 1;
      const last = armed.match.times === undefined ? Number.POSITIVE_INFINITY : first + armed.match.times - 1;
      if (armed.met >= first && armed.met <= last) found ??= armed;
    }
    return found;
  }
}

/** Reads a fault that came over the wire. */
export function parseFault(body: { readonly [key: string]: Json | undefined }): {
  readonly fault: FaultKind;
  readonly match: FaultMatch;
} {
  const match = (body.match ?? {}) as FaultMatch;
  const number = (key: string, otherwise: number): number => (typeof body[key] === 'number' ? body[key] : otherwise);
  const text = (key: string, otherwise: string): string => (typeof body[key] === 'string' ? body[key] : otherwise);
  switch (body.kind) {
    case '401':
    case 'refused':
    case 'dropped':
    case 'cut':
    case 'no-quorum':
      return { fault: { kind: body.kind }, match };
    case 'expired-tickets':
      // once unless asked otherwise: a new login must be worth something
      return { fault: { kind: body.kind }, match: { times: 1, ...match } };
    case '5xx': {
      const status = number('status', 500);
      const said = text('text', PROXY_TEXTS[status] ?? 'fault');
      return { fault: { kind: '5xx', status, text: said, done: body.done === true }, match };
    }
    case 'storage-full':
      return { fault: { kind: 'storage-full', storage: text('storage', 'local') }, match };
    case 'task-failure':
      return { fault: { kind: 'task-failure', text: text('text', 'fault') }, match };
    case 'delay':
      return { fault: { kind: 'delay', milliseconds: number('milliseconds', 1000) }, match };
    case 'flock':
      return { fault: { kind: 'flock', vmid: number('vmid', 0) }, match };
    case 'lock':
      return { fault: { kind: 'lock', vmid: number('vmid', 0), lock: text('lock', 'backup') }, match };
    default:
      throw new ApiError(400, `unknown kind of fault '${String(body.kind)}'`);
  }
}
