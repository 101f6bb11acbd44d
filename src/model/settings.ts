import type { ImageSettings } from './image.ts';

/** Where a value came from, e.g. `environment PROXMOX_HOST`, `local/config.json: proxmox.host`, `default`. */
export type Origin = string;

/** How Proxmox VE's certificate is trusted. There is no way to trust nothing (design, invariant 7). */
export type Trust =
  | { readonly kind: 'system' }
  | { readonly kind: 'ca'; readonly pem: string }
  /** The one certificate of every host. */
  | { readonly kind: 'fingerprint'; readonly sha256: string }
  /** `host` or `host:port` as in `hosts` → its own SHA-256; a host that is not named is verified by public CAs. */
  | { readonly kind: 'fingerprints'; readonly byHost: Readonly<Record<string, string>> };

export interface TokenCredentials {
  /** `user@realm!name` */
  readonly id: string;
  readonly secret: string;
}

/** How the Proxmox VE API is reached and as whom. At least one of token and password is there. */
export interface Connection {
  /** API hosts, first one preferred; host or host:port. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly trust: Trust;
  /** Node for new containers when the definition places none; undefined: the only one, or the one that answers. */
  readonly node?: string;
  readonly token?: TokenCredentials;
  readonly user?: string;
  readonly password?: string;
}

/** Defaults of one site for what definitions leave out. */
export interface NetworkDefaults {
  readonly bridge: string;
  readonly interface: string;
  /** Prefix length for a bare IPv4 address. */
  readonly prefix: number;
  readonly gateway?: string;
  readonly nameserver?: string;
  readonly searchdomain?: string;
  /** The local node's private range, a /16: definitions' IPv4 addresses are translated into it by their last two octets. */
  readonly translate?: string;
}

export interface Settings {
  readonly connection: Connection;
  /** Name of this installation of pve-gitops; part of every owner mark. */
  readonly site: string;
  /** Directory for the CA key and other state of ours, 0700. */
  readonly stateDirectory: string;
  /** Added to a definition's ID below 100, which Proxmox VE refuses. */
  readonly vmidBase: number;
  /** Added to a vmid for its candidate. */
  readonly candidateVmidBase: number;
  /** Added to a vmid for the job that works for it. */
  readonly jobVmidBase?: number;
  /** Where playbooks run: in a job, or in the container that they configure. */
  readonly ansiblePlace?: 'job' | 'target';
  /** Where candidates come up; none: in place of the live one, which is stopped for it. */
  readonly candidateAddresses: 'dhcp' | 'none' | readonly string[];
  /** absent: off */
  readonly images?: ImageSettings;
  readonly storage: string;
  readonly templateStorage: string;
  /** Pool of containers whose definition names none. */
  readonly pool?: string;
  readonly network: NetworkDefaults;
  /** What is not as this version knows the Cinc client. */
  readonly cinc?: {
    readonly version?: string;
    readonly mirror?: string;
    /** Hex SHA-256 by platform/release/architecture. */
    readonly checksums?: Readonly<Record<string, string>>;
  };
  readonly timezone: string;
  readonly locale: string;
  /** Upgrade all packages with the baseline. */
  readonly upgrade: boolean;
  /** Operators' public SSH keys, one authorized_keys line each. */
  readonly sshKeys: readonly string[];
  /** Site login and password handed to configure scripts; never Proxmox VE's. */
  readonly login?: string;
  readonly password?: string;
  /** Behind `MOUNT=share`: `//host/name`, or a directory of the node; absent: the site's own container serves it. */
  readonly share?: string;
  /** The stage when no branch and no input says one. */
  readonly stage?: string;
  readonly debug: boolean;
  /** A node that runs no containers: commands go to its control endpoint instead of SSH. */
  readonly simulated?: { readonly control: string };
}

/** One settings value with its origin, secrets masked; what `--show-settings` and logs print. */
export interface ShownSetting {
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
}
