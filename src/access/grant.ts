import type { ApiIdentity, PermissionsByPath, Role } from '../model/inspection.ts';
import type { Missing } from './missing.ts';
import { ROLE, rolePrivileges } from './role.ts';

/** Roles for what the role of one pool never holds. */
const EXTRA: Readonly<Record<string, { readonly role: string; readonly builtin: boolean }>> = {
  'Pool.Allocate': { role: 'PVEPoolAdmin', builtin: true },
  'Sys.Modify': { role: 'GitOpsSystem', builtin: false },
};

export interface GrantInput {
  readonly identity: ApiIdentity;
  /** What this identity holds. */
  readonly held: PermissionsByPath;
  /** What the user of a token holds; undefined: not visible. */
  readonly heldByUser?: PermissionsByPath | undefined;
  readonly roles: readonly Role[];
  readonly major: number;
}

/** Whom a privilege is to be granted to: a token with separated privileges has what both it and its user have. */
export interface Subjects {
  readonly users: readonly string[];
  readonly tokens: readonly string[];
  /** Which of the two lacks it, for people. */
  readonly lacks: string;
}

export function subjectsOf({ path, privilege }: Missing, { identity, heldByUser }: GrantInput): Subjects {
  const { user } = identity;
  if (identity.kind === 'user') return { users: [user], tokens: [], lacks: `user ${user} lacks it` };
  if (identity.separated === false) {
    return { users: [user], tokens: [], lacks: `user ${user} lacks it, whose privileges the token has` };
  }
  const hasIt = user === 'root@pam' ? true : heldByUser?.get(path)?.has(privilege);
  if (hasIt === true) {
    return { users: [], tokens: [identity.id], lacks: `the token lacks what its user ${user} has` };
  }
  const lacks =
    hasIt === false
      ? `its user ${user} lacks it, and a token never has more`
      : `the token or its user ${user} lacks it`;
  return { users: [user], tokens: [identity.id], lacks };
}

/** The pveum lines that grant a privilege, in their order. */
export function grantCommands(missing: Missing, input: GrantInput): readonly string[] {
  const { path, privilege } = missing;
  const subjects = subjectsOf(missing, input);
  const acl = (role: string): string => aclCommand(path, role, subjects);
  const extra = EXTRA[privilege];
  if (extra !== undefined) {
    const known = extra.builtin || input.roles.some(({ name }) => name === extra.role);
    return [...(known ? [] : [`pveum role add ${extra.role} --privs ${privilege}`]), acl(extra.role)];
  }
  const bound = boundRole(path, input);
  if (bound !== undefined && !bound.privileges.has(privilege)) return [appendCommand(bound.name, privilege)];
  const own = input.roles.find(({ name }) => name === ROLE);
  if (own === undefined) return [roleCommand(ROLE, rolePrivileges(input.major)), acl(ROLE)];
  return [...(own.privileges.has(privilege) ? [] : [appendCommand(ROLE, privilege)]), acl(ROLE)];
}

export function roleCommand(role: string, privileges: readonly string[]): string {
  return `pveum role add ${role} --privs '${privileges.join(' ')}'`;
}

export function appendCommand(role: string, privilege: string): string {
  return `pveum role modify ${role} --privs '${privilege}' --append 1`;
}

/** Token ids hold a `!`, which shells expand outside of single quotes. */
export function aclCommand(path: string, role: string, { users, tokens }: Omit<Subjects, 'lacks'>): string {
  const to = [
    ...(users.length === 0 ? [] : [`--users ${users.join(',')}`]),
    ...(tokens.length === 0 ? [] : [`--tokens '${tokens.join(',')}'`]),
  ];
  return `pveum acl modify ${path} ${to.join(' ')} --roles ${role}`;
}

/** The role of the site's own that seems to be granted on a path: all that it holds is held there. */
function boundRole(path: string, { roles, held }: GrantInput): Role | undefined {
  const here = held.get(path) ?? new Set<string>();
  const candidates = roles.filter(
    ({ builtin, privileges }) => !builtin && privileges.size > 0 && [...privileges].every((name) => here.has(name)),
  );
  return (
    candidates.find(({ name }) => name === ROLE) ??
    candidates.toSorted((a, b) => b.privileges.size - a.privileges.size)[0]
  );
}
