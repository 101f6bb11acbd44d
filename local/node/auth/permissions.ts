import { permissionDenied } from '../http/answer.ts';
import type { AccessData, AclEntry, Token } from './access-store.ts';
import type { Roles } from './roles.ts';

/** Privilege → whether it reaches further down. */
export type Privileges = ReadonlyMap<string, boolean>;

interface TokenName {
  readonly user: string;
  readonly name: string;
}

/** `user@realm!name`; undefined for a user's own name. */
export function splitToken(authuser: string): TokenName | undefined {
  const at = authuser.indexOf('!');
  return at < 0 ? undefined : { user: authuser.slice(0, at), name: authuser.slice(at + 1) };
}

/** The form in which ACL paths are kept; undefined: not a path. */
export function normalizePath(path: string): string | undefined {
  if (path === '') return undefined;
  const clean = `/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return /^[a-zA-Z0-9.\-_/]+$/.test(clean) ? clean : undefined;
}

/** What an ACL path may begin with and hold (PVE::AccessControl::check_path). */
const ACL_PATH = new RegExp(
  `^/(?:${[
    ...['access', 'access/groups(?:/[\\w.\\-]+)?', 'access/realm(?:/[\\w.\\-]+)?', 'nodes(?:/[\\w.\\-]+)?'],
    ...['pool(?:/[\\w.\\-]+){0,3}', 'sdn', 'sdn/controllers(?:/[\\w\\-]+)?', 'sdn/(?:dns|ipams)(?:/[a-zA-Z0-9]+)?'],
    ...['sdn/zones(?:/[\\w.\\-]+){0,2}', 'sdn/zones(?:/[\\w.\\-]+){2}/[1-9][0-9]{0,3}', 'storage(?:/[\\w.\\-]+)?'],
    ...['vms(?:/[1-9][0-9]{2,})?', 'mapping(?:/[\\w.\\-]+){0,2}'],
  ].join('|')})?$`,
);

export function isAclPath(path: string): boolean {
  return ACL_PATH.test(path);
}

/** Paths from the root to this one, the root as ''. */
function ancestors(path: string): readonly string[] {
  if (path === '/') return [''];
  const parts = path.split('/').slice(1);
  return ['', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)];
}

/** Answers who may do what, by the rules of PVE::AccessControl and PVE::RPCEnvironment. */
export class AccessControl {
  readonly #data: () => Readonly<AccessData>;
  readonly #builtin: Roles;

  constructor(data: () => Readonly<AccessData>, builtin: Roles) {
    this.#data = data;
    this.#builtin = builtin;
  }

  /** undefined: no such role. */
  role(roleid: string): readonly string[] | undefined {
    return this.#builtin.get(roleid) ?? this.#data().roles[roleid];
  }

  isBuiltin(roleid: string): boolean {
    return this.#builtin.has(roleid);
  }

  builtin(): Roles {
    return this.#builtin;
  }

  /** Privileges on a path, pools counted in; a token with separated privileges has those that it and its user have. */
  privileges(authuser: string, path: string): Privileges {
    const token = splitToken(authuser);
    if (token === undefined) return this.#own(authuser, path);
    const info = this.#token(token);
    if (info === undefined) return new Map();
    const users = this.#own(token.user, path);
    if (!info.privsep) return users;
    const own = this.#own(authuser, path);
    return new Map([...own].filter(([privilege]) => users.has(privilege)));
  }

  /** All of them must be there; the first missing one is named. */
  check(authuser: string, path: string, privileges: readonly string[]): void {
    const have = this.privileges(authuser, path);
    const missing = privileges.find((privilege) => !have.has(privilege));
    if (missing !== undefined) throw permissionDenied(`${path}, ${missing}`);
  }

  checkAny(authuser: string, path: string, privileges: readonly string[]): void {
    if (!this.any(authuser, path, privileges)) throw permissionDenied(`${path}, ${privileges.join('|')}`);
  }

  may(authuser: string, path: string, privilege: string): boolean {
    return this.privileges(authuser, path).has(privilege);
  }

  any(authuser: string, path: string, privileges: readonly string[]): boolean {
    const have = this.privileges(authuser, path);
    return privileges.some((privilege) => have.has(privilege));
  }

  hasUser(userid: string): boolean {
    return this.#data().users[userid] !== undefined;
  }

  groupsOf(userid: string): readonly string[] {
    return this.#data().users[userid]?.groups ?? [];
  }

  /** Who may hand out rights on a path: with Permissions.Modify, or who allocates what stands there. */
  checkPermModify(authuser: string, path: string): void {
    const kind = /^\/(storage|vms|pool)\/./.exec(path)?.[1];
    const own = { storage: 'Datastore.Allocate', vms: 'VM.Allocate', pool: 'Pool.Allocate' };
    const privilege = own[kind as keyof typeof own] as string | undefined;
    this.checkAny(authuser, path, ['Permissions.Modify', ...(privilege === undefined ? [] : [privilege])]);
  }

  /** A guest's privileges may come from the pool that it is created in. */
  checkVm(authuser: string, vmid: number, pool: string | undefined, privileges: readonly string[]): void {
    if (pool !== undefined && privileges.every((privilege) => this.may(authuser, `/pool/${pool}`, privilege))) return;
    this.check(authuser, `/vms/${vmid}`, privileges);
  }

  /** The pool that a guest or storage is in. */
  poolOf(kind: 'vms' | 'storage', id: string): string | undefined {
    const pools = Object.entries(this.#data().pools);
    return pools.find(([, pool]) => (kind === 'vms' ? pool.vms.includes(Number(id)) : pool.storage.includes(id)))?.[0];
  }

  #own(authuser: string, path: string): Privileges {
    const roles = this.#rolesOn(authuser, path);
    const member = /^\/(vms|storage)\/([^/]+)$/.exec(path);
    if (member !== null && !roles.has('NoAccess')) {
      const pool = this.poolOf(member[1] === 'vms' ? 'vms' : 'storage', member[2] ?? '');
      if (pool !== undefined) {
        for (const [role, propagate] of this.#rolesOn(authuser, `/pool/${pool}`)) roles.set(role, propagate);
      }
    }
    const result = new Map<string, boolean>();
    if (roles.has('NoAccess')) return result;
    for (const [role, propagate] of roles) {
      for (const privilege of this.role(role) ?? [])
        result.set(privilege, (result.get(privilege) ?? false) || propagate);
    }
    return result;
  }

  /** Role → propagate; a deeper path's entries replace those above it. */
  #rolesOn(authuser: string, path: string): Map<string, boolean> {
    if (authuser === 'root@pam') return new Map([['Administrator', true]]);
    const groups = new Set(this.#data().users[authuser]?.groups ?? []);
    const isToken = splitToken(authuser) !== undefined;
    let roles = new Map<string, boolean>();
    for (const step of ancestors(path)) {
      const here = this.#data().acl.filter((entry) => entry.path === (step === '' ? '/' : step));
      const usable = here.filter((entry) => entry.propagate || step === (path === '/' ? '' : path));
      const own = usable.filter((entry) => entry.type === (isToken ? 'token' : 'user') && entry.ugid === authuser);
      const chosen = own.length > 0 ? own : usable.filter((entry) => entry.type === 'group' && groups.has(entry.ugid));
      if (chosen.length > 0) roles = new Map(chosen.map((entry: AclEntry) => [entry.roleid, entry.propagate]));
    }
    return roles;
  }

  #token({ user, name }: TokenName): Token | undefined {
    return this.#data().users[user]?.tokens[name];
  }
}
