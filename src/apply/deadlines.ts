import type { Call } from '../model/ports.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** How long each kind of call may take, in milliseconds, before it is given up with an error that names it. */
export const DEADLINES = {
  read: 30 * SECOND,
  write: 60 * SECOND,
  /** Template download, also the making of one by the local node. */
  download: 30 * MINUTE,
  /** Unpacking a template onto a slow disk. */
  create: 30 * MINUTE,
  /** Copying a disk: some terabytes. */
  move: 8 * 60 * MINUTE,
  power: 5 * MINUTE,
  /** Seconds a container gets to shut down before it is stopped. */
  graceSeconds: 60,
  /** From a start until the container answers over SSH. */
  reachable: 3 * MINUTE,
  baseline: 20 * MINUTE,
  configure: 55 * MINUTE,
  answers: 400,
} as const;

/** A deadline bound to a run's signal. */
export function call(timeoutMs: number, signal: AbortSignal): Call {
  return { timeoutMs, signal };
}
