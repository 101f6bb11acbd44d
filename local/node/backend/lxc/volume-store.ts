import type { StorageUsage, TaskLog, Volume } from '../backend.ts';

/** Keeps volumes as directory trees; how, depends on the file system. */
export interface VolumeStore {
  readonly kind: 'directory' | 'btrfs';
  /** Host path of a volume's tree, or of a snapshot of it; reachable for containers. */
  path(volume: Volume, snapshot?: string): string;
  allocate(volume: Volume): Promise<void>;
  /** With its snapshots. */
  free(volume: Volume): Promise<void>;
  grow(volume: Volume, size: number, log: TaskLog): Promise<void>;
  usage(storage: string): Promise<StorageUsage>;
  volumeUsage(volume: Volume): Promise<number>;
  /** Shortens the snapshots that follow, before the container has to stand still for them. */
  flush(): Promise<void>;
  snapshot(volume: Volume, name: string, log: TaskLog, signal: AbortSignal): Promise<void>;
  dropSnapshot(volume: Volume, name: string): Promise<void>;
  rollback(volume: Volume, name: string, log: TaskLog): Promise<void>;
  copy(source: Volume, target: Volume, snapshot: string | undefined, log: TaskLog, signal: AbortSignal): Promise<void>;
  rename(volume: Volume, target: Volume): Promise<void>;
}

export interface Storage {
  readonly storage: string;
  /** Path of the storage itself; volumes are below its `images`. */
  readonly path: string;
}

/** `<vmid>/<last part of the name>`: a name never leads out of its container's folder. */
export function volumeFolder(volume: Volume): string {
  const name = volume.name.split('/').at(-1) ?? '';
  if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
    throw new Error(`unable to parse volume ID '${volume.storage}:${volume.name}'`);
  return `${volume.vmid}/${name}`;
}
