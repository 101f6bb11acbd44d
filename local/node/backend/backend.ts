/** A line for the task's log, without newline. */
export type TaskLog = (line: string) => void;

/** Where and what a volume is. The state core names volumes and does the bookkeeping; the back end keeps the bytes. */
export interface Volume {
  readonly storage: string;
  /** volid without the storage, e.g. `vm-100-disk-0` or `100/vm-100-disk-0.raw` */
  readonly name: string;
  readonly vmid: number;
  /** bytes; 0: no limit (subvol) */
  readonly size: number;
}

export interface MountPoint {
  /** `rootfs`, `mp0` … */
  readonly key: string;
  readonly source:
    | { readonly kind: 'volume'; readonly volume: Volume }
    | { readonly kind: 'bind' | 'device'; readonly path: string };
  /** Path inside the container, `/` for rootfs. */
  readonly path: string;
  readonly readOnly: boolean;
}

export interface NetworkInterface {
  /** 0 for net0 */
  readonly index: number;
  readonly name: string;
  readonly bridge: string;
  readonly hwaddr: string;
  /** CIDR, `dhcp`, `manual` */
  readonly ip?: string;
  readonly gw?: string;
  /** CIDR, `dhcp`, `auto`, `manual` */
  readonly ip6?: string;
  readonly gw6?: string;
  readonly mtu?: number;
  readonly tag?: number;
  /** MB/s */
  readonly rate?: number;
  readonly linkDown: boolean;
}

/** A container's config, parsed; what a back end needs to make, start and change it. */
export interface ContainerSpec {
  readonly vmid: number;
  readonly hostname: string;
  readonly arch: string;
  readonly ostype: string;
  readonly unprivileged: boolean;
  readonly features: Readonly<Record<string, string>>;
  readonly cores?: number;
  readonly cpulimit?: number;
  readonly cpuunits?: number;
  /** MiB */
  readonly memory: number;
  /** MiB */
  readonly swap: number;
  readonly rootfs: MountPoint;
  readonly mounts: readonly MountPoint[];
  readonly interfaces: readonly NetworkInterface[];
  readonly nameserver?: string;
  readonly searchdomain?: string;
  readonly timezone?: string;
}

export interface UnpackOptions {
  /** Absolute path of the template archive. */
  readonly archive: string;
  readonly password?: string;
  /** authorized_keys content for root */
  readonly sshPublicKeys?: string;
}

export interface RuntimeState {
  readonly running: boolean;
  readonly pid?: number;
  /** seconds */
  readonly uptime: number;
  /** share of all cores, 0…1 */
  readonly cpu: number;
  /** bytes */
  readonly memory: number;
  readonly swap: number;
  readonly disk: number;
  readonly diskRead: number;
  readonly diskWrite: number;
  readonly netIn: number;
  readonly netOut: number;
}

export interface InterfaceState {
  readonly name: string;
  readonly hwaddr: string;
  readonly addresses: readonly {
    readonly address: string;
    readonly prefix: number;
    readonly family: 'inet' | 'inet6';
  }[];
}

export interface StorageUsage {
  /** bytes */
  readonly total: number;
  readonly used: number;
  readonly available: number;
}

