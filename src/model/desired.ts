import type { EngineName, HealthCheck, MountSource } from './definition.ts';

export type VmidChoice =
  /** The lowest free one at create; afterwards the one our owner mark is on. */
  | { readonly kind: 'lowest' }
  /** `id` is what the definition says when `base` was added to it. */
  | { readonly kind: 'fixed'; readonly vmid: number; readonly id?: number; readonly base?: number };

export type TemplateChoice =
  | { readonly kind: 'newest' /** e.g. debian */; readonly os: string /** e.g. 12 */; readonly release?: string }
  | { readonly kind: 'volid'; readonly volid: string };

export type Address =
  | { readonly kind: 'dhcp' }
  | {
      readonly kind: 'static';
      readonly address: string;
      readonly prefix: number;
      readonly gateway?: string;
      /** What the definition says, when the local node translated it. */
      readonly written?: string;
    };

export interface NetworkInterface {
  /** Position in Proxmox VE's config: net0, net1 … */
  readonly index: number;
  readonly name: string;
  readonly bridge: string;
  readonly ipv4: Address;
}

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
  /** Literal node; absent: settings or the server decide. */
  readonly node?: string;
  readonly hostname: string;
  readonly template: TemplateChoice;
  readonly templateStorage: string;
  readonly unprivileged: boolean;
  readonly features: { readonly nesting: boolean };
  readonly cores?: number;
  /** MiB */
  readonly memory: number;
  /** MiB */
  readonly swap: number;
  readonly rootfs: { readonly storage: string /** GiB */; readonly size: number };
  readonly onboot: boolean;
  readonly interfaces: readonly NetworkInterface[];
  readonly nameserver?: string;
  readonly searchdomain?: string;
  readonly mounts: readonly MountSource[];
  readonly baseline: BaselineSettings;
  readonly engine: EngineName;
  readonly health: readonly HealthCheck[];
}

export interface BaselineSettings {
  readonly timezone: string;
  readonly locale: string;
  readonly upgrade: boolean;
  /** Operators' authorized_keys lines. */
  readonly sshKeys: readonly string[];
}
