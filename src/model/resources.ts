/** What stands around a container on a Proxmox VE server: snapshots, volumes, backups, and what others set up for it. */

export interface Snapshot {
  readonly name: string;
  /** Seconds since 1970, the server's. */
  readonly taken: number;
  /** As it was given, without the line feed that the server adds. */
  readonly description: string;
  readonly parent?: string;
  /** Its taking or dropping was cut off: no way back. */
  readonly unfinished: boolean;
}

/** A volume as its storage lists it, whether a config names it or not. */
export interface StoredVolume {
  readonly volid: string;
  /** The container that its name says. */
  readonly vmid: number;
  /** raw, subvol … */
  readonly format: string;
  /** bytes */
  readonly size: number;
  /** Seconds since 1970, where the storage knows. */
  readonly created?: number;
  /** Of a linked clone: the volume below it. */
  readonly parent?: string;
}

export interface Backup {
  readonly volid: string;
  readonly vmid: number;
  /** Seconds since 1970, the server's. */
  readonly taken: number;
  /** bytes */
  readonly size: number;
  /** First line only. */
  readonly notes?: string;
  /** Neither pruned nor removed while it is. */
  readonly protected: boolean;
}

/** What a storage can do for the volumes of containers, by its type. */
export interface StorageKind {
  readonly storage: string;
  /** dir, lvmthin, zfspool … */
  readonly type: string;
  readonly content: readonly string[];
  /** Seen by every node of the cluster. */
  readonly shared: boolean;
  readonly snapshots: boolean;
  readonly linkedClones: boolean;
  /** Volumes can be given to another container of the node. */
  readonly reassign: boolean;
}

/** Values as texts, without digests. */
export interface Firewall {
  readonly options: Readonly<Record<string, string>>;
  /** First one first. */
  readonly rules: readonly Readonly<Record<string, string>>[];
}

export interface HaResource {
  /** started, stopped, ignored … */
  readonly state: string;
  readonly options: Readonly<Record<string, string>>;
}

export interface Acl {
  readonly type: 'user' | 'group' | 'token';
  readonly who: string;
  readonly role: string;
  readonly propagate: boolean;
}

/** A scheduled backup that takes a container in. */
export interface BackupJob {
  readonly id: string;
  readonly enabled: boolean;
  readonly because: 'vmid' | 'all' | 'pool';
  readonly storage?: string;
  readonly schedule?: string;
}