/** What a change could not do on a running container; the core answers 400 with `errors: {key: message}`. */
export class HotplugError extends Error {
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

export interface TemplateRecipe {
  /** e.g. `debian-13-standard_13.1-2_amd64.tar.zst` */
  readonly file: string;
  readonly os: string;
  /** e.g. `trixie` */
  readonly suite: string;
  readonly arch: string;
  /** Beside those of every template. */
  readonly packages?: readonly string[];
}

/** What a backup goes into, and what it holds beside files. */
export interface BackupArchive {
  /** The container's config as the archive keeps it. */
  readonly config: string;
  /** Path of the file to be written. */
  readonly destination: string;
  readonly compression: 'none' | 'gzip' | 'lzo' | 'zstd';
  /** The volumes' snapshot to read; without it the volumes themselves, which nothing writes to meanwhile. */
  readonly snapshot?: string;
}

/**
 * What can be done with volumes beyond making, growing and freeing them. Calls for one volume come one at a time, and
 * only for storages whose type can do it (btrfs and lvmthin: snapshots and linked clones; dir: full copies), but for
 * the snapshots that a backup takes of any volume.
 */
export interface VolumeWork {
  /** Runs the work while nothing in the container moves; at once when it does not run. */
  still<T>(vmid: number, work: () => Promise<T>): Promise<T>;
  snapshot(volume: Volume, name: string, log: TaskLog, signal: AbortSignal): Promise<void>;
  /** One that is not there is no error. */
  dropSnapshot(volume: Volume, name: string): Promise<void>;
  /** The volume's content becomes the snapshot's, its size the one given; the snapshot stays. */
  rollback(volume: Volume, name: string, log: TaskLog): Promise<void>;
  /** Makes the target with the content of the source, or of a snapshot of it; `linked` shares what does not change. */
  copy(
    source: Volume,
    target: Volume,
    options: { readonly linked: boolean; readonly snapshot?: string },
    log: TaskLog,
    signal: AbortSignal,
  ): Promise<void>;
  /** Takes from a copied container what two must not share: the id of the machine. */
  makeDistinct(spec: ContainerSpec): Promise<void>;
  /**
   * The same bytes under another name on the same storage: reassigned volumes, bases of templates. One that was
   * renamed already is no error.
   */
  rename(volume: Volume, target: Volume): Promise<void>;
  /** Writes an archive of the spec's root file system and of all its mounts. */
  backup(spec: ContainerSpec, archive: BackupArchive, log: TaskLog, signal: AbortSignal): Promise<void>;
  /** The config that such an archive holds. */
  backupConfig(archive: string): Promise<string>;
  /** Unpacks such an archive into the spec's volumes; nothing is set up anew. */
  restore(spec: ContainerSpec, archive: string, log: TaskLog, signal: AbortSignal): Promise<void>;
}

/**
 * What runs containers. Errors are plain Errors whose message is the text that Proxmox VE gives in the task log or
 * answer, without prefix. Calls for one vmid come one at a time; calls for different ones at once.
 */
export interface Backend {
  readonly kind: 'lxc' | 'simulated';
  /** Bridges, firewall, forwarding, leftovers of a crash; idempotent. Containers that run are left running. */
  open(): Promise<void>;
  /** Ends helpers of ours; containers and network stay. */
  close(): Promise<void>;
  /** Stops all containers and takes back everything that `open` did to the host. */
  resetHost(): Promise<void>;

  allocate(volume: Volume): Promise<void>;
  free(volume: Volume): Promise<void>;
  grow(volume: Volume, size: number, log: TaskLog): Promise<void>;
  usage(storage: string): Promise<StorageUsage>;
  /** bytes used in a volume */
  volumeUsage(volume: Volume): Promise<number>;
  bridges(): Promise<readonly string[]>;

  /** Unpacks a template into the root file system and sets it up: hostname, network, SSH host keys (logged as Proxmox VE does). */
  unpack(spec: ContainerSpec, options: UnpackOptions, log: TaskLog, signal: AbortSignal): Promise<void>;
  /** Removes everything but volumes. */
  forget(vmid: number): Promise<void>;
  start(spec: ContainerSpec, log: TaskLog, signal: AbortSignal): Promise<void>;
  stop(vmid: number, log: TaskLog): Promise<void>;
  /** Asks init to end; false: still running after the timeout. */
  shutdown(vmid: number, timeoutSeconds: number, log: TaskLog): Promise<boolean>;
  state(vmid: number): Promise<RuntimeState>;
  networkState(vmid: number): Promise<readonly InterfaceState[]>;
  /** Applies what differs to a running container: limits, hostname, interfaces, new mounts. Throws HotplugError. */
  change(before: ContainerSpec, after: ContainerSpec): Promise<void>;

  /** Without it snapshots, clones, templates, moves and backups are refused. */
  readonly volumeWork?: VolumeWork;

  makeTemplate(recipe: TemplateRecipe, destination: string, log: TaskLog, signal: AbortSignal): Promise<void>;
}
