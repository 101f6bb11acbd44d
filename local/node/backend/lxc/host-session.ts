import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostChanger } from './host-changer.ts';
import { hostChanger } from './host-changer.ts';
import { openIdRange, readHostFacts } from './host-facts.ts';
import { openHostJournal } from './host-journal.ts';
import { ensureMount } from './host-mounts.ts';
import type { HostNetwork } from './host-network.ts';
import { openHostNetwork } from './host-network.ts';
import type { Layout } from './layout.ts';
import type { HostFacts } from './lxc-config.ts';
import { openLxcfs } from './lxcfs.ts';
import { runChecked } from './run-command.ts';
import { openStorages } from './storages.ts';
import type { Storage, VolumeStore } from './volume-store.ts';

const DEADLINE = 30_000;

/** The host, made ready: what all calls on containers need. */
export interface HostSession {
  readonly layout: Layout;
  readonly facts: HostFacts;
  readonly network: HostNetwork;
  readonly volumes: VolumeStore;
  readonly changer: HostChanger;
  /** System call filter for containers that may not use the kernel's key ring; undefined: lxc's own. */
  readonly seccomp?: string;
}

export async function openChanger(layout: Layout): Promise<HostChanger> {
  await mkdir(layout.state, { recursive: true, mode: 0o700 });
  return hostChanger(await openHostJournal(layout.journal), layout.journal);
}

/**
 * Limits of the kernel that count all containers together; the defaults are enough for about ten of them.
 * Source: LXC's and LXD's notes on production setups.
 */
async function widenKernelLimits(changer: HostChanger): Promise<void> {
  await changer.atLeast('/proc/sys/fs/inotify/max_user_instances', 1024);
  await changer.atLeast('/proc/sys/fs/inotify/max_user_watches', 65536);
  await changer.atLeast('/proc/sys/kernel/keys/maxkeys', 2000);
  await changer.atLeast('/proc/sys/kernel/keys/maxbytes', 2_000_000);
}

/** systemd in a container must find the key ring missing, not full: as Proxmox VE without `keyctl=1`. */
async function writeSeccomp(layout: Layout): Promise<string | undefined> {
  const own = await readFile('/usr/share/lxc/config/common.seccomp', 'utf8').catch(() => undefined);
  if (own === undefined) return undefined;
  const file = join(layout.state, 'no-keyctl.seccomp');
  await writeFile(file, `${own.trimEnd()}\nkeyctl errno 38\n`);
  return file;
}

/** Makes the host ready, step by step, each of them idempotent. */
export async function openHost(
  layout: Layout,
  changer: HostChanger,
  network: string,
  storages: () => readonly Storage[],
  log: (line: string) => void,
): Promise<HostSession> {
  // What a killed node left of templates in the making, and of keys.
  await rm(join(layout.state, 'work'), { recursive: true, force: true });
  await mkdir(layout.configs, { recursive: true, mode: 0o711 });
  await changer.directory(layout.run, 0o711);
  await changer.note({ kind: 'cgroup', name: layout.group });
  await widenKernelLimits(changer);
  const range = await openIdRange(changer, layout.state);
  await ensureMount(changer, layout.containers, ['mount', '--bind', layout.configs]);
  await ensureMount(changer, layout.hotplug, ['mount', '--bind', layout.hotplug]);
  await runChecked(['mount', '--make-shared', layout.hotplug], { timeout: DEADLINE });
  const volumes = await openStorages(changer, layout, storages, log);
  const facts = await readHostFacts(range, await openLxcfs(changer, layout, log));
  const hostNetwork = await openHostNetwork(changer, layout.id, network, log);
  const seccomp = await writeSeccomp(layout);
  return { layout, facts, network: hostNetwork, volumes, changer, ...(seccomp === undefined ? {} : { seccomp }) };
}

/** Containers that this node ever made and has not forgotten. */
export async function knownContainers(layout: Layout): Promise<readonly number[]> {
  const names = await readdir(layout.configs).catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
