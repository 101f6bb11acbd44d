import type { Caller } from './case.ts';
import { ROOT_PASSWORD, type Site } from './site.ts';

interface Ticket {
  readonly ticket: string;
  readonly csrf: string;
}

/** Words that stand for secrets in the cases; the node of the replay is made with these. */
const PASSWORDS: Readonly<Record<string, string>> = {
  '<root password>': ROOT_PASSWORD,
  '<gitops password>': 'recorded-gitops',
  '<gitops password 2>': 'recorded-gitops-2',
};
const NO_SECRET = '00000000-0000-4000-8000-000000000000';

/** What has been handed out during the replay: tickets by user, token secrets by token. */
export class Credentials {
  readonly #tickets = new Map<string, Ticket>();
  readonly #tokens = new Map<string, string>();

  /** Logs root in: the recording began with a ticket at hand. */
  async login(site: Site): Promise<void> {
    const form = new URLSearchParams({ username: 'root@pam', password: ROOT_PASSWORD }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await site.send({ method: 'POST', path: '/api2/json/access/ticket', headers, body: form });
    this.learn('POST', '/access/ticket', answer.body);
  }

  /** Remembers what an answer hands out. */
  learn(method: string, path: string, body: unknown): void {
    const data = (body as { readonly data?: Readonly<Record<string, unknown>> | null } | null)?.data;
    if (method !== 'POST' || data === null || data === undefined) return;
    if (path === '/access/ticket' && typeof data.ticket === 'string') {
      this.#tickets.set(String(data.username), { ticket: data.ticket, csrf: String(data.CSRFPreventionToken) });
    }
    if (typeof data['full-tokenid'] === 'string') this.#tokens.set(data['full-tokenid'], String(data.value));
  }

  /** Placeholders become what they stand for. */
  fill(value: unknown): unknown {
    if (typeof value !== 'string') return value;
    if (value === '<ticket>') return this.#tickets.get('root@pam')?.ticket ?? '';
    return PASSWORDS[value] ?? value;
  }

  #token(id: string): string {
    return this.#tokens.get(id) ?? NO_SECRET;
  }

  headers({ as, flaw }: Caller): Record<string, string> {
    const root = this.#token('root@pam!gitops');
    if (as === 'anon') return {};
    if (as === 'bearer') return { authorization: `Bearer ${root}` };
    if (as === 'tok-space') return { authorization: `PVEAPIToken root@pam!gitops=${root}` };
    if (as === 'tok-colon') return { authorization: `PVEAPIToken:root@pam!gitops=${root}` };
    if (as.startsWith('token:')) {
      const id = as.slice('token:'.length);
      return { authorization: `PVEAPIToken=${id}=${flaw === 'bad-secret' ? NO_SECRET : this.#token(id)}` };
    }
    const ticket = this.#tickets.get(as);
    const text = flaw === 'bad-ticket' || ticket === undefined ? `PVE:${as}:00000000::x` : ticket.ticket;
    return {
      cookie: `PVEAuthCookie=${encodeURIComponent(text)}`,
      ...(flaw === 'no-csrf' ? {} : { csrfpreventiontoken: flaw === 'bad-csrf' ? 'x' : (ticket?.csrf ?? '') }),
    };
  }

  /** Headers of a raw request with its placeholders filled. */
  rawHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
    const cookie = encodeURIComponent(this.#tickets.get('root@pam')?.ticket ?? '');
    const token = `PVEAPIToken=root@pam!gitops=${this.#token('root@pam!gitops')}`;
    const filled = Object.entries(headers).map(([name, value]) => [
      name,
      value.replace('<ticket>', () => cookie).replace('<root token>', () => token),
    ]);
    return Object.fromEntries(filled);
  }
}
