import type {
  AclEntry,
  ApiIdentity,
  Bridge,
  ClusterState,
  HostState,
  NodeState,
  PermissionsByPath,
  Role,
} from './inspection.ts';
import type { Call } from './ports.ts';

/** What `doctor` and `setup` look at beside the inventory. Reads only. */
export interface Inspection {
  /** Every configured API host by itself, in their order; never throws for one that does not answer. */
  hosts(call: Call): Promise<readonly HostState[]>;
  /** undefined: this identity may not see it (Sys.Audit on /). */
  cluster(call: Call): Promise<ClusterState | undefined>;
  /** All nodes of the cluster, also those that are down. */
  nodes(call: Call): Promise<readonly NodeState[]>;
  identity(call: Call): Promise<ApiIdentity>;
  /** What this identity is allowed on each path. */
  permissions(paths: readonly string[], call: Call): Promise<PermissionsByPath>;
  /** The same of the user of a token; undefined: not visible. */
  permissionsOf(user: string, paths: readonly string[], call: Call): Promise<PermissionsByPath | undefined>;
  roles(call: Call): Promise<readonly Role[]>;
  /** Bridges and virtual networks of a node that this identity may use or see. */
  bridges(node: string, call: Call): Promise<readonly Bridge[]>;
  pool(name: string, call: Call): Promise<'there' | 'missing' | 'hidden'>;
}

/** Who may do what on a server, and the pool it is for: what `setup` makes. Each call is sent once. */
export interface Administration {
  release(call: Call): Promise<string>;
  nodes(call: Call): Promise<readonly NodeState[]>;
  /** The node that answers, and its address as the cluster knows it. */
  self(call: Call): Promise<{ readonly node: string; readonly address?: string } | undefined>;
  /** Storages of the whole site and what they take. */
  storages(call: Call): Promise<readonly { readonly storage: string; readonly content: readonly string[] }[]>;
  bridges(node: string, call: Call): Promise<readonly Bridge[]>;
  pools(call: Call): Promise<readonly string[]>;
  roles(call: Call): Promise<readonly Role[]>;
  /** user@realm */
  users(call: Call): Promise<readonly string[]>;
  /** undefined: there is no such token. The user must exist. */
  token(id: string, call: Call): Promise<{ readonly separated: boolean } | undefined>;
  acl(call: Call): Promise<readonly AclEntry[]>;
  addPool(name: string, comment: string, call: Call): Promise<void>;
  addRole(name: string, privileges: readonly string[], call: Call): Promise<void>;
  /** Adds privileges to a role and takes none away. */
  extendRole(name: string, privileges: readonly string[], call: Call): Promise<void>;
  /** A user without a password, who can only act through tokens. */
  addUser(user: string, comment: string, call: Call): Promise<void>;
  /** Makes a token with separated privileges; its secret is told this once. */
  addToken(id: string, comment: string, call: Call): Promise<string>;
  separateToken(id: string, call: Call): Promise<void>;
  /** Its grants go with it. */
  removeToken(id: string, call: Call): Promise<void>;
  grant(
    grant: {
      readonly path: string;
      readonly role: string;
      readonly users: readonly string[];
      readonly tokens: readonly string[];
    },
    call: Call,
  ): Promise<void>;
}
