/** One API host, asked by itself. */
export type HostState =
  | {
      readonly kind: 'answers';
      readonly host: string;
      readonly milliseconds: number;
      /** e.g. `8.4`; absent: it refused the credentials, `refusal` says how. */
      readonly release?: string;
      readonly refusal?: string;
      /** SHA-256 of its certificate, which was verified. */
      readonly fingerprint?: string;
      /** Server's clock minus ours, in milliseconds; to a second, as its Date header is. */
      readonly clockOffset?: number;
    }
  | { readonly kind: 'silent'; readonly host: string; readonly reason: string }
  | { readonly kind: 'untrusted'; readonly host: string; readonly reason: string; readonly fingerprint?: string };

export interface NodeState {
  readonly node: string;
  readonly online: boolean;
  /** SHA-256 of its API certificate. */
  readonly fingerprint?: string;
}

export interface ClusterState {
  /** undefined: a node of its own, no cluster. */
  readonly quorate?: boolean;
  /** Address of the node that answers, as the cluster knows it. */
  readonly address?: string;
}

/** Who the server takes us for. */
export type ApiIdentity =
  | { readonly kind: 'user'; readonly user: string }
  | {
      readonly kind: 'token';
      readonly user: string;
      /** user@realm!name */
      readonly id: string;
      /** Whether it has only what is granted to it and to its user; undefined: it cannot see that itself. */
      readonly separated?: boolean;
    };

export type Privileges = ReadonlySet<string>;

/** ACL path → what is allowed there, counted as the server counts it. */
export type PermissionsByPath = ReadonlyMap<string, Privileges>;

export interface Role {
  readonly name: string;
  readonly privileges: Privileges;
  /** Comes with Proxmox VE, and cannot be changed. */
  readonly builtin: boolean;
}

export interface Bridge {
  readonly name: string;
  /** SDN zone of a virtual network; absent: a bridge of the node (zone localnetwork). */
  readonly zone?: string;
}

/** Entry of the access control list. */
export interface AclEntry {
  readonly path: string;
  readonly kind: 'user' | 'group' | 'token';
  readonly who: string;
  readonly role: string;
}
