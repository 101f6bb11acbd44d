import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { resetNode, startNode } from '../../../local/node/daemon.ts';
import type { NodeFile } from '../../../local/node/node-file.ts';
import { freePort } from '../../free-port.ts';
import { dataOf, NodeClient } from './node-client.ts';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in no particular order. */
  readonly text: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  text(): string;
  /** Resolves when the check says so; rejects when the process ends before. */
  when(check: () => Promise<boolean>): Promise<void>;
  /** SIGKILL to the process and all it has started. */
  kill(): void;
}

/** The command line as a user has it, with a local node of its own, all below a temporary folder. */
export class CliSite {
  readonly folder: string;
  readonly state: string;
  /** The setting; off, so that a test is about one container alone. */
  images = 'off';
  node: NodeFile;
  client: NodeClient;

  private constructor(folder: string, node: NodeFile) {
    this.folder = folder;
    this.state = join(folder, 'state');
    this.node = node;
    this.client = clientOf(node);
  }

  static async open(backend: 'simulated' | 'lxc' = 'simulated'): Promise<CliSite> {
    const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-cli-'));
    mkdirSync(join(folder, 'state'), { mode: 0o711 });
    const node = await startNode({ state: join(folder, 'state', 'node'), backend, port: await freePort() });
    return new CliSite(folder, node);
  }

  async close(): Promise<void> {
    await resetNode(join(this.state, 'node'));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A copy of a lib, changed as given: file → text, null removes it. Outside of git. */
  definition(lib: string, files: Readonly<Record<string, string | null>> = {}, name = lib): string {
    const directory = join(this.folder, 'definitions', name);
    rmSync(directory, { recursive: true, force: true });
    cpSync(join(ROOT, 'libs', lib), directory, { recursive: true });
    // Its script is what is tried: a definition without ENGINE would choose the recipe.
    if (existsSync(join(directory, 'configure.sh')))
      rmSync(join(directory, 'recipes'), { recursive: true, force: true });
    for (const [file, text] of Object.entries(files)) {
      if (text === null) rmSync(join(directory, file));
      else writeFileSync(join(directory, file), text);
    }
    return directory;
  }

  readDefinition(lib: string, file: string): string {
    return readFileSync(join(ROOT, 'libs', lib, file), 'utf8');
  }

  start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(process.execPath, [join(ROOT, 'build', 'local', 'cli', 'main.js'), ...args], {
      cwd: this.folder,
      detached: true,
      env: { PATH, HOME, PVE_GITOPS_STATE_DIRECTORY: this.state, PVE_GITOPS_IMAGES: this.images, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const ended = new Promise<Ended>((done, fail) => {
      child.on('error', fail);
      child.on('close', (code) => done({ code, stdout, stderr, text: stdout + stderr }));
    });
    const isOver = () => child.exitCode !== null || child.signalCode !== null;
    return {
      ended,
      text: () => stdout + stderr,
      async when(check) {
        while (!(await check())) {
          if (isOver()) throw new Error(`it ended before the moment came:\n${stdout}${stderr}`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
      kill: () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
      },
    };
  }

  run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }

  async control(method: string, path: string, body: object = {}): Promise<unknown> {
    const reply = await this.client.raw(method, `/control/${path}`, JSON.stringify(body), {
      'content-type': 'application/json',
      'x-control-secret': this.node.control.secret,
    });
    return dataOf(reply);
  }

  /** Every write so far, `METHOD path` → count. */
  async writes(): Promise<number> {
    const calls = (await this.control('GET', 'calls')) as Readonly<Record<string, number>>;
    return Object.entries(calls).reduce((sum, [call, count]) => (call.startsWith('GET ') ? sum : sum + count), 0);
  }

  /** A call that starts a task, until that has ended well. */
  async task(method: string, path: string, fields: Readonly<Record<string, string | number>> = {}): Promise<void> {
    const upid = dataOf<string>(await this.client.call(method, path, fields));
    for (;;) {
      const reply = await this.client.call('GET', `/nodes/pve/tasks/${upid}/status`);
      const { exitstatus } = dataOf<{ exitstatus?: string }>(reply);
      if (exitstatus === 'OK') return;
      if (exitstatus !== undefined) throw new Error(`${method} ${path}: ${exitstatus}`);
    }
  }

  /** Stored config of a container; undefined: there is none. */
  async config(vmid: number): Promise<Readonly<Record<string, unknown>> | undefined> {
    const reply = await this.client.call('GET', `/nodes/pve/lxc/${vmid}/config`);
    return reply.status === 200 ? dataOf(reply) : undefined;
  }
}

function clientOf(node: NodeFile): NodeClient {
  return new NodeClient(node.port, node.ca, { authorization: `PVEAPIToken=${node.token.id}=${node.token.secret}` });
}
