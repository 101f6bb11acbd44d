/** A value together with where a person wrote it. */
export interface Written<T> {
  readonly value: T;
  readonly file: string;
  readonly line: number;
  readonly key: string;
}

export type EngineName = 'cinc' | 'ansible' | 'shell' | 'none';

export type MountSource =
  | { readonly kind: 'share' }
  | { readonly kind: 'bind'; readonly host: string; readonly path: string }
  | { readonly kind: 'device'; readonly path: string };

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
  readonly engine: EngineName;
  /** ID of config.env (below 100 allowed) */
  readonly id?: Written<number>;
  /** `vmid:` of container.yml, literal */
  readonly vmid?: Written<number>;
  readonly hostname?: Written<string>;
  /** IPv4 with or without prefix, or `dhcp` */
  readonly ip?: Written<string>;
  readonly gateway?: Written<string>;
  readonly bridge?: Written<string>;
  readonly cores?: Written<number>;
  /** MiB */
  readonly memory?: Written<number>;
  /** MiB */
  readonly swap?: Written<number>;
  readonly disk?: Written<{ readonly storage: string /** GiB */; readonly size: number }>;
  readonly boot?: Written<boolean>;
  readonly mounts?: Written<readonly MountSource[]>;
  readonly state?: Written<'present' | 'absent'>;
  /** volid of a template, or `debian`, `debian-12` */
  readonly template?: Written<string>;
  readonly unprivileged?: Written<boolean>;
  readonly nesting?: Written<boolean>;
  readonly health?: Written<readonly HealthCheck[]>;
}
