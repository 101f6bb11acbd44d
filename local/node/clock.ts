/** Time as the node sees it; tests give their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Whole seconds, the unit of Proxmox VE's times. */
export function seconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}

/** How long the node makes others wait, in milliseconds. */
export interface Timings {
  /** Before an answer 401, as Proxmox VE slows down guessing. */
  readonly unauthorized: number;
  /** For a container's config lock. */
  readonly lock: number;
  /** An idle connection is closed after this. */
  readonly idle: number;
}

/** As measured on a real server. */
export const PROXMOX_TIMINGS: Timings = { unauthorized: 3000, lock: 10_000, idle: 5000 };
