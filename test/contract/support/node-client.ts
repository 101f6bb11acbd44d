import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeOptions, type RunningNode, runNode } from '../../../local/node/node.ts';

/** What came back, whole. */
export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body parsed; undefined when it is not JSON. */
  readonly body: { data?: unknown; message?: string; errors?: Record<string, string>; total?: number } | undefined;
}

/** The data of a good answer; throws with what came instead. */
export function dataOf<T>(reply: Reply): T {
  if (reply.status !== 200 || reply.body === undefined) throw new Error(`${reply.status} ${reply.reason}`);
  return reply.body.data as T;
}

export type Fields = Readonly<Record<string, string | number>>;

/** A client of our own for tests: it checks the CA, speaks forms, and retries nothing. */
export class NodeClient {
  readonly #port: number;
  readonly #caFile: string;
  readonly #ca: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(port: number, caFile: string, headers: Readonly<Record<string, string>> = {}) {
    this.#port = port;
    this.#caFile = caFile;
    this.#ca = readFileSync(caFile, 'utf8');
    this.headers = headers;
  }

  with(headers: Readonly<Record<string, string>>): NodeClient {
    return new NodeClient(this.#port, this.#caFile, headers);
  }

  call(method: string, path: string, fields: Fields = {}, headers: Record<string, string> = {}): Promise<Reply> {
    const pairs = Object.entries(fields).map(([key, value]): [string, string] => [key, String(value)]);
    const form = new URLSearchParams(pairs).toString();
    const inQuery = method === 'GET' || method === 'DELETE';
    const target = inQuery && form !== '' ? `${path}?${form}` : path;
    return this.raw(method, `/api2/json${target}`, inQuery ? '' : form, {
      ...(inQuery ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      ...headers,
    });
  }

  raw(method: string, path: string, body: string, headers: Record<string, string> = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          ca: this.#ca,
          method,
          path,
          agent: false,
          headers: { ...this.headers, ...headers, 'content-length': Buffer.byteLength(body) },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const json = answer.headers['content-type']?.startsWith('application/json') === true && text !== '';
            resolve({
              status: answer.statusCode ?? 0,
              reason: answer.statusMessage ?? '',
              headers: answer.headers,
              text,
              body: json ? (JSON.parse(text) as NonNullable<Reply['body']>) : undefined,
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

export interface TestNode {
  readonly node: RunningNode;
  readonly state: string;
  /** root@pam with a ticket, sent with its CSRF token. */
  readonly root: NodeClient;
  readonly anonymous: NodeClient;
  /** Calls, waits for the task, and gives its exit status. */
  task(client: NodeClient, method: string, path: string, fields?: Fields): Promise<string>;
  close(): Promise<void>;
}

export const ROOT_PASSWORD = 'correct horse';
const FAST = { unauthorized: 1, lock: 300, idle: 5000 };

/** A ticket client for a user. */
export async function login(client: NodeClient, username: string, password: string): Promise<NodeClient> {
  const reply = await client.call('POST', '/access/ticket', { username, password });
  const data = dataOf<{ ticket: string; CSRFPreventionToken: string }>(reply);
  return client.with({
    cookie: `PVEAuthCookie=${encodeURIComponent(data.ticket)}`,
    csrfpreventiontoken: data.CSRFPreventionToken,
  });
}

/** Starts a node in this process on a free port, with a state directory of its own unless one is given. */
export async function startTestNode(options: Partial<NodeOptions> = {}): Promise<TestNode> {
  const state = options.state ?? mkdtempSync(join(tmpdir(), 'pve-node-'));
  const node = await runNode({ profile: 'recorded', rootPassword: ROOT_PASSWORD, timings: FAST, ...options, state }, 0);
  const anonymous = new NodeClient(node.port, node.caFile);
  return {
    node,
    state,
    anonymous,
    root: await login(anonymous, 'root@pam', ROOT_PASSWORD),
    task: async (client, method, path, fields) => {
      const reply = await client.call(method, path, fields);
      if (reply.status !== 200) throw new Error(`${method} ${path}: ${reply.status} ${reply.reason}`);
      const upid = String(reply.body?.data);
      await node.core.tasks.settled(upid);
      return node.core.tasks.get(upid)?.exitstatus ?? 'running';
    },
    close: async () => {
      await node.close();
      if (options.state === undefined) rmSync(state, { recursive: true, force: true });
    },
  };
}

export const TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';

/** Bytes that begin as a zstd archive does: all that the simulated back end looks at. */
const ARCHIVE = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]);

/** Puts the template of the recordings where the node finds it. */
export function addTemplate(test: TestNode, name = TEMPLATE.slice('local:vztmpl/'.length), bytes = ARCHIVE): void {
  const folder = join(test.node.core.storages.directory('local'), 'template', 'cache');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
}

/** What the recordings send for a small container. */
export function small(vmid: number, fields: Fields = {}): Fields {
  return { vmid, ostemplate: TEMPLATE, rootfs: 'local-btrfs:1', unprivileged: 1, memory: 128, ...fields };
}

/** A client with a new API token of a user. */
export async function tokenClient(root: NodeClient, id: string, fields: Fields = {}): Promise<NodeClient> {
  const [user, name] = id.split('!');
  const reply = await root.call('POST', `/access/users/${user}/token/${name}`, fields);
  const { value } = dataOf<{ value: string }>(reply);
  return root.with({ authorization: `PVEAPIToken=${id}=${value}` });
}
