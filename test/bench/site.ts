import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resetNode, startNode } from '../../local/node/daemon.ts';
import type { NodeFile } from '../../local/node/node-file.ts';

export const run = promisify(execFile);
const BUFFER = { maxBuffer: 1 << 26 };
const KEPT = '/var/tmp/pve-gitops-tests/debian-13-standard_13.1-2_amd64.tar.zst';

export interface Timed {
  readonly milliseconds: number;
  readonly apiCalls: number;
  /** Programs of ssh: the connection, and one for each command over it. */
  readonly sshRuns: number;
  readonly text: string;
}

/** A local node of its own, the command line on it, and a key that opens every container. */
export interface BenchSite {
  readonly node: NodeFile;
  readonly folder: string;
  /** `10.95` */
  readonly prefix: string;
  readonly key: string;
  readonly publicKey: string;
  definition(lib: string): string;
  cli(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Timed>;
  call(method: string, path: string, fields?: Readonly<Record<string, string | number>>): Promise<unknown>;
  /** What only a local node can be told. */
  control(method: string, path: string, fields?: object): Promise<unknown>;
  /** A call that starts a task, until it has ended well. */
  task(method: string, path: string, fields?: Readonly<Record<string, string | number>>): Promise<void>;
  /** Calls that the node has answered since it was asked last. */
  calls(): Promise<number>;
  close(): Promise<void>;
}

export async function openBenchSite(root: string, backend: 'lxc' | 'simulated' = 'lxc'): Promise<BenchSite> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-bench-'));
  const state = join(folder, 'state');
  mkdirSync(state, { mode: 0o711 });
  const node = await startNode({ state: join(state, 'node'), backend, port: 18_006 });
  const cache = join(state, 'node', 'storage', 'local', 'template', 'cache');
  mkdirSync(cache, { recursive: true });
  if (backend === 'lxc' && existsSync(KEPT)) cpSync(KEPT, join(cache, 'debian-13-standard_13.1-2_amd64.tar.zst'));
  const key = join(folder, 'operator');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'bench', '-f', key]);
  const publicKey = readFileSync(`${key}.pub`, 'utf8').trim();
  const bin = countingSsh(folder);
  const ca = readFileSync(node.ca, 'utf8');
  const send = (method: string, path: string, body: string, headers: Readonly<Record<string, string | number>>) =>
    new Promise<unknown>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: node.port, ca, method, path, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve((JSON.parse(text) as { data: unknown }).data);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${answer.statusMessage}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const control: BenchSite['control'] = (method, path, fields) => {
    const body = fields === undefined ? '' : JSON.stringify(fields);
    return send(method, `/control/${path}`, body, {
      'x-control-secret': node.control.secret,
      ...(body === '' ? {} : { 'content-type': 'application/json' }),
      'content-length': Buffer.byteLength(body),
    });
  };
  const call: BenchSite['call'] = (method, path, fields = {}) => {
    const texts = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));
    const body = new URLSearchParams(texts).toString();
    return send(method, `/api2/json${path}`, body, {
      authorization: `PVEAPIToken=${node.token.id}=${node.token.secret}`,
      ...(body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
      'content-length': Buffer.byteLength(body),
    });
  };
  const calls = async (): Promise<number> => {
    const seen = (await control('GET', 'calls')) as Readonly<Record<string, number>>;
    await control('DELETE', 'calls');
    return Object.values(seen).reduce((sum, count) => sum + count, 0);
  };
  const sshRuns = (): number => {
    const log = join(folder, 'ssh.log');
    const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
    rmSync(log, { force: true });
    return lines;
  };
  return {
    node,
    folder,
    prefix: (node.network ?? '').split('.').slice(0, 2).join('.'),
    key,
    publicKey,
    calls,
    call,
    control,
    definition(lib) {
      const directory = join(folder, lib);
      cpSync(join(root, 'libs', lib), directory, { recursive: true });
      return directory;
    },
    async cli(args, environment = {}) {
      await calls();
      sshRuns();
      const began = performance.now();
      const main = join(import.meta.dirname, '..', '..', 'local', 'cli', 'main.js');
      const { stdout } = await run(process.execPath, [main, ...args], {
        cwd: folder,
        env: {
          PATH: `${bin}:${process.env.PATH ?? ''}`,
          HOME: process.env.HOME ?? '',
          PVE_GITOPS_STATE_DIRECTORY: state,
          PVE_GITOPS_SSH_KEYS: publicKey,
          ...environment,
        },
        ...BUFFER,
      });
      const milliseconds = performance.now() - began;
      return { milliseconds, apiCalls: await calls(), sshRuns: sshRuns(), text: stdout };
    },
    async task(method, path, fields) {
      const upid = String(await call(method, path, fields));
      for (;;) {
        const status = (await call('GET', `/nodes/pve/tasks/${encodeURIComponent(upid)}/status`)) as {
          status: string;
          exitstatus?: string;
        };
        if (status.status === 'stopped') {
          if (status.exitstatus !== 'OK') throw new Error(`${method} ${path}: ${status.exitstatus}`);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async close() {
      await resetNode(join(state, 'node'));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An ssh that notes its runs before it is the real one. */
function countingSsh(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const script = `#!/bin/sh\necho run >>${folder}/ssh.log\nexec /usr/bin/ssh "$@"\n`;
  writeFileSync(join(bin, 'ssh'), script);
  chmodSync(join(bin, 'ssh'), 0o755);
  return bin;
}
