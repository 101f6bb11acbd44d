import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { type BackendName, isAlive, type NodeFile, processStart, readNodeFile } from './node-file.ts';
import { packageRoot } from './package-root.ts';
import type { ProfileName } from './profile.ts';
import type { Release } from './schema/load.ts';

export interface StartOptions {
  readonly state: string;
  readonly backend: BackendName;
  readonly profile?: ProfileName;
  /** The first port to try; default 8006. */
  readonly port?: number;
  readonly release?: Release;
  /** For the start as a whole, default 120 s. */
  readonly timeoutMs?: number;
}

export type NodeStatus =
  | { readonly status: 'running'; readonly file: NodeFile }
  /** It was killed: its file is still there. */
  | { readonly status: 'dead'; readonly file: NodeFile }
  | { readonly status: 'stopped' }
  | { readonly status: 'none' };

/** How often a process or the node's answer is looked at, in milliseconds. */
const POLL = 25;

function program(): string {
  const compiled = join(packageRoot(), 'build', 'local', 'node', 'main.js');
  if (!existsSync(compiled))
    throw new Error(`Unable to start the local node: ${compiled} is missing; run \`npm run build\``);
  return compiled;
}

/** Asks until the check says so or the time is over. */
async function until(check: () => Promise<boolean> | boolean, deadline: number): Promise<boolean> {
  for (;;) {
    if (await check()) return true;
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

/** Whether the node that wrote this file answers on its port with its own certificate. */
function answers(file: NodeFile): Promise<boolean> {
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port: file.port,
      path: '/api2/json/version',
      ca: readFileSync(file.ca, 'utf8'),
      headers: { authorization: `PVEAPIToken=${file.token.id}=${file.token.secret}` },
      agent: false as const,
      timeout: 2000,
    };
    const sent = request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve(false));
    sent.end();
  });
}

export function statusOfNode(state: string): NodeStatus {
  const file = readNodeFile(state);
  if (file !== undefined) return { status: isAlive(file) ? 'running' : 'dead', file };
  return existsSync(join(state, 'secrets.json')) ? { status: 'stopped' } : { status: 'none' };
}

function logTail(file: string): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** Finds the running node of this state directory, or starts one and waits until it answers. */
export async function startNode(options: StartOptions): Promise<NodeFile> {
  const { state } = options;
  const deadline = Date.now() + (options.timeoutMs ?? 120_000);
  const before = statusOfNode(state);
  if (before.status === 'running') {
    if (before.file.backend !== options.backend) {
      throw new Error(
        `Unable to start the local node: one with the ${before.file.backend} back end already runs in ${state}`,
      );
    }
    await until(() => answers(before.file), deadline);
    return before.file;
  }
  mkdirSync(state, { recursive: true, mode: 0o700 });
  if (before.status === 'dead') rmSync(join(state, 'node.json'), { force: true });
  const output = join(state, 'start.log');
  const log = openSync(output, 'w', 0o600);
  const child = spawn(
    process.execPath,
    [
      ...[program(), '--state', state, '--backend', options.backend, '--profile', options.profile ?? 'home'],
      ...['--port', String(options.port ?? 8006), '--pve', options.release ?? '8.4'],
    ],
    { detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  child.unref();
  let ready: NodeFile | undefined;
  await until(async () => {
    const file = readNodeFile(state);
    if (file?.pid === child.pid && file !== undefined && (await answers(file))) ready = file;
    return ready !== undefined || ended;
  }, deadline);
  if (ready !== undefined) return ready;
  if (!ended && child.pid !== undefined) process.kill(child.pid, 'SIGTERM');
  throw new Error(
    `Unable to start the local node: ${ended ? 'it ended' : 'it did not answer in time'}\n${logTail(output)}`,
  );
}

/** Ends the node; its containers go on running. false: none ran. */
export async function stopNode(state: string, timeoutMs = 60_000): Promise<boolean> {
  const found = statusOfNode(state);
  if (found.status !== 'running') return false;
  const { file } = found;
  process.kill(file.pid, 'SIGTERM');
  if (await until(() => !isAlive(file), Date.now() + timeoutMs)) return true;
  process.kill(file.pid, 'SIGKILL');
  await until(() => processStart(file.pid) !== file.started, Date.now() + 5000);
  return true;
}

/**
 * Ends the node, its containers and everything that it did to the host, and removes its state.
 * `onLog`: lines about what is taken back.
 */
export async function resetNode(state: string, onLog: (line: string) => void = () => {}): Promise<void> {
  await stopNode(state);
  const network = join(state, 'network.json');
  if (existsSync(network)) {
    const { network: range } = JSON.parse(readFileSync(network, 'utf8')) as { readonly network: string };
    const { createLxcBackend } = await import('./backend/lxc/lxc-backend.ts');
    const { storages } = JSON.parse(readFileSync(join(state, 'storage.json'), 'utf8')) as {
      readonly storages: readonly { readonly storage: string }[];
    };
    const places = storages.map(({ storage }) => ({ storage, path: join(state, 'storage', storage) }));
    await createLxcBackend({ stateDirectory: state, network: range, storages: places, log: onLog }).resetHost();
  }
  rmSync(state, { recursive: true, force: true });
}
