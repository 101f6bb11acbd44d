import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { GitopsError } from '../../src/model/errors.ts';
import { checkHost, packagesFor } from '../node/backend/lxc/requirements.ts';
import { resetNode, startNode, statusOfNode, stopNode } from '../node/daemon.ts';
import type { NodeFile } from '../node/node-file.ts';
import { isConfigured } from './context.ts';
import { nodeState } from './local-node.ts';
import { stateDirectory } from './state.ts';
import { openTerminal } from './terminal.ts';

type Raw = Readonly<Record<string, unknown>>;

function terminalOf(options: Raw) {
  return openTerminal({ json: options.json === true, verbose: false, mask: (text) => text });
}

function describe(file: NodeFile): string[] {
  return [
    `local node ${file.node}: Proxmox VE ${file.release} API at https://127.0.0.1:${file.port} (${file.backend})`,
    ...(file.network === undefined
      ? []
      : [`  containers get addresses of ${file.network}; gateway ${file.gateway ?? '-'}`]),
    `  CA certificate: ${file.ca}`,
  ];
}

/** Without secrets: what may be printed. */
function shown(file: NodeFile): object {
  const { token, password: _, control: __, ...rest } = file;
  return { version: 1, ...rest, token: token.id };
}

export async function nodeStart(options: Raw): Promise<number> {
  const terminal = terminalOf(options);
  try {
    if (options.unlessConfigured === true && isConfigured({})) {
      terminal.print(['a Proxmox VE is configured: no local node is needed']);
      return 0;
    }
    const simulated = options.simulated === true;
    if (!simulated) await prepareHost(options, (text) => terminal.print([text]));
    if (options.check === true) {
      terminal.print(['nothing is missing']);
      return 0;
    }
    // The containers' root is another user outside of them and has to get through; what is secret below is closed itself.
    mkdirSync(stateDirectory(), { recursive: true, mode: 0o711 });
    const what = 'starting the local node';
    terminal.progress.tell({ kind: 'started', what });
    const file = await startNode({
      state: nodeState(stateDirectory()),
      backend: simulated ? 'simulated' : 'lxc',
      port: Number(options.port ?? 8006),
      release: options.pve === '9.1' ? '9.1' : '8.4',
    }).catch((cause: unknown) => {
      terminal.progress.tell({ kind: 'failed', what, message: String(cause) });
      throw new GitopsError('remote', cause instanceof Error ? cause.message : String(cause), { cause });
    });
    terminal.progress.close();
    if (options.json === true) terminal.json(JSON.stringify(shown(file)));
    else terminal.print(describe(file));
    return 0;
  } finally {
    terminal.progress.close();
  }
}

/** Installs what is missing when asked to; else, or when that is not possible, ends with exit code 9 and the reasons. */
async function prepareHost(options: Raw, print: (text: string) => void): Promise<void> {
  let missing = await checkHost();
  const packages = packagesFor(missing);
  const root = process.getuid?.() === 0;
  if (packages.length > 0 && options.install === true && options.check !== true && root) {
    print(`installing: ${packages.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update', '-q'], env);
    await run('apt-get', ['install', '-yq', '--no-install-recommends', ...packages], env);
    missing = await checkHost();
  }
  if (missing.length === 0) return;
  const reasons = missing.map(({ what, reason }) => `${what}: ${reason}`).join('; ');
  throw new GitopsError('host', `Unable to run containers on this machine: ${reasons}`, {
    advice: [
      ...(packages.length > 0 && root
        ? [`install them: apt-get install ${packages.join(' ')} (or node start --install)`]
        : []),
      ...(root ? [] : ['containers need root: run it with sudo']),
      'without containers: --simulated plans and applies against a simulated node',
    ],
  });
}

function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
    const failed = (reason: string) => reject(new GitopsError('host', `Unable to install packages: ${file} ${reason}`));
    child.on('error', (error) => failed(error.message));
    child.on('exit', (code) => (code === 0 ? resolve() : failed(`ended with ${code ?? 'a signal'}`)));
  });
}

export async function nodeStop(options: Raw): Promise<number> {
  const terminal = terminalOf(options);
  const stopped = await stopNode(nodeState(stateDirectory()));
  if (options.json === true) terminal.json(JSON.stringify({ version: 1, stopped }));
  else
    terminal.print([stopped ? 'the local node is stopped; its containers go on running' : 'no local node is running']);
  return 0;
}

export async function nodeStatus(options: Raw): Promise<number> {
  const terminal = terminalOf(options);
  const found = statusOfNode(nodeState(stateDirectory()));
  const file = 'file' in found ? found.file : undefined;
  if (options.json === true) {
    terminal.json(
      JSON.stringify({ version: 1, status: found.status, ...(file === undefined ? {} : { node: shown(file) }) }),
    );
  } else if (found.status === 'running') terminal.print(describe(found.file));
  else
    terminal.print([
      found.status === 'dead'
        ? 'the local node was killed; node start finds its containers again'
        : 'no local node is running',
    ]);
  return 0;
}

/** Takes the node away with its containers; the host gets back what the node had changed. */
export async function nodeReset(options: Raw): Promise<number> {
  const terminal = terminalOf(options);
  await resetNode(nodeState(stateDirectory()), (line) => terminal.print([line]));
  terminal.print(['the local node is gone, and this machine is as it was before it']);
  return 0;
}
