import { ApiError } from '../http/answer.ts';

interface Queue {
  held: boolean;
  readonly waiting: (() => void)[];
}

/** Row 900. Nothing of the work was begun. */
export class LockTimeout extends ApiError {
  constructor(vmid: number) {
    super(500, `can't lock file '/run/lock/lxc/pve-config-${vmid}.lock' - got timeout`);
  }
}

async function within<T>(release: () => void, work: () => Promise<T> | T): Promise<T> {
  try {
    return await work();
  } finally {
    release();
  }
}

/** One exclusive lock per vmid: the flock of a container's config, with Proxmox VE's time limit and text. */
export class ConfigLocks {
  readonly #timeoutMs: number;
  readonly #queues = new Map<number, Queue>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Takes the lock; the result gives it back. `onWait`: called when somebody else holds it. Throws LockTimeout. */
  acquire(vmid: number, onWait?: () => void): Promise<() => void> {
    return this.#take(vmid, this.#timeoutMs, onWait);
  }

  async #take(vmid: number, timeoutMs: number, onWait?: () => void): Promise<() => void> {
    const queue = this.#queues.get(vmid) ?? { held: false, waiting: [] };
    this.#queues.set(vmid, queue);
    if (queue.held) {
      onWait?.();
      await this.#wait(vmid, queue, timeoutMs);
    }
    queue.held = true;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = queue.waiting.shift();
      if (next === undefined) this.#queues.delete(vmid);
      else next();
    };
  }

  async run<T>(vmid: number, work: () => Promise<T> | T, onWait?: () => void): Promise<T> {
    return within(await this.acquire(vmid, onWait), work);
  }

  /** Whoever takes a vmid waits half as long (5 s of 10 s in Proxmox VE), before there is a task. */
  async runShort<T>(vmid: number, work: () => T): Promise<T> {
    return within(await this.#take(vmid, this.#timeoutMs / 2), work);
  }

  #wait(vmid: number, queue: Queue, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.waiting.splice(queue.waiting.indexOf(turn), 1);
        reject(new LockTimeout(vmid));
      }, timeoutMs);
      queue.waiting.push(turn);
    });
  }
}
