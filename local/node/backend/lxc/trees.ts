import type { TaskLog } from '../backend.ts';

/** Trees of files that hold volumes and their snapshots; paths are the host's. */
export interface Trees {
  readonly kind: 'directory' | 'btrfs';
  /** Makes an empty one. */
  make(path: string): Promise<void>;
  /** Makes a tree with the content of another; nothing writes to the source meanwhile. */
  duplicate(from: string, to: string, log: TaskLog, signal: AbortSignal): Promise<void>;
  /** The whole tree, with whatever its container made in it. */
  remove(path: string): Promise<void>;
  /** Writes out what waits in memory, so that a copy of a tree on the same file system need not. */
  flush(path: string): Promise<void>;
  /** bytes; 0: no limit */
  limit(path: string, bytes: number): Promise<void>;
  /** bytes */
  used(path: string): Promise<number>;
  /** Bases of templates are closed to writers where the file system can do it. */
  setReadOnly(path: string, readOnly: boolean): Promise<void>;
}
