import { ApiError } from '../http/answer.ts';

interface Queue {
  held: boolean;
  readonly waiting: (() => void)[];
}

/** One exclusive lock per vmid: the flock of a container's config, with Proxmox VE's time limit and text. */
export class ConfigLocks {
  readonly #timeoutMs: number;
  readonly #queues = new Map<number, Queue>();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Takes the lock; the result gives it back. `onWait`: called when somebody else holds it. */
  async acquire(vmid: number, onWait?: () => void): Promise<() => void> {
    const queue = this.#queues.get(vmid) ?? { held: false, waiting: [] };
    this.#queues.set(vmid, queue);
    if (queue.held) {
      onWait?.();
      await this.#wait(vmid, queue);
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
    const release = await this.acquire(vmid, onWait);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #wait(vmid: number, queue: Queue): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        queue.waiting.splice(queue.waiting.indexOf(turn), 1);
        reject(new ApiError(500, `can't lock file '/run/lock/lxc/pve-config-${vmid}.lock' - got timeout`));
      }, this.#timeoutMs);
      queue.waiting.push(turn);
    });
  }
}
