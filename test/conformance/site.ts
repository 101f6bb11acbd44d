import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningNode, runNode } from '../../local/node/node.ts';

/** Milliseconds for one answer; waits of the node's own are cut short by its timings. */
const DEADLINE = 30_000;
const CONTROL_SECRET = 'conformance';
export const ROOT_PASSWORD = 'recorded-root';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly scheme?: 'https' | 'http';
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body: JSON parsed, anything else as text. */
  readonly body: unknown;
}

/** A node in profile `recorded` in this process, asked over real HTTPS with its CA checked. */
export class Site {
  readonly node: RunningNode;
  readonly #state: string;
  readonly #ca: string;
  readonly #clock: { seconds: number };

  private constructor(node: RunningNode, state: string, clock: { seconds: number }) {
    this.node = node;
    this.#state = state;
    this.#ca = readFileSync(node.caFile, 'utf8');
    this.#clock = clock;
  }

  /** `seconds`: what the server's clock shows first. */
  static async start(seconds: number): Promise<Site> {
    const state = mkdtempSync(join(tmpdir(), 'pve-conformance-'));
    const clock = { seconds };
    const node = await runNode(
      {
        state,
        profile: 'recorded',
        rootPassword: ROOT_PASSWORD,
        controlSecret: CONTROL_SECRET,
        clock: { now: () => clock.seconds * 1000 },
        // the recorded waits are long; their texts are what counts
        timings: { unauthorized: 1, lock: 200, idle: 5000 },
      },
      0,
    );
    return new Site(node, state, clock);
  }

  /** The server's clock never goes back. */
  setTime(seconds: number): void {
    this.#clock.seconds = Math.max(this.#clock.seconds, seconds);
  }

  send({ method, path, headers, body = '', scheme = 'https' }: Request): Promise<Answer> {
    const options = {
      host: '127.0.0.1',
      port: this.node.port,
      method,
      path,
      agent: false as const,
      timeout: DEADLINE,
      headers: {
        ...headers,
        ...(method === 'GET' && body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
    };
    return new Promise((resolve, reject) => {
      const sent = scheme === 'http' ? plainRequest(options) : secureRequest({ ...options, ca: this.#ca });
      sent.on('response', (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = answer.headers['content-type']?.startsWith('application/json') === true;
          resolve({
            status: answer.statusCode ?? 0,
            reason: answer.statusMessage ?? '',
            headers: answer.headers,
            text,
            body: isJson && answer.headers['content-encoding'] === undefined ? JSON.parse(text) : text,
          });
        });
      });
      sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path} within ${DEADLINE} ms`)));
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** A call of the node's control endpoint; throws with what it says. */
  async control(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.send({
      method,
      path: `/control/${path}`,
      headers: { 'x-control-secret': CONTROL_SECRET },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status !== 200) throw new Error(`Unable to control the node: ${method} ${path}: ${answer.reason}`);
    return (answer.body as { readonly data: unknown }).data;
  }

  /** Waits until no task is at work but those that are held. */
  async settle(isHeld: (upid: string) => boolean): Promise<void> {
    const { tasks } = this.node.core;
    const waitFor = (): readonly string[] => tasks.running().filter((upid) => !isHeld(upid));
    for (let upids = waitFor(); upids.length > 0; upids = waitFor()) {
      await Promise.all(upids.map((upid) => tasks.settled(upid)));
    }
  }

  async close(): Promise<void> {
    await this.node.close();
    rmSync(this.#state, { recursive: true, force: true });
  }
}
