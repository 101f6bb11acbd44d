import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { resetNode, startNode } from '../../local/node/daemon.ts';
import type { NodeFile } from '../../local/node/node-file.ts';
import { median } from './startup.ts';

const run = promisify(execFile);

export interface Deploys {
  /** Milliseconds, medians. */
  readonly floor: number;
  readonly deploy: number;
  readonly again: number;
  readonly calls: number;
  readonly steps: Readonly<Record<string, number>>;
}

interface Api {
  call(method: string, path: string, fields?: Readonly<Record<string, string>>): Promise<unknown>;
  control(method: string, path: string): Promise<unknown>;
}

function apiOf(node: NodeFile): Api {
  const ca = readFileSync(node.ca, 'utf8');
  const send = (
    method: string,
    path: string,
    body: string,
    headers: Readonly<Record<string, string | number>>,
  ): Promise<unknown> =>
    new Promise((resolve, reject) => {
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
  return {
    call(method, path, fields = {}) {
      const body = new URLSearchParams(fields).toString();
      return send(method, `/api2/json${path}`, body, {
        authorization: `PVEAPIToken=${node.token.id}=${node.token.secret}`,
        ...(body === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        'content-length': Buffer.byteLength(body),
      });
    },
    control: (method, path) =>
      send(method, `/control/${path}`, '', { 'x-control-secret': node.control.secret, 'content-length': 0 }),
  };
}

async function task(api: Api, upid: unknown): Promise<void> {
  for (;;) {
    const path = `/nodes/pve/tasks/${encodeURIComponent(String(upid))}/status`;
    const status = (await api.call('GET', path)) as { status: string; exitstatus?: string };
    if (status.status === 'stopped') {
      if (status.exitstatus !== 'OK') throw new Error(`task failed: ${status.exitstatus}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The same end state by hand: the fewest calls and commands that make a container serve the page. */
async function byHand(api: Api, node: NodeFile, template: string): Promise<Record<string, number>> {
  const range = (node.network ?? '').split('.').slice(0, 2).join('.');
  const steps: Record<string, number> = {};
  const timed = async (name: string, work: () => Promise<void>): Promise<void> => {
    const began = performance.now();
    await work();
    steps[name] = performance.now() - began;
  };
  await timed('create', async () => {
    const net0 = `name=eth0,bridge=vmbr0,ip=${range}.9.9/16,gw=${node.gateway},type=veth`;
    const fields = {
      vmid: '909',
      ostemplate: template,
      rootfs: 'local-lvm:8',
      memory: '2048',
      unprivileged: '1',
      features: 'nesting=1',
      net0,
    };
    await task(api, await api.call('POST', '/nodes/pve/lxc', fields));
  });
  await timed('start', async () => task(api, await api.call('POST', '/nodes/pve/lxc/909/status/start')));
  await timed('apt-get install apache2 and the page', async () => {
    const { pid } = (await api.call('GET', '/nodes/pve/lxc/909/status/current')) as { pid: number };
    const page = "printf '<h1>Hello</h1>\\n' >/var/www/html/index.html";
    const script = `until systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'; do sleep 0.1; done; export DEBIAN_FRONTEND=noninteractive; (apt-get install -qy apache2 || { apt-get update -q && apt-get install -qy apache2; }) && ${page}`;
    await run('nsenter', ['-t', String(pid), '-a', 'sh', '-c', script], {
      maxBuffer: 1 << 24,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
  });
  await task(api, await api.call('POST', '/nodes/pve/lxc/909/status/stop'));
  await task(api, await api.call('DELETE', '/nodes/pve/lxc/909'));
  return steps;
}

/** First deploy, deploy again, and the same by hand, in turn on one local node with a template that is there. */
export async function measureDeploys(root: string, runs: number): Promise<Deploys> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-bench-'));
  const state = join(folder, 'state');
  mkdirSync(state, { mode: 0o711 });
  try {
    const node = await startNode({ state: join(state, 'node'), backend: 'lxc', port: 18006 });
    const api = apiOf(node);
    const lib = join(folder, 'apache');
    await cp(join(root, 'libs', 'apache'), lib, { recursive: true });
    const cli = async (...args: string[]): Promise<number> => {
      const began = performance.now();
      const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', PVE_GITOPS_STATE_DIRECTORY: state };
      await run(process.execPath, [join(root, 'build', 'local', 'cli', 'main.js'), ...args], {
        cwd: folder,
        env,
        maxBuffer: 1 << 24,
      });
      return performance.now() - began;
    };
    const kept = '/var/tmp/pve-gitops-tests/debian-13-standard_13.1-2_amd64.tar.zst';
    if (existsSync(kept))
      await cp(
        kept,
        join(state, 'node', 'storage', 'local', 'template', 'cache', 'debian-13-standard_13.1-2_amd64.tar.zst'),
      );
    // The first one makes the template where there is none, and is not counted.
    await cli('deploy', lib);
    const [template] = (await api.call('GET', '/nodes/pve/storage/local/content?content=vztmpl')) as {
      volid: string;
    }[];
    const floors: Record<string, number>[] = [];
    const deploys: number[] = [];
    const agains: number[] = [];
    let calls = 0;
    for (let index = 0; index < runs; index += 1) {
      await cli('destroy', lib, '--yes');
      floors.push(await byHand(api, node, template?.volid ?? ''));
      deploys.push(await cli('deploy', lib));
      await api.control('DELETE', 'calls');
      agains.push(await cli('deploy', lib));
      const seen = (await api.control('GET', 'calls')) as Record<string, number>;
      calls = Object.values(seen).reduce((sum, count) => sum + count, 0);
    }
    const total = (steps: Record<string, number>): number => Object.values(steps).reduce((sum, time) => sum + time, 0);
    const names = Object.keys(floors[0] ?? {});
    const steps = Object.fromEntries(names.map((name) => [name, median(floors.map((floor) => floor[name] ?? 0))]));
    return { floor: median(floors.map(total)), deploy: median(deploys), again: median(agains), calls, steps };
  } finally {
    await resetNode(join(state, 'node'));
    rmSync(folder, { recursive: true, force: true });
  }
}
