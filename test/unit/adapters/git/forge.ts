import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** git's own server side behind HTTP on the loopback interface, for who has the token. */
export interface Forge {
  readonly url: string;
  readonly root: string;
  /** Method and path of each request, with the Authorization that came along. */
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
  /** Runs git in a work tree whose remote `origin` is the repository. */
  work(...args: readonly string[]): string;
  write(name: string, content: string): void;
  close(): Promise<void>;
}

export interface ForgeOptions {
  readonly token?: string;
  /** Default `owner/name`. */
  readonly repository?: string;
  /** Answers instead of git. */
  readonly instead?: (request: IncomingMessage, response: ServerResponse) => void;
}

export async function startForge(options: ForgeOptions = {}): Promise<Forge> {
  const root = mkdtempSync(join(tmpdir(), 'forge-'));
  const tree = join(root, 'work');
  const bare = join(root, `${options.repository ?? 'owner/name'}.git`);
  const environment = { PATH: process.env.PATH ?? '', HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const git = (directory: string, ...args: readonly string[]) =>
    execFileSync('git', ['-C', directory, ...args], { env: environment, encoding: 'utf8' }).trim();
  mkdirSync(tree);
  mkdirSync(bare, { recursive: true });
  git(bare, 'init', '--quiet', '--bare', '--initial-branch=main');
  git(bare, 'config', 'http.receivepack', 'true');
  git(tree, 'init', '--quiet', '--initial-branch=main');
  git(tree, 'config', 'user.email', 'test@example.org');
  git(tree, 'config', 'user.name', 'test');
  git(tree, 'remote', 'add', 'origin', bare);
  const requests: Forge['requests'] = [];
  const wanted = `Basic ${Buffer.from(`x-access-token:${options.token}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const { authorization } = request.headers;
    requests.push({ path: `${request.method} ${request.url}`, authorization });
    if (options.instead !== undefined) options.instead(request, response);
    else if (options.token === undefined || authorization === wanted) serve(root, environment, request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="forge"' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root,
    requests,
    work: (...args) => git(tree, ...args),
    write: (name, content) => writeFileSync(join(tree, name), content),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** git http-backend is a CGI program. */
function serve(root: string, environment: object, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://forge');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...environment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      ...(request.headers['content-encoding'] ? { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] } : {}),
      ...(request.headers['git-protocol'] ? { GIT_PROTOCOL: String(request.headers['git-protocol']) } : {}),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => undefined);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer.subarray(0, end).toString('latin1').split('\r\n');
    let status = 200;
    for (const line of headers) {
      const [name = '', value = ''] = line.split(/: (.*)/s);
      if (name === 'Status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status).end(answer.subarray(end + 4));
  });
}
