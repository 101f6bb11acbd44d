/** A value together with where a person wrote it. */
export interface Written<T> {
  readonly value: T;
  readonly file: string;
  readonly line: number;
  readonly key: string;
  /** Lines of the parts of a list or map, by their way from the value: `1.vlan` → 12. Only container.yml has them. */
  readonly lines?: Readonly<Record<string, number>>;
}

export type EngineName = 'cinc' | 'ansible' | 'shell' | 'none';

export type MountSource =
  | { readonly kind: 'share'; readonly readOnly?: boolean }
  | { readonly kind: 'bind'; readonly host: string; readonly path: string; readonly readOnly?: boolean }
  | {
      readonly kind: 'device';
      readonly path: string;
      /** Octal, such as 0660. */
      readonly mode?: string;
      readonly uid?: number;
      readonly gid?: number;
      readonly denyWrite?: boolean;
    };

export type DeviceSource = Extract<MountSource, { readonly kind: 'device' }>;

/** One interface in full. What is absent goes back to its default, but for `mac` and `firewall`, which are kept. */
export interface InterfaceDefinition {
  /** Absent: eth0, eth1 … by position. */
  readonly name?: string;
  readonly bridge?: string;
  /** IPv4 with or without prefix, `dhcp`, `manual` or `none` */
  readonly ip?: string;
  readonly gateway?: string;
  /** IPv6 with prefix, `dhcp`, `auto`, `manual` or `none` */
  readonly ip6?: string;
  readonly gateway6?: string;
  readonly vlan?: number;
  readonly trunks?: readonly number[];
  readonly mac?: string;
  readonly mtu?: number;
  /** MB/s */
  readonly rate?: number;
  readonly firewall?: boolean;
  readonly connected?: boolean;
}

export type VolumeDefinition =
  | {
      readonly kind: 'keep';
      /** Without a slash at its end. */
      readonly path: string;
      /** Absent: the site's. */
      readonly storage?: string;
      /** GiB */
      readonly size: number;
      readonly backup?: boolean;
      readonly readOnly?: boolean;
      readonly options?: readonly string[];
      readonly acl?: boolean;
      readonly quota?: boolean;
      readonly replicate?: boolean;
    }
  /** Destroys the volume: the only way to. */
  | { readonly kind: 'delete' };

export interface Features {
  readonly nesting?: boolean;
  readonly keyctl?: boolean;
  readonly fuse?: boolean;
  readonly mknod?: boolean;
  /** File system types, such as nfs. */
  readonly mount?: readonly string[];
}

export interface Startup {
  readonly order?: number;
  /** Seconds */
  readonly up?: number;
  /** Seconds */
  readonly down?: number;
}

export type WayBack = 'auto' | 'snapshot' | 'backup' | 'none';

export type HealthCheck =
  | { readonly kind: 'unit'; readonly unit: string }
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'http'; readonly url: string; readonly status?: number; readonly contains?: string }
  | { readonly kind: 'command'; readonly command: string };

/**
 * What a container repository says, after overlays, before site defaults: still in the words and units of the
 * person who wrote it. Keys that were not written are absent.
 */
export interface Definition {
  /** The directory that was read, absolute. */
  readonly directory: string;
  /** Files that were read, base first, relative to the directory. */
  readonly files: readonly string[];
  /** By `engine`, else by the files that are there. */
  readonly engine: EngineName;
  /** ID of config.env (below 100 allowed) */
  readonly id?: Written<number>;
  /** `vmid:` of container.yml, literal */
  readonly vmid?: Written<number>;
  /** `node`: in order of preference */
  readonly nodes?: Written<readonly string[]>;
  readonly hostname?: Written<string>;
  /** IPv4 with or without prefix, or `dhcp` */
  readonly ip?: Written<string>;
  readonly gateway?: Written<string>;
  /** IPv6 with prefix, `dhcp` or `auto` */
  readonly ip6?: Written<string>;
  readonly gateway6?: Written<string>;
  readonly bridge?: Written<string>;
  readonly vlan?: Written<number>;
  /** Instead of ip, gateway, ip6, gateway6, bridge and vlan: never beside them. */
  readonly interfaces?: Written<readonly InterfaceDefinition[]>;
  readonly nameserver?: Written<readonly string[]>;
  /** Names, separated by one blank. */
  readonly searchdomain?: Written<string>;
  readonly cores?: Written<number>;
  /** Cores' worth of time; 0: no limit */
  readonly cpuLimit?: Written<number>;
  readonly cpuUnits?: Written<number>;
  /** MiB */
  readonly memory?: Written<number>;
  /** MiB */
  readonly swap?: Written<number>;
  readonly disk?: Written<{ readonly storage: string /** GiB */; readonly size: number }>;
  /** By name. A volume below another one's path comes after it. */
  readonly volumes?: Written<Readonly<Record<string, VolumeDefinition>>>;
  readonly mounts?: Written<readonly MountSource[]>;
  readonly devices?: Written<readonly DeviceSource[]>;
  readonly boot?: Written<boolean>;
  readonly startup?: Written<Startup>;
  readonly state?: Written<'present' | 'absent'>;
  /** volid of a template, or `debian`, `debian-12` */
  readonly template?: Written<string>;
  readonly unprivileged?: Written<boolean>;
  /** Never beside `features.nesting`. */
  readonly nesting?: Written<boolean>;
  readonly features?: Written<Features>;
  readonly pool?: Written<string>;
  readonly tags?: Written<readonly string[]>;
  readonly description?: Written<string>;
  readonly protection?: Written<boolean>;
  /** Names of this site, or owner/name. */
  readonly depends?: Written<readonly string[]>;
  /** `engine` as written; which one it comes to is `engine`. */
  readonly engineChoice?: Written<'auto' | EngineName>;
  /** Names; SECRET_NAME of the run's environment holds the value. */
  readonly secrets?: Written<readonly string[]>;
  readonly health?: Written<readonly HealthCheck[]>;
  readonly wayBack?: Written<WayBack>;
  readonly dropSnapshots?: Written<readonly string[]>;
}
