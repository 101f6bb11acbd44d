import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Backend, ContainerSpec, NetworkInterface, Volume } from '../../local/node/backend/backend.ts';
import { layoutOf } from '../../local/node/backend/lxc/layout.ts';
import { createLxcBackend } from '../../local/node/backend/lxc/lxc-backend.ts';
import { choosePrivateNetwork } from '../../local/node/host-network.ts';

/** A node's back end of its own: private network, state in a temporary folder, nothing left behind. */
export interface LxcSite {
  readonly state: string;
  /** First two numbers of its network, `10.91` */
  readonly prefix: string;
  /** What tasks logged. */
  readonly lines: string[];
  /** Another back end on the same state: what a restarted node has. */
  create(): Backend;
  spec(vmid: number, change?: Partial<ContainerSpec>): ContainerSpec;
  volume(vmid: number, disk: number, size?: number): Volume;
  interface(vmid: number, index: number): NetworkInterface;
  /** Runs a shell command in a container; its output. */
  inside(vmid: number, command: string): string;
  remove(): Promise<void>;
}

const MIB = 1024 * 1024;

export async function openLxcSite(): Promise<LxcSite> {
  // Not below /tmp, where many machines allow no devices; the name must stay short for lxc's sockets.
  const state = mkdtempSync('/var/tmp/pgo-test-');
  const network = await choosePrivateNetwork();
  const prefix = network.split('.').slice(0, 2).join('.');
  const lines: string[] = [];
  const site: LxcSite = {
    state,
    prefix,
    lines,
    create: () =>
      createLxcBackend({
        stateDirectory: state,
        network,
        storages: [{ storage: 'local', path: join(state, 'local') }],
        log: (line) => lines.push(line),
      }),
    spec: (vmid, change = {}) => ({
      vmid,
      hostname: `ct${vmid}`,
      arch: 'amd64',
      ostype: 'debian',
      unprivileged: true,
      features: { nesting: '1' },
      cores: 1,
      memory: 512,
      swap: 256,
      rootfs: {
        key: 'rootfs',
        source: { kind: 'volume', volume: site.volume(vmid, 0) },
        path: '/',
        readOnly: false,
      },
      mounts: [],
      interfaces: [site.interface(vmid, 0)],
      ...change,
    }),
    volume: (vmid, disk, size = 2048 * MIB) => ({
      storage: 'local',
      name: `${vmid}/vm-${vmid}-disk-${disk}.raw`,
      vmid,
      size,
    }),
    interface: (vmid, index) => ({
      index,
      name: `eth${index}`,
      bridge: 'vmbr0',
      hwaddr: `bc:24:11:00:0${index}:${(vmid % 256).toString(16).padStart(2, '0')}`,
      ip: `${prefix}.${index}.${vmid % 256}/16`,
      ...(index === 0 ? { gw: `${prefix}.0.1` } : {}),
      linkDown: false,
    }),
    inside: (vmid, command) =>
      execFileSync('lxc-attach', ['-P', layoutOf(state).containers, '-n', String(vmid), '--', 'sh', '-c', command], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 30_000,
      }),
    async remove() {
      await site.create().resetHost();
      rmSync(state, { recursive: true, force: true });
    },
  };
  return site;
}

function bannerOnce(address: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(22, address);
    const end = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(1000, () => end(''));
    socket.on('data', (chunk) => end(String(chunk)));
    socket.on('error', () => end(''));
  });
}

/** The SSH server's first line, once there is one. */
export async function sshBanner(address: string, deadline = 60_000): Promise<string> {
  const end = Date.now() + deadline;
  for (;;) {
    const banner = await bannerOnce(address);
    if (banner !== '') return banner;
    if (Date.now() > end) throw new Error(`no SSH server answers at ${address}`);
    await delay(20);
  }
}

/** Repeats a check until it holds. */
export async function eventually(
  check: () => boolean | Promise<boolean>,
  what: string,
  deadline = 30_000,
): Promise<void> {
  const end = Date.now() + deadline;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`not so after ${deadline} ms: ${what}`);
    await delay(50);
  }
}
