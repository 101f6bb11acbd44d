import type { Administration } from '../model/administration.ts';
import { GitopsError } from '../model/errors.ts';
import type { AclEntry } from '../model/inspection.ts';
import type { Call } from '../model/ports.ts';
import { COMMENT, type Wish } from './wish.ts';

/** One thing that was looked at, and what was done about it. */
export interface Done {
  readonly kind: 'there' | 'made' | 'mended' | 'note';
  readonly text: string;
}

export interface EnsureOptions {
  /** A new secret for a token that is there. */
  readonly renew: boolean;
  /** The token's secret is at hand, and good. */
  readonly secretKnown: boolean;
  /** Called with a new secret at once, before anything else can fail: it is told only once. */
  readonly save: (secret: string) => Promise<void>;
  readonly call: Call;
}

/**
 * Makes what is missing and mends what is not enough; what is there and more than enough is said and left. Run again it
 * does nothing. Throws kind user when the token is there and its secret is not.
 */
export async function ensure(admin: Administration, wish: Wish, options: EnsureOptions): Promise<readonly Done[]> {
  const { call } = options;
  const done: Done[] = [
    await ensurePool(admin, wish, call),
    ...(await ensureRole(admin, wish, call)),
    await ensureUser(admin, wish, call),
  ];
  done.push(...(await ensureToken(admin, wish, options)));
  const acl = await admin.acl(call);
  for (const path of wish.paths) done.push(await ensureGrant(admin, wish, path, acl, call));
  return [...done, ...beyond(wish, acl)];
}

async function ensurePool(admin: Administration, { pool }: Wish, call: Call): Promise<Done> {
  if ((await admin.pools(call)).includes(pool)) return { kind: 'there', text: `pool ${pool}` };
  await admin.addPool(pool, COMMENT, call);
  return { kind: 'made', text: `pool ${pool}` };
}

async function ensureRole(admin: Administration, { role, privileges }: Wish, call: Call): Promise<readonly Done[]> {
  const found = (await admin.roles(call)).find(({ name }) => name === role);
  if (found === undefined) {
    await admin.addRole(role, privileges, call);
    return [{ kind: 'made', text: `role ${role} (${privileges.join(', ')})` }];
  }
  const lacking = privileges.filter((privilege) => !found.privileges.has(privilege));
  const more = [...found.privileges].filter((privilege) => !privileges.includes(privilege)).sort();
  const notes: Done[] =
    more.length === 0
      ? []
      : [{ kind: 'note', text: `role ${role} holds more than is needed, which was left: ${more.join(', ')}` }];
  if (lacking.length === 0) return [{ kind: 'there', text: `role ${role}` }, ...notes];
  await admin.extendRole(role, lacking, call);
  return [{ kind: 'mended', text: `role ${role}: added ${lacking.join(', ')}` }, ...notes];
}

async function ensureUser(admin: Administration, { user }: Wish, call: Call): Promise<Done> {
  if ((await admin.users(call)).includes(user)) return { kind: 'there', text: `user ${user}` };
  await admin.addUser(user, COMMENT, call);
  return { kind: 'made', text: `user ${user}, without a password` };
}

async function ensureToken(
  admin: Administration,
  { token }: Wish,
  { renew, secretKnown, save, call }: EnsureOptions,
): Promise<readonly Done[]> {
  const found = await admin.token(token, call);
  if (found !== undefined && !renew && !secretKnown) {
    throw new GitopsError('user', `Unable to use token ${token}: it is there, but its secret is not`, {
      advice: ['Proxmox VE shows a secret only once; make a new one: pve-gitops setup --run --renew-token'],
    });
  }
  if (found === undefined || renew) {
    if (found !== undefined) await admin.removeToken(token, call);
    await save(await admin.addToken(token, COMMENT, call));
    return [{ kind: found === undefined ? 'made' : 'mended', text: `token ${token} with privileges of its own` }];
  }
  if (found.separated) return [{ kind: 'there', text: `token ${token}` }];
  await admin.separateToken(token, call);
  return [{ kind: 'mended', text: `token ${token}: its privileges are separated from its user's now` }];
}

async function ensureGrant(
  admin: Administration,
  { role, user, token }: Wish,
  path: string,
  acl: readonly AclEntry[],
  call: Call,
): Promise<Done> {
  const granted = (kind: AclEntry['kind'], who: string): boolean =>
    acl.some((entry) => entry.path === path && entry.kind === kind && entry.who === who && entry.role === role);
  const users = granted('user', user) ? [] : [user];
  const tokens = granted('token', token) ? [] : [token];
  const text = `${role} on ${path}`;
  if (users.length + tokens.length === 0) return { kind: 'there', text };
  await admin.grant({ path, role, users, tokens }, call);
  return {
    kind: users.length + tokens.length === 2 ? 'made' : 'mended',
    text: `${text} for ${[...users, ...tokens].join(', ')}`,
  };
}

/** Rights that somebody else gave to the same names: left, and said. */
function beyond({ user, token, role, paths }: Wish, acl: readonly AclEntry[]): readonly Done[] {
  return acl
    .filter(({ who }) => who === user || who === token)
    .filter((entry) => entry.role !== role || !paths.includes(entry.path))
    .map(({ who, role: other, path }) => ({
      kind: 'note',
      text: `${who} also has ${other} on ${path}, which was left`,
    }));
}
