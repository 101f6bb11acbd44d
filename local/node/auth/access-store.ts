import { createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { Document } from '../store/files.ts';

export interface Token {
  readonly privsep: boolean;
  /** seconds since the epoch; 0: never */
  readonly expire: number;
  readonly comment?: string;
  /** SHA-256 of the secret, hex */
  readonly secret: string;
}

export interface User {
  readonly enable: boolean;
  readonly expire: number;
  readonly firstname?: string;
  readonly lastname?: string;
  readonly email?: string;
  readonly comment?: string;
  /** Of a second factor; kept and given back. */
  readonly keys?: string;
  readonly groups: readonly string[];
  /** `salt:hash`, scrypt */
  readonly password?: string;
  readonly tokens: Record<string, Token>;
}

export interface AclEntry {
  readonly path: string;
  readonly type: 'user' | 'group' | 'token';
  readonly ugid: string;
  readonly roleid: string;
  readonly propagate: boolean;
}

export interface Pool {
  readonly comment?: string;
  readonly vms: readonly number[];
  readonly storage: readonly string[];
}

/** Users, tokens, groups, roles of the site's own, ACLs and pools: what Proxmox VE keeps in user.cfg. */
export interface AccessData {
  users: Record<string, User>;
  groups: Record<string, { readonly comment?: string }>;
  roles: Record<string, readonly string[]>;
  acl: AclEntry[];
  pools: Record<string, Pool>;
}

/** A token as the API shows it. */
export function tokenEntry({
  expire,
  privsep,
  comment,
}: Omit<Token, 'secret'>): Readonly<Record<string, string | number>> {
  return { expire, privsep: privsep ? 1 : 0, ...(comment === undefined ? {} : { comment }) };
}

export type AccessStore = Document<AccessData>;

export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function secretMatches(secret: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashSecret(secret)), Buffer.from(hash));
}

export function hashPassword(password: string): string {
  const salt = randomBytes(12).toString('hex');
  return `${salt}:${scryptSync(password, salt, 32, { N: 4096 }).toString('hex')}`;
}

export function passwordMatches(password: string, stored: string): boolean {
  const [salt = '', hash = ''] = stored.split(':');
  const actual = scryptSync(password, salt, 32, { N: 4096 });
  const expected = Buffer.from(hash, 'hex');
  return expected.length === actual.length && timingSafeEqual(actual, expected);
}

export function newUser(options: Partial<Omit<User, 'tokens'>> = {}): User {
  return { enable: true, expire: 0, groups: [], ...options, tokens: {} };
}

/** Opens user.json; a new one holds root@pam with this password. */
export function openAccessStore(stateDirectory: string, rootPassword: () => string): AccessStore {
  return new Document<AccessData>(join(stateDirectory, 'user.json'), () => ({
    users: { 'root@pam': newUser({ password: hashPassword(rootPassword()) }) },
    groups: {},
    roles: {},
    acl: [],
    pools: {},
  }));
}
