import type { ContainerSpec, RuntimeState } from '../backend.ts';
import type { ContainerProcesses } from './container-process.ts';
import { readStats, readTraffic } from './container-stats.ts';
import type { HostSession } from './host-session.ts';

interface Sample {
  readonly pid: number;
  /** nanoseconds */
  readonly at: bigint;
  readonly cpuTime: number;
  readonly share: number;
}

/** Shorter spans say more about the clock's grain than about the container. */
const SHORTEST_SPAN = 500_000_000n;
/** du over a root file system costs, a quota group's counter little; nobody needs either fresher than this. */
const DISK_AGE = { directory: 60_000, btrfs: 3000 } as const;

const STOPPED: RuntimeState = {
  running: false,
  uptime: 0,
  cpu: 0,
  memory: 0,
  swap: 0,
  disk: 0,
  diskRead: 0,
  diskWrite: 0,
  netIn: 0,
  netOut: 0,
};

/** What a container uses. CPU is measured between two calls; the first one says 0. */
export function containerState(processes: ContainerProcesses) {
  const samples = new Map<number, Sample>();
  const disks = new Map<number, { readonly at: number; readonly bytes: number }>();

  const cpuShare = (vmid: number, pid: number, cpuTime: number, cores: number): number => {
    const at = process.hrtime.bigint();
    const last = samples.get(vmid);
    if (last?.pid !== pid) {
      samples.set(vmid, { pid, at, cpuTime, share: 0 });
      return 0;
    }
    if (at - last.at < SHORTEST_SPAN) return last.share;
    const share = Math.min(1, Math.max(0, (cpuTime - last.cpuTime) / Number(at - last.at) / cores));
    samples.set(vmid, { pid, at, cpuTime, share });
    return share;
  };

  const diskUse = async (session: HostSession, vmid: number, spec: ContainerSpec): Promise<number> => {
    const known = disks.get(vmid);
    const { source } = spec.rootfs;
    if (source.kind !== 'volume') return 0;
    if (known !== undefined && Date.now() - known.at < DISK_AGE[session.volumes.kind]) {
      return known.bytes;
    }
    const bytes = await session.volumes.volumeUsage(source.volume);
    disks.set(vmid, { at: Date.now(), bytes });
    return bytes;
  };

  return async (session: HostSession, vmid: number, spec: ContainerSpec | undefined): Promise<RuntimeState> => {
    const pid = await processes.pid(vmid);
    if (pid === undefined || spec === undefined) return STOPPED;
    const { layout, facts, network } = session;
    const [stats, traffic, disk, uptime] = await Promise.all([
      readStats(pid, layout.group, vmid, facts.cgroups),
      readTraffic(
        network.bridge,
        vmid,
        spec.interfaces.map(({ index }) => index),
      ),
      diskUse(session, vmid, spec),
      processes.uptime(vmid),
    ]);
    return {
      running: true,
      pid,
      uptime,
      cpu: cpuShare(vmid, pid, stats.cpuTime, facts.cores),
      memory: stats.memory,
      swap: stats.swap,
      disk,
      diskRead: stats.diskRead,
      diskWrite: stats.diskWrite,
      netIn: traffic.in,
      netOut: traffic.out,
    };
  };
}
