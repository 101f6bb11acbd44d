import type { Parameters } from './plan.ts';
import type { Call, SettledTask } from './ports.ts';
import type { Acl, Backup, BackupJob, Firewall, HaResource, Snapshot, StorageKind, StoredVolume } from './resources.ts';

/**
 * Writes around a container that is there already. None is ever sent twice: a lost answer is looked up (task list,
 * config, storage), and when that does not tell either, the error says `uncertain`. Locks and stale digests are kind
 * busy. Each returns when its task has settled; an empty upid means that things were as wanted already.
 */

/** A container's snapshots cover the volumes that its config names, and nothing else of it. */
export interface Snapshots {
  /** In the order of their taking. */
  list(node: string, vmid: number, call: Call): Promise<readonly Snapshot[]>;
  /** The config that a snapshot holds: its volumes are named there. */
  config(node: string, vmid: number, name: string, call: Call): Promise<Readonly<Record<string, string>>>;
  /** Whether every volume of the container can be snapshotted: a bind mount or a directory storage cannot. */
  possible(node: string, vmid: number, call: Call): Promise<boolean>;
  /** The one of this name and description that is there already is the one that was wanted. */
  take(
    node: string,
    vmid: number,
    snapshot: { readonly name: string; readonly description: string },
    call: Call,
  ): Promise<SettledTask>;
  /** The container is stopped after it, whatever it was before; its description stays as it is. */
  rollback(node: string, vmid: number, name: string, call: Call): Promise<SettledTask>;
  drop(node: string, vmid: number, name: string, call: Call): Promise<SettledTask>;
}

export interface CloneWish {
  /** Where the source stands. */
  readonly node: string;
  readonly from: number;
  /** Where the clone is to stand; absent: beside its source. Its disks are on a storage that both nodes have. */
  readonly target?: string;
  /** Of a container that is no template and runs, only a snapshot can be cloned in full. */
  readonly snapshot?: string;
  readonly vmid: number;
  readonly kind: 'linked' | 'full';
  readonly hostname: string;
  /** Whole, with the mark of the new container: else the source's would be copied. */
  readonly description: string;
  readonly pool?: string;
  /** For full clones; absent: each volume's own. */
  readonly storage?: string;
}

/** MAC addresses of a clone are new, tags and SSH host keys are its source's. */
export interface Clones {
  /** One at a time per source, which Proxmox VE locks; a lock of somebody else is waited for until the deadline. */
  clone(wish: CloneWish, call: Call): Promise<SettledTask>;
  makeTemplate(node: string, vmid: number, call: Call): Promise<SettledTask>;
}

/** A config key of a container that holds a volume, under the digest of the config in which it was seen. */
export interface VolumeSlot {
  readonly vmid: number;
  /** mp0 … or unused0 … */
  readonly key: string;
  readonly digest: string;
}

export interface Volumes {
  /** Volumes on a storage whose names say this vmid: attached, unused, and such that no config names. */
  list(node: string, storage: string, vmid: number, call: Call): Promise<readonly StoredVolume[]>;
  /** Of a stopped container, to another storage; the source is deleted unless `keepSource` leaves it as unusedN. */
  move(
    node: string,
    slot: VolumeSlot,
    to: { readonly storage: string; readonly keepSource?: boolean },
    call: Call,
  ): Promise<SettledTask & { readonly volid: string }>;
  /**
   * Gives a volume to another container of the node, both stopped, in no snapshot. It gets a new name, its mount path
   * stays. Both configs are read afterwards: the source names it no more, the target does.
   */
  reassign(
    node: string,
    from: VolumeSlot,
    to: VolumeSlot,
    call: Call,
  ): Promise<SettledTask & { readonly volid: string }>;
  /** `key` is where it stands as unused; absent: the container runs, and keeps it until its restart. */
  detach(node: string, slot: VolumeSlot, call: Call): Promise<{ readonly volid: string; readonly key?: string }>;
  /** Destroys a volume of this vmid for good. Refused while a mount point or a snapshot of any container names it. */
  free(node: string, vmid: number, volid: string, call: Call): Promise<SettledTask>;
}

export interface BackupWish {
  readonly vmid: number;
  readonly storage: string;
  /** `stop` for a running container: stopped for it and started again. */
  readonly mode: 'snapshot' | 'suspend' | 'stop';
  /** At most about 1000 characters; the first line is what lists show. */
  readonly notes: string;
  readonly protected?: boolean;
}

export interface RestoreWish {
  readonly node: string;
  readonly vmid: number;
  /** volid of a backup */
  readonly archive: string;
  /** For the volumes of the archive's config: those that the backup left out are made anew, and are empty. */
  readonly storage: string;
  /**
   * Go before what the archive's config says: description, hostname, net0 with hwaddr … With `rootfs` (storage:SIZE)
   * only the volumes that are given here are made, and bind mounts of the archive, which only root@pam restores, are out.
   */
  readonly parameters: Parameters;
  /**
   * The stopped container that is there and is replaced; absent: the vmid must be free. Its pool, ACLs, firewall and
   * high availability stay; its config, snapshots and every volume that it still names go, so those must be listed.
   * Its old volumes may be gone before the archive is unpacked: when a restore fails, count on nothing of it.
   */
  readonly over?: { readonly digest: string; readonly losing: readonly string[] };
}

export interface Backups {
  /** Oldest first. */
  list(node: string, storage: string, vmid: number, call: Call): Promise<readonly Backup[]>;
  /** All lines; undefined: it has none. */
  notes(node: string, volid: string, call: Call): Promise<string | undefined>;
  take(node: string, wish: BackupWish, call: Call): Promise<SettledTask & { readonly backup: Backup }>;
  restore(wish: RestoreWish, call: Call): Promise<SettledTask>;
  protect(node: string, volid: string, on: boolean, call: Call): Promise<void>;
  /** Of this vmid only; a protected one is refused by the server. */
  remove(node: string, vmid: number, volid: string, call: Call): Promise<SettledTask>;
}

export interface Placement {
  /** A running container is stopped and started again on the other node. */
  migrate(
    node: string,
    vmid: number,
    to: {
      readonly node: string;
      readonly graceSeconds: number;
      /** Storage there → for all local volumes; absent: those of the same names. */
      readonly storage?: string;
    },
    call: Call,
  ): Promise<SettledTask>;
}

/** What others set up around a container. 403 throws: not known, and never none. */
export interface Surroundings {
  firewall(node: string, vmid: number, call: Call): Promise<Firewall>;
  highAvailability(vmid: number, call: Call): Promise<HaResource | undefined>;
  /** Those on the container itself, as far as this identity may see them. */
  acls(vmid: number, call: Call): Promise<readonly Acl[]>;
  pool(vmid: number, call: Call): Promise<string | undefined>;
  /** Raw `lxc.*` lines of its config as `key: value`; only root on the node can change them. */
  rawLines(node: string, vmid: number, call: Call): Promise<readonly string[]>;
  /** Jobs that take the container in. */
  backupJobs(vmid: number, call: Call): Promise<readonly BackupJob[]>;
  storageKinds(node: string, call: Call): Promise<readonly StorageKind[]>;
}
