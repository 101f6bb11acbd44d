import type { Clock } from '../../src/model/ports.ts';

/** Rounds of the event loop without anything on the wire before time goes on. */
const QUIET_ROUNDS = 3;
/** What sleeps longer waits beside the work (the renewal of a lease), which may be busy with files: it is given time. */
const LONG_MS = 5000;
const LONG_QUIET_MS = 500;
/** Waits for files without keeping the processor from whoever works on them. */
const PAUSE_MS = 5;

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

const round = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/**
 * Time that goes on only while nothing happens: when no exchange is on its way, the next sleeper is woken and the clock
 * stands at its hour. Deadlines of the adapters are of the machine's own time, and far away.
 */
export class VirtualTime {
  #now = Date.UTC(2026, 0, 1);
  #sleepers: Sleeper[] = [];
  #pumping = false;
  readonly #isBusy: () => boolean;

  constructor(isBusy: () => boolean) {
    this.#isBusy = isBusy;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
  }

  /** A run's clock; a dead one sleeps for ever. */
  clock(run: { readonly dead: boolean }): Clock {
    return { now: () => new Date(this.#now), sleep: (ms, signal) => this.#sleep(ms, signal, run) };
  }

  #sleep(ms: number, signal: AbortSignal, run: { readonly dead: boolean }): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const sleeper: Sleeper = {
        due: this.#now + ms,
        wake: () => {
          signal.removeEventListener('abort', give);
          if (!run.dead) resolve();
        },
      };
      const give = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        if (!run.dead) reject(signal.reason as Error);
      };
      signal.addEventListener('abort', give, { once: true });
      this.#sleepers.push(sleeper);
      void this.#pump();
    });
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#sleepers.length > 0) {
      const since = performance.now();
      if (!(await this.#quiet())) continue;
      // A sleeper may have been called away meanwhile.
      const first = this.#sleepers.toSorted((a, b) => a.due - b.due)[0];
      if (first === undefined) break;
      if (first.due - this.#now > LONG_MS && !(await this.#quiet(since + LONG_QUIET_MS))) continue;
      if (!this.#sleepers.includes(first)) continue;
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== first);
      this.#now = Math.max(this.#now, first.due);
      first.wake();
    }
    this.#pumping = false;
  }

  /** Waits some rounds, and until the hour when one is given; false: something came over the wire, or another sleeper. */
  async #quiet(until = 0): Promise<boolean> {
    const { length } = this.#sleepers;
    for (let quiet = 0; quiet < QUIET_ROUNDS || performance.now() < until; quiet += 1) {
      await (quiet < QUIET_ROUNDS ? round() : pause());
      if (this.#isBusy() || this.#sleepers.length !== length) return false;
    }
    return true;
  }
}
