import * as z from 'zod';
import { GitopsError } from '../../model/errors.ts';
import type { Clock } from '../../model/ports.ts';
import type { Connection } from '../../model/settings.ts';
import { openAnswer } from './answer.ts';
import { Failure } from './failure.ts';
import { encodeForm } from './form.ts';
import type { Transport } from './transport.ts';

/** Tickets live for 2 h; long enough before that a new one is fetched with the old one. */
const RENEW_AFTER_MS = 90 * 60_000;
const EXPIRED_AFTER_MS = 115 * 60_000;

/** `root`: for calls that Proxmox VE reserves to root@pam's ticket; a token of root@pam is not root@pam for them. */
export type Identity = 'default' | 'root';

interface Ticket {
  readonly value: string;
  readonly csrf: string;
  readonly madeAt: number;
}

const TICKET = z.object({ ticket: z.string(), CSRFPreventionToken: z.string(), NeedTFA: z.unknown().optional() });

/** Makes the headers that say who we are: the API token's, or those of a ticket that is fetched and renewed here. */
export class Authentication {
  readonly #connection: Connection;
  readonly #transport: Transport;
  readonly #clock: Clock;
  #ticket: Ticket | undefined;
  #login: Promise<Ticket> | undefined;

  constructor(connection: Connection, transport: Transport, clock: Clock) {
    this.#connection = connection;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Who the server will take us for, for messages. */
  name(identity: Identity): string {
    const { token, user } = this.#connection;
    return this.#usesTicket(identity) || token === undefined ? (user ?? 'nobody') : token.id;
  }

  async headers(identity: Identity, method: string, signal: AbortSignal): Promise<Record<string, string>> {
    const { token } = this.#connection;
    if (!this.#usesTicket(identity) && token !== undefined) {
      return { Authorization: `PVEAPIToken=${token.id}=${token.secret}` };
    }
    const ticket = await this.#valid(signal);
    const cookie = { Cookie: `PVEAuthCookie=${encodeURIComponent(ticket.value)}` };
    return method === 'GET' ? cookie : { ...cookie, CSRFPreventionToken: ticket.csrf };
  }

  /** After a 401: whether a new ticket may help. `used` are the headers that were refused. */
  canRenew(identity: Identity, used: Readonly<Record<string, string>>): boolean {
    if (used.Cookie === undefined || !this.#usesTicket(identity)) return false;
    const current = this.#ticket;
    if (current !== undefined && used.Cookie.endsWith(`=${encodeURIComponent(current.value)}`))
      this.#ticket = undefined;
    return true;
  }

  #usesTicket(identity: Identity): boolean {
    const { token, user, password } = this.#connection;
    if (password === undefined || user === undefined) return false;
    return token === undefined || (identity === 'root' && user === 'root@pam');
  }

  async #valid(signal: AbortSignal): Promise<Ticket> {
    const age =
      this.#ticket === undefined ? Number.POSITIVE_INFINITY : this.#clock.now().getTime() - this.#ticket.madeAt;
    if (this.#ticket !== undefined && age < RENEW_AFTER_MS) return this.#ticket;
    // One login for all calls that wait for it; a call whose own signal ended it must not end it for the others.
    const login = this.#login ?? this.#start(age < EXPIRED_AFTER_MS ? this.#ticket : undefined, signal);
    try {
      return await login;
    } catch (error) {
      if (signal.aborted || !isInterruption(error)) throw error;
      return await this.#valid(signal);
    }
  }

  #start(old: Ticket | undefined, signal: AbortSignal): Promise<Ticket> {
    const login = this.#fetch(old, signal).finally(() => {
      if (this.#login === login) this.#login = undefined;
    });
    this.#login = login;
    return login;
  }

  async #fetch(old: Ticket | undefined, signal: AbortSignal): Promise<Ticket> {
    if (old !== undefined) {
      try {
        return await this.#request(old.value, signal);
      } catch (error) {
        if (!(error instanceof Failure) || error.detail.kind !== 'answered') throw error;
      }
    }
    return await this.#request(this.#connection.password ?? '', signal);
  }

  async #request(password: string, signal: AbortSignal): Promise<Ticket> {
    const { user } = this.#connection;
    if (user === undefined || password === '') {
      throw new GitopsError(
        'user',
        'Unable to log in to Proxmox VE: neither an API token nor a user with password is set',
      );
    }
    const body = encodeForm({ username: user, password });
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': `${Buffer.byteLength(body)}`,
    };
    const path = '/api2/json/access/ticket';
    const answer = await this.#transport.send({ method: 'POST', path, headers, body, harmless: true }, signal);
    const parsed = TICKET.safeParse(openAnswer(answer));
    if (!parsed.success) {
      throw new Failure({ kind: 'garbled', status: answer.status, reason: 'the login answer holds no ticket' });
    }
    if (parsed.data.NeedTFA) {
      throw new GitopsError('user', `Unable to log in to Proxmox VE as ${user}: the account asks for a second factor`, {
        advice: ['Use an API token: Datacenter → Permissions → API Tokens.'],
      });
    }
    const { ticket, CSRFPreventionToken } = parsed.data;
    this.#ticket = { value: ticket, csrf: CSRFPreventionToken, madeAt: this.#clock.now().getTime() };
    return this.#ticket;
  }
}

function isInterruption(error: unknown): boolean {
  return error instanceof Failure && (error.detail.kind === 'late' || error.detail.kind === 'cancelled');
}
