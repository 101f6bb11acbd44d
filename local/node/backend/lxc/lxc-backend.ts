import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend, RuntimeState } from '../backend.ts';
import { backupFolder } from './backup-archive.ts';
import { changeContainer } from './container-change.ts';
import { thawFrozen } from './container-freeze.ts';
import { shutdownContainer, startContainer, stopContainer } from './container-power.ts';
import { loadSpec, ownVolume, prepareStart, rootPath } from './container-prepare.ts';
import { containerProcesses } from './container-process.ts';
import { containerState } from './container-state.ts';
import { hostResolver } from './dnsmasq.ts';
import { guestInterfaces } from './guest-interfaces.ts';
import { fixedAddresses } from './guest-setup.ts';
import { forgetNeighbours, passFirewalls } from './host-network.ts';
import type { HostSession } from './host-session.ts';
import { knownContainers, openChanger, openHost } from './host-session.ts';
import { containerDirectory, layoutOf } from './layout.ts';
import { finishInterfaces, removeLeftovers } from './live-interfaces.ts';
import { unstageAll } from './staged-mounts.ts';
import { makeTemplate } from './template.ts';
import { unpack } from './unpack.ts';
import type { Storage } from './volume-store.ts';
import { lxcVolumeWork } from './volume-work.ts';

export interface LxcOptions {
  /** Absolute path; everything that outlives the process is in it. */
  readonly stateDirectory: string;
  /** `10.88.0.0/16`: the bridge is 10.88.0.1 */
  readonly network: string;
  /** Read again at each use: storages come and go while the node runs. */
  readonly storages: readonly Storage[];
  readonly log: (line: string) => void;
}

/** Unprivileged system containers of the distribution's lxc. Needs root, and what `checkHost` checks. */
export function createLxcBackend(options: LxcOptions): Backend {
  const layout = layoutOf(options.stateDirectory);
  const processes = containerProcesses(layout);
  const stateOf = containerState(processes);
  let opened: HostSession | undefined;

  const session = (): HostSession => {
    if (opened === undefined) throw new Error('the LXC back end is not open');
    return opened;
  };

  return {
    kind: 'lxc',
    async open() {
      opened = await openHost(layout, await openChanger(layout), options.network, () => options.storages, options.log);
      for (const vmid of await knownContainers(layout)) {
        const pid = await processes.pid(vmid);
        if (pid !== undefined) await thawFrozen(opened, { vmid, pid }, options.log);
      }
      await rm(backupFolder(layout), { recursive: true, force: true });
      options.log(`bridge ${opened.network.bridge}: ${opened.network.gateway}/${opened.network.prefix}`);
    },
    async close() {
      opened = undefined;
    },
    async resetHost() {
      const changer = opened?.changer ?? (await openChanger(layout));
      for (const vmid of await knownContainers(layout)) await stopContainer(layout, processes, vmid);
      await changer.undoAll();
      opened = undefined;
    },

    allocate: (volume) => session().volumes.allocate(volume),
    free: (volume) => session().volumes.free(volume),
    grow: (volume, size, log) => session().volumes.grow(volume, size, log),
    usage: (storage) => session().volumes.usage(storage),
    volumeUsage: (volume) => session().volumes.volumeUsage(volume),
    async bridges() {
      return opened === undefined ? [] : ['vmbr0'];
    },

    async unpack(spec, unpackOptions, log, signal) {
      const host = session();
      for (const mount of [spec.rootfs, ...spec.mounts]) await ownVolume(host, spec, mount);
      const workDirectory = join(layout.state, 'work');
      await mkdir(workDirectory, { recursive: true, mode: 0o700 });
      const resolver = await hostResolver(host.changer, layout, host.network);
      const place = { rootfs: rootPath(host, spec), range: host.facts.idRange, workDirectory, resolver };
      await unpack(spec, unpackOptions, place, log, signal);
    },
    async forget(vmid) {
      await unstageAll(layout, vmid);
      await rm(containerDirectory(layout, vmid), { recursive: true, force: true });
      await rmdir(join(layout.hotplug, String(vmid))).catch(() => undefined);
    },
    async start(spec, log, signal) {
      const host = session();
      // lxc would tear down what it finds half made of a container that runs.
      if ((await processes.pid(spec.vmid)) !== undefined) throw new Error(`CT ${spec.vmid} already running`);
      await prepareStart(host, spec);
      await passFirewalls(host.changer, host.network.bridge, log);
      await forgetNeighbours(host.network.bridge, fixedAddresses(spec));
      await removeLeftovers(host, spec);
      await startContainer(layout, spec.vmid, log, signal);
      await finishInterfaces(host, spec, log);
    },
    async stop(vmid) {
      await stopContainer(layout, processes, vmid);
      await unstageAll(layout, vmid);
    },
    async shutdown(vmid, timeoutSeconds, log) {
      const ended = await shutdownContainer(layout, processes, vmid, timeoutSeconds, log);
      if (ended) await unstageAll(layout, vmid);
      return ended;
    },
    async state(vmid): Promise<RuntimeState> {
      return await stateOf(session(), vmid, await loadSpec(session(), vmid));
    },
    async networkState(vmid) {
      const pid = await processes.pid(vmid);
      return pid === undefined ? [] : await guestInterfaces(pid);
    },
    async change(before, after) {
      const pid = await processes.pid(after.vmid);
      if (pid !== undefined) await changeContainer(session(), pid, before, after);
    },
    volumeWork: lxcVolumeWork(session, processes),
    makeTemplate: (recipe, destination, log, signal) => makeTemplate(recipe, destination, layout.state, log, signal),
  };
}
