import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { hashSecret } from '../../local/node/auth/access-store.ts';
import { type RunningNode, runNode } from '../../local/node/node.ts';
import { createKeys } from '../../src/adapters/keys/site-keys.ts';
import { createMask } from '../../src/adapters/process/mask.ts';
import { connectProxmox } from '../../src/adapters/proxmox/proxmox.ts';
import { createSimulatedShells } from '../../src/adapters/simulated/simulated-shells.ts';
import { createSource } from '../../src/adapters/source/source.ts';
import type { Keys, Ports } from '../../src/model/ports.ts';
import type { Settings } from '../../src/model/settings.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { dataOf, NodeClient } from '../contract/support/node-client.ts';
import { VirtualTime } from './virtual-time.ts';
import { isBusy, leave, stayWithin, tapWire, type WireRun } from './wire.ts';

const SECRET = '00000000-0000-4000-8000-000000000003';
const PASSWORD = 'correct horse';
const CONTROL = 'for the faults';
/** What others wait for here takes milliseconds: nobody guesses passwords, and a held lock is a fault of ours. */
const TIMINGS = { unauthorized: 1, lock: 10, idle: 5000 };

/** The files of a definition: name → text. */
export type Files = Readonly<Record<string, string>>;

/** A simulated node in this process with a time of its own, and everything that runs against it. */
export class World {
  readonly node: RunningNode;
  readonly time: VirtualTime;
  readonly #folder: string;
  readonly #home: string;
  /** Whether a run can look for the process of another. */
  machine: 'the same' | 'another' = 'the same';
  #runs = 0;
  readonly #living = new Set<string>();

  private constructor(folder: string, home: string, node: RunningNode, time: VirtualTime) {
    this.#folder = folder;
    this.#home = home;
    this.node = node;
    this.time = time;
  }

  /** `home` holds the keys of the site, which all worlds share; `like`: a copy of what another world came to. */
  static async open(home: string, like?: Past): Promise<World> {
    const folder = temporaryFolder();
    const time = new VirtualTime(isBusy);
    if (like !== undefined) {
      cpSync(like.folder, folder, { recursive: true });
      time.pass(like.now - time.now());
    }
    tapWire(() => time.now());
    const state = join(folder, 'node');
    const options = { profile: 'home', rootPassword: PASSWORD, controlSecret: CONTROL, timings: TIMINGS } as const;
    const node = await runNode({ ...options, state, clock: time }, 0);
    stayWithin(node.port, (socket) => node.accept(socket));
    node.core.accessStore.update((data) => {
      const token = { privsep: false, expire: 0, comment: '', secret: hashSecret(SECRET) };
      if (data.users['root@pam'] !== undefined) data.users['root@pam'].tokens.faults = token;
    });
    return new World(folder, home, node, time);
  }

  /** Ends it, and keeps what it came to. */
  async freeze(): Promise<Past> {
    leave(this.node.port);
    await this.node.close();
    return { folder: this.#folder, now: this.time.now() };
  }

  async close(): Promise<void> {
    leave(this.node.port);
    await this.node.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The directory of a definition, with exactly these files. */
  define(name: string, files: Files): string {
    const directory = join(this.#folder, 'definitions', name);
    rmSync(directory, { recursive: true, force: true });
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    return directory;
  }

  settings(login: 'token' | 'ticket'): Settings {
    const byToken = { 'proxmox.token_id': 'root@pam!faults', 'proxmox.token_secret': SECRET };
    const values = {
      'proxmox.host': '127.0.0.1',
      'proxmox.port': String(this.node.port),
      'proxmox.node': 'pve',
      'proxmox.user': 'root@pam',
      'proxmox.password': PASSWORD,
      'proxmox.ca_file': this.node.caFile,
      site: 'faults',
      images: 'off',
      ...(login === 'token' ? byToken : {}),
    };
    const read = (path: string): string => readFileSync(path, 'utf8');
    const sources = { flags: {}, environment: {}, files: [], local: { origin: 'faults', values } };
    return resolveSettings(sources, { stateDirectory: this.#home, read }).settings;
  }

  /** A call of the node's control endpoint, on no run's wire. */
  async control(method: string, path: string, body: object = {}): Promise<unknown> {
    const client = new NodeClient(this.node.port, this.node.caFile, { 'x-control-secret': CONTROL });
    const headers = { 'content-type': 'application/json' };
    return dataOf(await client.raw(method, `/control/${path}`, JSON.stringify(body), headers));
  }

  /** A call by somebody else, on no run's wire. */
  async call(method: string, path: string, fields: Readonly<Record<string, string | number>>): Promise<unknown> {
    const authorization = `PVEAPIToken=root@pam!faults=${SECRET}`;
    const client = new NodeClient(this.node.port, this.node.caFile, { authorization });
    return dataOf(await client.call(method, path, fields));
  }

  /** Another storage for disks of containers. */
  async addStorage(storage: string): Promise<void> {
    const content = 'rootdir,images';
    await this.call('POST', '/storage', { storage, type: 'lvmthin', content, vgname: 'pve', thinpool: storage });
  }

  /** Until no task is at work. */
  async settle(): Promise<void> {
    const { tasks } = this.node.core;
    await Promise.all(tasks.running().map((upid) => tasks.settled(upid)));
  }

  #alive(run: string): boolean | undefined {
    return this.#living.has(run) ? true : this.machine === 'another' ? undefined : false;
  }

  /** The ports of one run. What it tells goes to `lines`. */
  ports(wire: WireRun, settings: Settings, lines: string[]): Ports {
    this.#runs += 1;
    const id = `run-${basename(this.#folder)}-${this.#runs}`;
    this.#living.add(id);
    const clock = this.time.clock(wire);
    const mask = createMask();
    const proxmox = connectProxmox(settings.connection, { clock });
    const control = {
      url: `https://127.0.0.1:${this.node.port}/control`,
      secret: CONTROL,
      ca: readFileSync(this.node.caFile, 'utf8'),
    };
    return {
      ...proxmox,
      shells: createSimulatedShells(control),
      source: createSource(),
      keys: siteKeys(this.#home),
      variables: { all: async () => ({}), keep: async () => undefined },
      secrets: { mask: (value) => mask.mask(value), value: () => undefined, open: async () => ({ kind: 'no key' }) },
      clock,
      runs: { id, by: id, alive: async (other) => this.#alive(other) },
      reporter: {
        tell: (event) => {
          lines.push(JSON.stringify(event));
        },
      },
      close: async () => {
        this.#living.delete(id);
        await proxmox.close();
      },
    };
  }
}

const keysOf = new Map<string, Keys>();

/** Read once for all worlds: each reading is a process of ssh-keygen. */
function siteKeys(home: string): Keys {
  const known = keysOf.get(home) ?? createKeys({ stateDirectory: home, run: 'faults' });
  keysOf.set(home, known);
  return known;
}

/** In memory where there is a file system for it: a node writes much, and nothing here is to be kept. */
export function temporaryFolder(): string {
  const shared = '/dev/shm';
  return mkdtempSync(join(existsSync(shared) ? shared : tmpdir(), 'pve-gitops-faults-'));
}

/** What a world came to. */
export interface Past {
  readonly folder: string;
  readonly now: number;
}
