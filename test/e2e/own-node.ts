import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describeLocalNode, nodeState } from '../../local/cli/local-node.ts';
import { layoutOf } from '../../local/node/backend/lxc/layout.ts';
import { resetNode, startNode } from '../../local/node/daemon.ts';
import { nested } from '../../src/settings/nested.ts';
import { dataOf, NodeClient } from '../contract/support/node-client.ts';
import { waitFor } from './wait.ts';

/** A local node with real containers, and the settings file that a runner's host has for it. */
export interface OwnNode {
  readonly directory: string;
  /** JSON file for PVE_GITOPS_CONFIG, 0600. */
  readonly config: string;
  /** What must not be seen anywhere. */
  readonly secrets: readonly string[];
  /** First two numbers of the containers' addresses, such as `10.91`. */
  readonly prefix: string;
  containers(): Promise<readonly number[]>;
  /** The container's config with its digest; undefined when there is none. */
  configOf(vmid: number): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** Runs a shell command in a container; its output. */
  inside(vmid: number, command: string): string;
  /** Changes whenever the container is made anew or boots: ids of its root file system and of its first process. */
  identity(vmid: number): string;
  /** Ends the node, its containers, and all that it did to the machine. */
  remove(): Promise<void>;
}

export interface OwnNodeOptions {
  /** The first port to try. */
  readonly port: number;
  readonly login: string;
  readonly password: string;
  /** A ready template under the name of the node's index; without it the first deploy has the node make one. */
  readonly template?: string;
}

export async function startOwnNode({ port, login, password, template }: OwnNodeOptions): Promise<OwnNode> {
  // Not below /tmp, where many machines allow no devices; the name must stay short for lxc's sockets.
  const directory = mkdtempSync('/var/tmp/pgo-');
  chmodSync(directory, 0o711);
  const state = nodeState(directory);
  const guard = guardOf(directory);
  const remove = async (): Promise<void> => {
    guard.kill('SIGKILL');
    await resetNode(state);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const file = await startNode({ state, backend: 'lxc', port });
    if (template !== undefined) {
      const cache = join(state, 'storage', 'local', 'template', 'cache');
      mkdirSync(cache, { recursive: true });
      copyFileSync(template, join(cache, basename(template)));
    }
    const local = describeLocalNode(directory);
    if (local === undefined) throw new Error('Unable to start the local node: it does not run');
    const own = { state_directory: join(directory, 'control'), login, password };
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify(nested({ ...local.settings, ...own }), null, 1), { mode: 0o600 });
    const authorization = `PVEAPIToken=${file.token.id}=${file.token.secret}`;
    const client = new NodeClient(file.port, file.ca, { authorization });
    const inside = (vmid: number, command: string) =>
      execFileSync('lxc-attach', ['-P', layoutOf(state).containers, '-n', String(vmid), '--', 'sh', '-c', command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 30_000,
      }).trim();
    return {
      directory,
      config,
      secrets: [file.token.secret, file.password, password],
      prefix: (file.network ?? '').split('.').slice(0, 2).join('.'),
      containers: async () =>
        dataOf<{ vmid: number }[]>(await client.call('GET', `/nodes/${file.node}/lxc`)).map(({ vmid }) => Number(vmid)),
      configOf: async (vmid) => {
        const reply = await client.call('GET', `/nodes/${file.node}/lxc/${vmid}/config`);
        return reply.status === 200 ? dataOf<Record<string, unknown>>(reply) : undefined;
      },
      inside,
      identity: (vmid) => inside(vmid, "cat /etc/machine-id; stat -c '%i %W' /etc; cut -d' ' -f22 /proc/1/stat"),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A test run that is killed cannot clean up: this process sees its end by the end of the pipe, and does it then. */
function guardOf(directory: string): ChildProcess {
  const cli = resolve(import.meta.dirname, '../../build/local/cli/main.js');
  const script = 'read -r _; node "$1" node reset --yes; rm -rf -- "$2"';
  const guard = spawn('bash', ['-c', script, 'guard', cli, directory], {
    detached: true,
    env: { ...process.env, PVE_GITOPS_STATE_DIRECTORY: directory },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  return guard;
}

/** The page that the address serves; waits until it holds the text. */
export function page(address: string, text: string): Promise<string> {
  let seen = '';
  const served = async () => {
    seen = await (await fetch(address, { signal: AbortSignal.timeout(5000) })).text();
    return seen.includes(text) ? seen : undefined;
  };
  return waitFor(`"${text}" at ${address}`, 10_000, served, () => seen);
}
