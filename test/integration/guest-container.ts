import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerSpec } from '../../local/node/backend/backend.ts';
import { createLxcBackend } from '../../local/node/backend/lxc/lxc-backend.ts';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createKeys } from '../../src/adapters/keys/site-keys.ts';
import { createMask } from '../../src/adapters/process/mask.ts';
import { createShells } from '../../src/adapters/ssh/shells.ts';
import type { Call, Shell } from '../../src/model/ports.ts';
import { debianTemplate } from './lxc-template.ts';

/** Of each of the files that run side by side. */
const NETWORK = `10.${212 + Number(process.env.VITEST_POOL_ID ?? 1)}`;
const never = new AbortController().signal;

export const SUITES = [
  { release: 12, suite: 'bookworm' },
  { release: 13, suite: 'trixie' },
] as const;

export const within = (seconds: number, signal: AbortSignal = never): Call => ({ timeoutMs: seconds * 1000, signal });

export interface GuestHost {
  readonly authority: string;
  /** A new running container, and a connection into it made as a deploy makes it. */
  start(vmid: number, suite: (typeof SUITES)[number], keys: readonly string[]): Promise<Guest>;
  close(): Promise<void>;
}

export interface Guest {
  readonly vmid: number;
  readonly address: string;
  open(): Promise<Shell>;
}

/** Real unprivileged containers of the local node's LXC back end, without the node. */
export async function openGuestHost(): Promise<GuestHost> {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'pve-gitops-guest-'));
  // A container's root is an ordinary user to the host and must be able to walk to its root file system.
  chmodSync(stateDirectory, 0o711);
  const storage = join(stateDirectory, 'storage');
  mkdirSync(storage);
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const network = `${NETWORK}.0.0/16`;
  const storages = [{ storage: 'local-lvm', path: storage }];
  const backend = createLxcBackend({ stateDirectory, network, storages, log });
  await backend.open();
  const keys = createKeys({ stateDirectory, run: 'guest test' });
  const shells = createShells({ certificates: keys, clock: createClock(), mask: createMask() });
  const authority = await keys.authority();
  const opened: Shell[] = [];

  return {
    authority,
    async start(vmid, { release, suite }, operators) {
      const archive = await debianTemplate(release);
      const spec = specOf(vmid, `guest-${suite}`);
      const began = lines.length;
      await backend.allocate({ storage: 'local-lvm', name: `vm-${vmid}-disk-0`, vmid, size: 4 * 1024 ** 3 });
      const sshPublicKeys = [`cert-authority,principals="root" ${authority}`, ...operators].join('\n');
      await backend.unpack(spec, { archive, sshPublicKeys }, log, never);
      await backend.start(spec, log, never).catch((cause: unknown) => {
        throw new Error(lines.slice(began).join('\n'), { cause });
      });
      const hostKeys = lines.slice(began).flatMap((line) => /done: (SHA256:\S+)/.exec(line)?.[1] ?? []);
      const address = addressOf(vmid);
      return {
        vmid,
        address,
        async open() {
          const shell = await shells.open({ vmid, node: 'local', address, hostKeys }, within(120));
          opened.push(shell);
          return shell;
        },
      };
    },
    async close() {
      for (const shell of opened) await shell.close();
      await backend.resetHost();
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}

const addressOf = (vmid: number) => `${NETWORK}.0.${vmid % 250}`;

function specOf(vmid: number, hostname: string): ContainerSpec {
  const volume = { storage: 'local-lvm', name: `vm-${vmid}-disk-0`, vmid, size: 4 * 1024 ** 3 };
  return {
    vmid,
    hostname,
    arch: 'amd64',
    ostype: 'debian',
    unprivileged: true,
    features: { nesting: '1' },
    memory: 512,
    swap: 512,
    rootfs: { key: 'rootfs', source: { kind: 'volume', volume }, path: '/', readOnly: false },
    mounts: [],
    interfaces: [
      {
        index: 0,
        name: 'eth0',
        bridge: 'vmbr0',
        hwaddr: `BC:24:11:D5:00:${(vmid % 250).toString(16).padStart(2, '0')}`,
        ip: `${addressOf(vmid)}/16`,
        gw: `${NETWORK}.0.1`,
        linkDown: false,
      },
    ],
  };
}
