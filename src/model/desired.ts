import type { DeviceSource, EngineName, HealthCheck, MountSource, Startup, WayBack } from './definition.ts';

export type VmidChoice =
  /** The lowest free one at create; afterwards the one our owner mark is on. */
  | { readonly kind: 'lowest' }
  /** `id` is what the definition says when `base` was added to it. */
  | { readonly kind: 'fixed'; readonly vmid: number; readonly id?: number; readonly base?: number };

export type TemplateChoice =
  | { readonly kind: 'newest' /** e.g. debian */; readonly os: string /** e.g. 12 */; readonly release?: string }
  | { readonly kind: 'volid'; readonly volid: string };

export type Address =
  /** manual: the container's own business; none: no IPv4. */
  | { readonly kind: 'dhcp' | 'manual' | 'none' }
  | {
      readonly kind: 'static';
      readonly address: string;
      readonly prefix: number;
      readonly gateway?: string;
      /** What the definition says, when the local node translated it. */
      readonly written?: string;
    };

export type Ipv6 =
  | { readonly kind: 'dhcp' | 'auto' | 'manual' }
  | { readonly kind: 'static'; readonly address: string; readonly prefix: number; readonly gateway?: string };

export interface NetworkInterface {
  /** Position in Proxmox VE's config: net0, net1 … */
  readonly index: number;
  readonly name: string;
  readonly bridge: string;
  readonly ipv4: Address;
  /**
   * Written in full: what is absent goes back to its default, but for `mac` and `firewall`, which are kept; interfaces
   * beside those written are removed. Else everything that is absent stays as it stands on the server.
   */
  readonly described: boolean;
  readonly ipv6?: Ipv6;
  /** 1 to 4094 */
  readonly vlan?: number;
  readonly trunks?: readonly number[];
  readonly mac?: string;
  readonly mtu?: number;
  /** MB/s */
  readonly rate?: number;
  readonly firewall?: boolean;
  readonly connected: boolean;
}

/** A disk with a name, which outlives the root file system. */
export interface Volume {
  readonly name: string;
  /** Where the container sees it. */
  readonly path: string;
  readonly storage: string;
  /** GiB */
  readonly size: number;
  readonly backup: boolean;
  readonly readOnly: boolean;
  /** noatime, nodev … */
  readonly options: readonly string[];
  readonly acl?: boolean;
  readonly quota?: boolean;
  readonly replicate?: boolean;
}

/** A device of the node; the container sees it under the same path. */
export type Device = Omit<DeviceSource, 'kind'>;

/** Mounted at /share from within the container, by SMB through FUSE. */
export interface Share {
  /** Where it is, or which container of the site serves it: its address is looked up in each run. */
  readonly from: { readonly host: string } | { readonly container: string };
  readonly name: string;
  readonly readOnly: boolean;
}

/** A directory of the node. */
export type Mount = Exclude<MountSource, DeviceSource>;

/**
 * What shall be, resolved against site settings, independent of any server. Travels between the three actions as JSON
 * (src/desired/json.ts), at most 64 KiB; holds no secrets and no file contents.
 */
export interface Desired {
  readonly version: 1;
  /** Container's name within the site: the repository's or directory's name. */
  readonly name: string;
  readonly stage: string;
  /** Repository, e.g. `srv/apache`. */
  readonly owner: string;
  /** Full commit hash; absent outside git. */
  readonly commit?: string;
  readonly state: 'present' | 'absent';
  readonly vmid: VmidChoice;
  /** Where it may stand, in order of preference; empty: anywhere, settings or the server decide at create. */
  readonly nodes: readonly string[];
  readonly hostname: string;
  readonly template: TemplateChoice;
  readonly templateStorage: string;
  readonly unprivileged: boolean;
  readonly features: DesiredFeatures;
  readonly cores?: number;
  /** Cores' worth of time; 0: no limit; absent: as it stands */
  readonly cpuLimit?: number;
  /** absent: as it stands */
  readonly cpuUnits?: number;
  /** MiB */
  readonly memory: number;
  /** MiB */
  readonly swap: number;
  readonly rootfs: { readonly storage: string /** GiB */; readonly size: number };
  readonly onboot: boolean;
  readonly interfaces: readonly NetworkInterface[];
  /** Addresses, separated by one blank. */
  readonly nameserver?: string;
  readonly searchdomain?: string;
  /** One that lies in another comes after it. */
  readonly volumes: readonly Volume[];
  /** Names of volumes that git wants destroyed. */
  readonly deletedVolumes: readonly string[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly share?: Share;
  /** These four stay as they are when absent. */
  readonly pool?: string;
  readonly tags?: readonly string[];
  readonly description?: string;
  readonly protection?: boolean;
  /** absent: as it stands */
  readonly startup?: Startup;
  /** Names of this site, or owner/name. */
  readonly depends: readonly string[];
  /** Names; never the values. */
  readonly secrets: readonly string[];
  readonly wayBack: WayBack;
  /** Snapshots that somebody else took, and that a replace may end. */
  readonly dropSnapshots?: readonly string[];
  readonly baseline: BaselineSettings;
  readonly engine: EngineName;
  readonly health: readonly HealthCheck[];
}

export interface DesiredFeatures {
  readonly nesting: boolean;
  readonly keyctl: boolean;
  readonly fuse: boolean;
  readonly mknod: boolean;
  /** File system types that can be mounted inside. */
  readonly mount: readonly string[];
}

export interface BaselineSettings {
  readonly timezone: string;
  readonly locale: string;
  readonly upgrade: boolean;
  /** Operators' authorized_keys lines. */
  readonly sshKeys: readonly string[];
}
