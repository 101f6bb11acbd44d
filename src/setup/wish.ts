import { ROLE, rolePrivileges } from '../access/role.ts';
import type { Settings } from '../model/settings.ts';

export const POOL = 'gitops';
export const TOKEN = 'gitops@pve!deploy';
export const COMMENT = 'pve-gitops';

/** What shall stand on the server. */
export interface Wish {
  readonly pool: string;
  readonly role: string;
  readonly privileges: readonly string[];
  /** user@realm */
  readonly user: string;
  /** user@realm!name */
  readonly token: string;
  /** ACL paths on which the role is granted to both. */
  readonly paths: readonly string[];
}

export interface WishInput {
  readonly settings: Pick<Settings, 'pool' | 'storage' | 'templateStorage' | 'network'>;
  readonly token: string;
  readonly major: number;
  /** Further storages, for volumes and backups. */
  readonly storages: readonly string[];
  /** SDN zone of the bridge. */
  readonly zone: string;
}

/** One role on the pool, on each storage and on the bridge, and nowhere else. */
export function wishOf({ settings, token, major, storages, zone }: WishInput): Wish {
  const pool = settings.pool ?? POOL;
  const all = [settings.storage, settings.templateStorage, ...storages];
  return {
    pool,
    role: ROLE,
    privileges: rolePrivileges(major),
    user: token.split('!')[0] ?? '',
    token,
    paths: [
      `/pool/${pool}`,
      ...[...new Set(all)].map((storage) => `/storage/${storage}`),
      `/sdn/zones/${zone}/${settings.network.bridge}`,
    ],
  };
}
