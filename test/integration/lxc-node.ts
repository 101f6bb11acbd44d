import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { layoutOf } from '../../local/node/backend/lxc/layout.ts';
import { resetNode, startNode } from '../../local/node/daemon.ts';
import { type NodeFile, processStart } from '../../local/node/node-file.ts';
import { dataOf, type Fields, NodeClient } from '../contract/support/node-client.ts';
import { freePort } from '../free-port.ts';

type Config = Readonly<Record<string, string | number>>;

/** A local node with the LXC back end as a process of its own, spoken to over HTTPS. Needs `npm run build`. */
export interface LxcNode {
  readonly state: string;
  readonly client: () => NodeClient;
  readonly template: string;
  /** An address in the node's private network. */
  address(last: number): string;
  /** Calls, waits for the task, and gives its exit status. */
  task(method: string, path: string, fields?: Fields): Promise<string>;
  /** Waits for a task. */
  settled(upid: string): Promise<string>;
  log(upid: string): Promise<readonly string[]>;
  config(vmid: number): Promise<Config>;
  running(vmid: number): Promise<boolean>;
  /** Runs a shell command in a container; its output. */
  inside(vmid: number, command: string): string;
  /** Host path of a volume's tree. */
  volume(volid: string): string;
  /** Everything below the storages' folders: volumes, their snapshots, what is half made. */
  trees(): readonly string[];
  /** Files of the storage `local` with archives. */
  archives(): readonly string[];
  /** SIGKILL; the containers go on. */
  kill(): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
}

const PATIENCE = 300_000;

/** `directories`: volumes are plain folders, as on a machine without btrfs. */
export async function openLxcNode(template: string, directories = false): Promise<LxcNode> {
  const state = mkdtempSync('/var/tmp/pgo-node-');
  if (directories) mkdirSync(join(state, 'storage', 'local-lvm', 'images'), { recursive: true });
  const cache = join(state, 'storage', 'local', 'template', 'cache');
  mkdirSync(cache, { recursive: true });
  const place = join(cache, basename(template));
  try {
    linkSync(template, place);
  } catch {
    copyFileSync(template, place);
  }
  let file: NodeFile;
  let client: NodeClient;
  const start = async (): Promise<void> => {
    file = await startNode({ state, backend: 'lxc', port: await freePort() });
    client = new NodeClient(file.port, file.ca, { authorization: `PVEAPIToken=${file.token.id}=${file.token.secret}` });
  };
  await start();
  const { run, containers } = layoutOf(state);
  const roots = (): readonly string[] =>
    [join(run, 'pool'), join(run, 'storage')]
      .filter((root) => existsSync(root))
      .flatMap((root) => readdirSync(root).map((storage) => join(root, storage)));
  const settled = async (upid: string): Promise<string> => {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const reply = await client.call('GET', `/nodes/pve/tasks/${upid}/status`);
      const { exitstatus } = dataOf<{ exitstatus?: string }>(reply);
      if (exitstatus !== undefined) return exitstatus;
      if (Date.now() > end) throw new Error(`the task did not end: ${upid}`);
      await delay(20);
    }
  };
  return {
    state,
    client: () => client,
    template: `local:vztmpl/${basename(template)}`,
    address: (last) => `${(file.network ?? '').split('.').slice(0, 2).join('.')}.0.${last}`,
    settled,
    async task(method, path, fields) {
      const reply = await client.call(method, path, fields);
      if (reply.status !== 200) return `${reply.status} ${reply.reason} ${JSON.stringify(reply.body?.errors ?? {})}`;
      return await settled(String(reply.body?.data));
    },
    async log(upid) {
      const reply = await client.call('GET', `/nodes/pve/tasks/${upid}/log`, { limit: 0 });
      return dataOf<readonly { t: string }[]>(reply).map(({ t }) => t);
    },
    config: async (vmid) => dataOf<Config>(await client.call('GET', `/nodes/pve/lxc/${vmid}/config`)),
    running: async (vmid) =>
      dataOf<{ status: string }>(await client.call('GET', `/nodes/pve/lxc/${vmid}/status/current`)).status ===
      'running',
    inside: (vmid, command) =>
      execFileSync('lxc-attach', ['-P', containers, '-n', String(vmid), '--clear-env', '--', 'sh', '-c', command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
      }),
    volume(volid) {
      const [storage = '', name = ''] = volid.split(':');
      const folder = roots().find((root) => basename(root) === storage) ?? '/nonexistent';
      const vmid = /(?:^|\/)(?:vm|base|subvol)-(\d+)-/.exec(name)?.[1] ?? '';
      return join(folder, vmid, basename(name));
    },
    trees: () =>
      roots()
        .flatMap((root) =>
          readdirSync(root).flatMap((vmid) =>
            readdirSync(join(root, vmid)).map((name) => `${basename(root)}/${vmid}/${name}`),
          ),
        )
        .sort(),
    archives() {
      const folder = join(state, 'storage', 'local', 'dump');
      return existsSync(folder) ? readdirSync(folder).sort() : [];
    },
    async kill() {
      process.kill(file.pid, 'SIGKILL');
      while (processStart(file.pid) === file.started) await delay(5);
    },
    start,
    async remove() {
      try {
        await resetNode(state);
      } catch (error) {
        const log = join(state, 'node.log');
        console.warn(existsSync(log) ? readFileSync(log, 'utf8') : 'the node has no log');
        throw error;
      }
      rmSync(state, { recursive: true, force: true });
    },
  };
}
