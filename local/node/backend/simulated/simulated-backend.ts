import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Backend, ContainerSpec, RuntimeState, TaskLog, Volume } from '../backend.ts';
import { HotplugError } from '../backend.ts';
import { interfaceState, LOOPBACK } from './interfaces.ts';
import { openSimulatedState, type SimulatedDocument } from './model.ts';
import { logSetup, tarCommand, UNPACKED, unpackProblem } from './unpack.ts';
import { simulatedVolumeWork } from './volume-work.ts';

const MIB = 1024 ** 2;
/** What an empty file system takes. */
const EMPTY_FILE_SYSTEM = 34 * MIB;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

export interface SimulatedOptions {
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly bridges: readonly string[];
  /** bytes of every storage that the control endpoint has not changed */
  readonly capacity: number;
}

/** The simulated back end and what the control endpoint may do to it. */
export interface SimulatedBackend extends Backend {
  readonly kind: 'simulated';
  readonly model: SimulatedDocument;
}

const idOf = (volume: Volume): string => `${volume.storage}:${volume.name}`;

/** Config keys of interfaces and mounts. */
function partsOf({ interfaces, mounts }: ContainerSpec): readonly string[] {
  return [...interfaces.map(({ index }) => `net${index}`), ...mounts.map(({ key }) => key)];
}

/** Containers that exist in a file only. Deterministic but for process ids and key fingerprints; waits for nothing. */
export function createSimulatedBackend(options: SimulatedOptions): SimulatedBackend {
  const model = openSimulatedState(join(options.stateDirectory, 'simulated.json'));
  const now = (): number => Math.floor(options.clock.now() / 1000);

  const usage = (storage: string): { total: number; used: number; available: number } => {
    const total = model.value.capacity[storage] ?? options.capacity;
    const volumes = Object.entries(model.value.volumes).filter(([id]) => id.startsWith(`${storage}:`));
    const used = Math.min(
      total,
      volumes.reduce((sum, [, volume]) => sum + volume.used, 0),
    );
    return { total, used, available: total - used };
  };

  const stopNow = (vmid: number): void => {
    model.update((state) => {
      delete state.running[vmid];
    });
  };

  const missingDirectory = (spec: ContainerSpec): string | undefined => {
    const known = model.value.directories;
    const binds = spec.mounts.flatMap((mount) => (mount.source.kind === 'bind' ? [mount.source.path] : []));
    return known === undefined ? undefined : binds.find((path) => !known.includes(path));
  };

  const unpack: Backend['unpack'] = async (spec, { archive }, log, signal) => {
    const missing = missingDirectory(spec);
    if (missing !== undefined) throw new Error(`directory '${missing}' does not exist`);
    log(`extracting archive '${archive}'`);
    if (signal.aborted) throw new Error(`command '${tarCommand(spec, archive)}' failed: received interrupt`);
    const root = spec.rootfs.source;
    const problem = unpackProblem(
      spec,
      archive,
      root.kind === 'volume' ? usage(root.volume.storage).available : UNPACKED,
    );
    if (problem !== undefined) {
      log(problem);
      log('tar: Exiting with failure status due to previous errors');
      throw new Error(`command '${tarCommand(spec, archive)}' failed: exit code 2`);
    }
    if (root.kind === 'volume') {
      const { size } = root.volume;
      model.update((state) => {
        const content = { template: basename(archive) };
        state.volumes[idOf(root.volume)] = { size, used: EMPTY_FILE_SYSTEM + UNPACKED, content };
      });
    }
    logSetup(spec, archive, log);
  };

  const start = async (spec: ContainerSpec, log: TaskLog): Promise<void> => {
    if (missingDirectory(spec) !== undefined) {
      log('run_buffer: 322 Script exited with status 2');
      log(`lxc_init: 844 Failed to run lxc.hook.pre-start for container "${spec.vmid}"`);
      log(`__lxc_start: 2027 Failed to initialize container "${spec.vmid}"`);
      throw new Error(`startup for container '${spec.vmid}' failed`);
    }
    const pid = 20_000 + Math.floor(Math.random() * 10_000);
    model.update((state) => {
      state.running[spec.vmid] = { pid, since: now(), interfaces: spec.interfaces };
    });
  };

  const state = async (vmid: number): Promise<RuntimeState> => {
    const running = model.value.running[vmid];
    const idle = { cpu: 0, memory: 0, swap: 0, disk: 0, diskRead: 0, diskWrite: 0, netIn: 0, netOut: 0 };
    if (running === undefined) return { running: false, uptime: 0, ...idle };
    const busy = { memory: 12 * MIB, disk: UNPACKED, netIn: 290, netOut: 516 };
    return { running: true, pid: running.pid, uptime: Math.max(1, now() - running.since), ...idle, ...busy };
  };

  return {
    kind: 'simulated',
    model,
    volumeWork: simulatedVolumeWork(model),
    open: async () => {},
    close: async () => {},
    resetHost: async () => {
      model.update((value) => {
        value.running = {};
      });
    },
    allocate: async (volume) => {
      const { available } = usage(volume.storage);
      const used = Math.min(EMPTY_FILE_SYSTEM, available);
      if (available <= 0) throw new Error(`unable to allocate '${volume.name}': No space left on device`);
      model.update((value) => {
        value.volumes[idOf(volume)] = { size: volume.size, used };
      });
    },
    free: async (volume) => {
      model.update((value) => {
        delete value.volumes[idOf(volume)];
      });
    },
    grow: async (volume, size, log) => {
      model.update((value) => {
        value.volumes[idOf(volume)] = { used: EMPTY_FILE_SYSTEM, ...value.volumes[idOf(volume)], size };
      });
      log('Image resized.');
    },
    usage: async (storage) => usage(storage),
    volumeUsage: async (volume) => model.value.volumes[idOf(volume)]?.used ?? 0,
    bridges: async () => options.bridges,
    unpack,
    forget: async (vmid) => {
      stopNow(vmid);
    },
    start,
    stop: async (vmid) => stopNow(vmid),
    shutdown: async (vmid) => {
      stopNow(vmid);
      return true;
    },
    state,
    networkState: async (vmid) => {
      const nets = model.value.running[vmid]?.interfaces ?? [];
      return [LOOPBACK, ...nets.map((net) => interfaceState(vmid, net))];
    },
    change: async (before, after) => {
      const [had, has] = [partsOf(before), partsOf(after)];
      const bad = has.find((key) => !had.includes(key) && model.value.hotplug?.[key] !== undefined);
      if (bad !== undefined) throw new HotplugError(bad, model.value.hotplug[bad] ?? '');
      const bridge = after.interfaces.find((net) => !options.bridges.includes(net.bridge));
      if (bridge !== undefined) {
        throw new HotplugError(`net${bridge.index}`, `bridge '${bridge.bridge}' does not exist`);
      }
      model.update((value) => {
        const running = value.running[after.vmid];
        if (running !== undefined) value.running[after.vmid] = { ...running, interfaces: after.interfaces };
      });
    },
    makeTemplate: async (_recipe, destination, log) => {
      writeFileSync(destination, Buffer.concat([ZSTD_MAGIC, Buffer.alloc(8)]));
      log(`made ${destination}`);
    },
  };
}
