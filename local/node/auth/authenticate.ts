import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../http/answer.ts';
import { type AccessData, secretMatches } from './access-store.ts';
import { splitToken } from './permissions.ts';

/** Seconds a ticket is good for; it may be this much from the future. */
const LIFETIME = 2 * 3600;
const SKEW = 300;

export interface Caller {
  /** `user@realm` or `user@realm!token` */
  readonly authuser: string;
  readonly byToken: boolean;
}

/** Turned away by the HTTP server before the API is asked: a reason phrase and no body. */
export class Unauthorized extends ApiError {
  constructor(reason: string, status = 401) {
    super(status, reason);
  }
}

/** Tickets and CSRF tokens: `PVE:user:TIME8::signature`, `TIME8:signature`, signed with the node's own key. */
export class Tickets {
  readonly #key: Buffer;
  /** Part of every signature: another one makes all earlier tickets worthless. */
  #generation = 0;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** All tickets so far have ended, as after two hours. */
  expireAll(): void {
    this.#generation += 1;
  }

  issue(user: string, now: number): { readonly ticket: string; readonly csrf: string } {
    const time = now.toString(16).toUpperCase().padStart(8, '0');
    return {
      ticket: `PVE:${user}:${time}::${this.#sign(`ticket:${user}:${time}`)}`,
      csrf: `${time}:${this.#sign(`csrf:${user}:${time}`)}`,
    };
  }

  /** The user of a valid ticket. */
  userOf(ticket: string, now: number): string | undefined {
    const [, user, time, signature] = /^PVE:([^:\s]+):([0-9A-F]{8})::(.+)$/.exec(ticket) ?? [];
    if (user === undefined || time === undefined || signature === undefined) return undefined;
    return this.#good(`ticket:${user}:${time}`, time, signature, now) ? user : undefined;
  }

  csrfMatches(token: string, user: string, now: number): boolean {
    const [, time, signature] = /^([0-9A-F]{8}):(.+)$/.exec(token) ?? [];
    if (time === undefined || signature === undefined) return false;
    return this.#good(`csrf:${user}:${time}`, time, signature, now);
  }

  #good(text: string, time: string, signature: string, now: number): boolean {
    const age = now - Number.parseInt(time, 16);
    const expected = Buffer.from(this.#sign(text));
    const given = Buffer.from(signature);
    return age > -SKEW && age < LIFETIME && expected.length === given.length && timingSafeEqual(expected, given);
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(`${this.#generation}:${text}`).digest('base64');
  }
}

/** Whether an account may be used at all. */
export function userEnabled(data: Readonly<AccessData>, user: string, now: number): boolean {
  const entry = data.users[user];
  return entry?.enable === true && (entry.expire === 0 || entry.expire > now);
}

/** Throws when the token is not one, or its secret, its end or its user forbid it. */
export function verifyToken(data: Readonly<AccessData>, credential: string, now: number): string {
  const [, authuser, secret] = /^([^=\s]+)=(.+)$/.exec(credential) ?? [];
  const name = authuser === undefined ? undefined : splitToken(authuser);
  const token = name === undefined ? undefined : data.users[name.user]?.tokens[name.name];
  const good =
    authuser !== undefined &&
    name !== undefined &&
    token !== undefined &&
    secretMatches(secret ?? '', token.secret) &&
    userEnabled(data, name.user, now) &&
    (token.expire === 0 || token.expire > now);
  if (!good) throw new Unauthorized('Authentication failed!');
  return authuser;
}

/** A token given in the header, whatever the call; undefined: none. One with a wrong separator is a bad one (row 30). */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const given = /^PVEAPIToken(.*)$/.exec(headers.authorization ?? '')?.[1];
  return given === undefined ? undefined : (/^(?:=|\s+)(.*)$/.exec(given)?.[1] ?? '');
}

function cookieTicket(headers: IncomingHttpHeaders): string | undefined {
  const value = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(headers.cookie ?? '')?.[1];
  if (value === undefined || value === '') return undefined;
  return value.includes('%') ? decodeURIComponent(value) : value;
}

/** Who calls. Writes with a ticket need the CSRF token. */
export function authenticate(
  headers: IncomingHttpHeaders,
  method: string,
  site: { readonly data: Readonly<AccessData>; readonly tickets: Tickets; readonly now: number },
): Caller {
  const token = tokenOf(headers);
  if (token !== undefined) return { authuser: verifyToken(site.data, token, site.now), byToken: true };
  const ticket = cookieTicket(headers);
  if (ticket === undefined) throw new Unauthorized('No ticket');
  const user = site.tickets.userOf(ticket, site.now);
  if (user === undefined || !userEnabled(site.data, user, site.now)) throw new Unauthorized('Authentication failed!');
  const csrf = headers.csrfpreventiontoken;
  if (method !== 'GET' && (typeof csrf !== 'string' || !site.tickets.csrfMatches(csrf, user, site.now))) {
    throw new Unauthorized('Permission denied - invalid csrf token');
  }
  return { authuser: user, byToken: false };
}
