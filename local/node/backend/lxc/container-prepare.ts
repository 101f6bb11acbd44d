import { chown, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, MountPoint } from '../backend.ts';
import { hostResolver, serveDhcp } from './dnsmasq.ts';
import { fuseDevice, hasFuse, stageFuse } from './fuse-device.ts';
import { guestFiles } from './guest-files.ts';
import { writeSettings } from './guest-setup.ts';
import type { HostSession } from './host-session.ts';
import { prepareVlans } from './interface-traffic.ts';
import { configFile, containerDirectory, specFile } from './layout.ts';
import { lxcConfig } from './lxc-config.ts';
import { isStaged, requireSource, stagedPath, stageMount, unstageAll } from './staged-mounts.ts';

/** The host's bridge behind the API's name. Throws Proxmox VE's text for one that is not there. */
export function hostBridge(session: HostSession, bridge: string): string {
  if (bridge !== 'vmbr0') throw new Error(`bridge '${bridge}' does not exist`);
  return session.network.bridge;
}

/** Host path of a mount point's source, as the container's start gets it. */
export function sourcePath(session: HostSession, vmid: number, mount: MountPoint): string {
  return mount.source.kind === 'volume' && !isStaged(mount)
    ? session.volumes.path(mount.source.volume)
    : stagedPath(session.layout, vmid, mount.key);
}

export function rootPath(session: HostSession, spec: ContainerSpec): string {
  return sourcePath(session, spec.vmid, spec.rootfs);
}

/** The first id of the container on the host: the owner of its root file system's root. */
export function firstId(session: HostSession, spec: ContainerSpec): number {
  return spec.unprivileged ? session.facts.idRange.start : 0;
}

/** A new volume belongs to the container's root; one that holds files keeps its owner. */
export async function ownVolume(session: HostSession, spec: ContainerSpec, mount: MountPoint): Promise<void> {
  if (mount.source.kind !== 'volume') return;
  const path = session.volumes.path(mount.source.volume);
  const owner = firstId(session, spec);
  if ((await stat(path)).uid === owner || (await readdir(path)).length > 0) return;
  await chown(path, owner, owner);
}

export async function saveSpec(session: HostSession, spec: ContainerSpec): Promise<void> {
  await writeFile(specFile(session.layout, spec.vmid), JSON.stringify(spec));
}

export async function loadSpec(session: HostSession, vmid: number): Promise<ContainerSpec | undefined> {
  const text = await readFile(specFile(session.layout, vmid), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ContainerSpec);
}

/** Writes all that lxc-start reads, and what the container finds in its own /etc. */
export async function prepareStart(session: HostSession, spec: ContainerSpec): Promise<void> {
  const { layout, facts } = session;
  const hotplug = join(layout.hotplug, String(spec.vmid));
  const bridgeOf = (bridge: string): string => hostBridge(session, bridge);
  const config = lxcConfig({
    spec,
    host: facts,
    rootfs: rootPath(session, spec),
    bridgeOf,
    sourceOf: (mount) => sourcePath(session, spec.vmid, mount),
    group: layout.group,
    hotplug,
    ...(hasFuse(spec) ? { fuse: fuseDevice(layout, spec.vmid) } : {}),
    ...(session.seccomp === undefined || spec.features.keyctl === '1' ? {} : { seccomp: session.seccomp }),
  });
  await prepareVlans(session.network.bridge, spec.interfaces);
  await serveDhcp(session.changer, layout, session.network, spec.interfaces);
  await unstageAll(layout, spec.vmid);
  for (const mount of spec.mounts) {
    await requireSource(mount);
    await ownVolume(session, spec, mount);
    if (isStaged(mount)) await stageMount(layout, spec.vmid, mount, session.volumes.path);
  }
  if (hasFuse(spec)) await stageFuse(layout, spec.vmid);
  await mkdir(hotplug, { recursive: true, mode: 0o711 });
  await mkdir(containerDirectory(layout, spec.vmid), { recursive: true, mode: 0o711 });
  const files = guestFiles(rootPath(session, spec), firstId(session, spec));
  await writeSettings(files, spec, await hostResolver(session.changer, layout, session.network));
  await writeFile(configFile(layout, spec.vmid), config);
  await saveSpec(session, spec);
}
