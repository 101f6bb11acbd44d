import { type Case, timeOf, usualBody } from './case.ts';
import { compare } from './compare.ts';
import { macsIn, shapeOf } from './convert.ts';
import { Credentials } from './credentials.ts';
import { digestIn, normalizeText } from './normalize.ts';
import { OUTSIDE, Outside, taskName } from './outside.ts';
import { type Answer, Site } from './site.ts';

/** What became of a case. */
export type Verdict =
  | { readonly outcome: 'equal' }
  | { readonly outcome: 'differs'; readonly differences: readonly string[] }
  | { readonly outcome: 'left out'; readonly reason: string };

export interface Result {
  readonly row: Case;
  readonly verdict: Verdict;
}

/** Plays cases in their order against one node. */
class Player {
  /** What should have happened beside the API and could not. */
  readonly failures: string[] = [];
  readonly #site: Site;
  readonly #outside: Outside;
  readonly #credentials = new Credentials();
  readonly #options = { knownMacs: new Set<string>() };
  readonly #events = OUTSIDE.toSorted((a, b) => a.before - b.before);
  /** row → the task that it started here */
  readonly #tasks = new Map<number, string>();
  /** row → the digest that it showed here */
  readonly #digests = new Map<number, string>();

  constructor(site: Site) {
    this.#site = site;
    this.#outside = new Outside(site);
  }

  async begin(): Promise<void> {
    await this.#credentials.login(this.#site);
  }

  async play(row: Case): Promise<Verdict> {
    const time = timeOf(row);
    if (time !== undefined) this.#site.setTime(time);
    await this.#happen(row.row);
    for (const mac of macsIn(row.params)) this.#options.knownMacs.add(mac);
    await this.#freeVmid(row);
    const answer = await this.#send(row);
    await this.#learn(row, answer);
    if (row.leftOut !== undefined) return { outcome: 'left out', reason: row.leftOut };
    if (answer.status === 501 && row.status !== 501) {
      return { outcome: 'left out', reason: 'the local node does not offer this call' };
    }
    const differences = this.#differences(row, answer);
    return differences.length === 0 ? { outcome: 'equal' } : { outcome: 'differs', differences };
  }

  async #happen(row: number): Promise<void> {
    while (this.#events[0] !== undefined && this.#events[0].before <= row) {
      const event = this.#events.shift();
      try {
        await event?.run(this.#outside);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        this.failures.push(`before row ${event?.before}, ${event?.what}: ${text}`);
      }
    }
  }

  /**
   * Containers were also removed by hand between rows: a new container that the server went on to make, or to refuse for
   * another reason than its vmid, means that the vmid was free.
   */
  async #freeVmid(row: Case): Promise<void> {
    const created = row.path === '/nodes/pve/lxc' && row.params?.force === undefined;
    if (row.method !== 'POST' || !(created || row.path.endsWith('/clone'))) return;
    if (row.status === 400 || /already exists on node/.test(row.reason ?? '')) return;
    // a clone looks at its new vmid last
    if (!created && row.status !== 200) return;
    const vmid = Number(row.params?.newid ?? row.params?.vmid);
    if (vmid >= 100) await this.#outside.remove(vmid);
  }

  #value(value: unknown): unknown {
    const shown = typeof value === 'string' ? /^<digest (\d+)>$/.exec(value)?.[1] : undefined;
    return shown === undefined ? this.#credentials.fill(value) : (this.#digests.get(Number(shown)) ?? '');
  }

  #send(row: Case): Promise<Answer> {
    const { method, raw } = row;
    if (raw !== undefined) {
      const { scheme, body } = raw;
      const headers = this.#credentials.rawHeaders(raw.headers);
      return this.#site.send({ method, path: row.path, headers, scheme, ...(body === undefined ? {} : { body }) });
    }
    const path = row.path.replace(/\{(\d+)\}/, (whole, task: string) => {
      const upid = this.#tasks.get(Number(task));
      return upid === undefined ? whole : encodeURIComponent(upid);
    });
    const pairs = Object.entries(row.params ?? {}).map(([key, value]) => [key, this.#value(value)] as const);
    const headers = this.#credentials.headers(row);
    if (row.json === true) {
      const type = { 'content-type': 'application/json' };
      const body = JSON.stringify(Object.fromEntries(pairs));
      return this.#site.send({ method, path: `/api2/json${path}`, headers: { ...headers, ...type }, body });
    }
    const form = new URLSearchParams(pairs.map(([key, value]): [string, string] => [key, String(value)])).toString();
    if (method === 'GET' || method === 'DELETE') {
      return this.#site.send({ method, path: `/api2/json${path}${form === '' ? '' : `?${form}`}`, headers });
    }
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.#site.send({ method, path: `/api2/json${path}`, headers: { ...headers, ...type }, body: form });
  }

  /** Notes what later rows need, and waits for the tasks that were started, as the recording did. */
  async #learn(row: Case, { body }: Answer): Promise<void> {
    this.#credentials.learn(row.method, row.path, body);
    const digest = digestIn(body);
    if (digest !== undefined) this.#digests.set(row.row, digest);
    const data = (body as { readonly data?: unknown } | null)?.data;
    if (typeof data === 'string' && data.startsWith('UPID:')) this.#tasks.set(row.row, data);
    const stopped = row.method === 'DELETE' ? /\/tasks\/\{(\d+)\}$/.exec(row.path)?.[1] : undefined;
    const aborted = stopped === undefined ? undefined : this.#tasks.get(Number(stopped));
    await this.#site.settle((upid) => {
      const [type = '', id = ''] = upid.split(':').slice(5);
      return upid !== aborted && this.#outside.isHeld(taskName(type, id));
    });
  }

  #differences(row: Case, answer: Answer): readonly string[] {
    const expected = row.reason ?? 'OK';
    const reason = normalizeText(answer.reason, this.#options);
    const found: string[] = [];
    if (answer.status !== row.status) found.push(`status: expected ${row.status}, came ${answer.status}`);
    if (reason !== expected) found.push(`reason: expected ${expected}, came ${reason}`);
    const body = shapeOf(row.path, answer.body, this.#options);
    if (row.raw?.unread !== true) found.push(...compare(row.body ?? usualBody(row.status, expected), body));
    for (const [name, value] of Object.entries(row.raw?.answerHeaders ?? {})) {
      const came = String(answer.headers[name] ?? '').replace(`:${this.#site.node.port}`, ':<port>');
      if (came !== value) found.push(`header ${name}: expected ${value}, came ${came}`);
    }
    return found;
  }
}

/** Plays all cases against a new node of profile `recorded`; `failures`: what could not be done beside the API. */
export async function playCases(
  cases: readonly Case[],
): Promise<{ readonly results: readonly Result[]; readonly failures: readonly string[] }> {
  const first = cases.map(timeOf).find((time) => time !== undefined) ?? Math.floor(Date.now() / 1000);
  const site = await Site.start(first);
  try {
    const player = new Player(site);
    await player.begin();
    const results: Result[] = [];
    for (const row of cases) results.push({ row, verdict: await player.play(row) });
    return { results, failures: player.failures };
  } finally {
    await site.close();
  }
}
