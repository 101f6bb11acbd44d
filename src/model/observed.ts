/** A guest as the cluster lists it: any kind, ours or not. The list lags by seconds and may be filtered by permissions. */
export interface Guest {
  readonly vmid: number;
  readonly type: 'lxc' | 'qemu';
  readonly node: string;
  readonly name?: string;
  readonly status: string;
  readonly template: boolean;
  readonly tags: readonly string[];
  readonly pool?: string;
  readonly lock?: string;
}

/** A container as its owning node knows it right now. */
export interface ContainerState {
  readonly vmid: number;
  readonly node: string;
  readonly running: boolean;
  /** Bytes used on the root disk; absent when the server does not tell (a stopped container). */
  readonly used?: number;
  /** Proxmox VE's own lock on it (create, backup, snapshot …). */
  readonly lock?: string;
  /** Config as stored and active, Proxmox VE's keys and text values (numbers as text). */
  readonly config: Readonly<Record<string, string>>;
  /** Values that wait for a restart; null: key will be removed. */
  readonly pending: Readonly<Record<string, string | null>>;
  readonly digest: string;
}

export interface TemplateFile {
  readonly volid: string;
  /** e.g. debian */
  readonly os: string;
  /** e.g. 12 */
  readonly release: string;
  /** e.g. 12.7-1 */
  readonly version: string;
}

/** A template that the node's own verified index offers for download. */
export interface OfferedTemplate {
  readonly name: string;
  readonly os: string;
  readonly release: string;
  readonly version: string;
}

export interface StorageState {
  readonly storage: string;
  readonly content: readonly string[];
  readonly active: boolean;
  readonly enabled: boolean;
  /** bytes */
  readonly available: number;
  /** bytes */
  readonly total: number;
}

export interface TaskState {
  readonly upid: string;
  readonly type: string;
  readonly vmid?: number;
  readonly user: string;
  readonly running: boolean;
  /** `OK`, `WARNINGS: n` or the error text; absent while running. */
  readonly exit?: string;
  /** Seconds since 1970, the server's. */
  readonly started: number;
}
