import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cgroups } from './cgroups.ts';
import { parseCgroupMounts } from './cgroups.ts';
import { hostInterface } from './interface-names.ts';

export interface ContainerStats {
  /** nanoseconds of CPU used since its start */
  readonly cpuTime: number;
  readonly memory: number;
  readonly swap: number;
  readonly diskRead: number;
  readonly diskWrite: number;
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}

/** A line `key value` of files such as memory.stat. */
function field(content: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(content)?.[1] ?? 0);
}

/** The folder of a container's group for one controller (`''`: version 2), found through its init. */
export async function cgroupFolder(
  pid: number,
  group: string,
  vmid: number,
  controller: string,
): Promise<string | undefined> {
  const { unified, controllers } = parseCgroupMounts(await text('/proc/self/mountinfo'));
  const root = controller === '' ? unified : controllers.get(controller);
  for (const line of (await text(`/proc/${pid}/cgroup`)).split('\n')) {
    const [, names, ...rest] = line.split(':');
    const path = rest.join(':');
    const mark = `/lxc/${group}/${vmid}`;
    const end = path.indexOf(`${mark}/`);
    if (names?.split(',').includes(controller) && end >= 0 && root !== undefined) {
      return join(root, path.slice(0, end + mark.length));
    }
  }
  return undefined;
}

export async function readStats(pid: number, group: string, vmid: number, cgroups: Cgroups): Promise<ContainerStats> {
  const folder = async (controller: string): Promise<string> =>
    (await cgroupFolder(pid, group, vmid, cgroups.version === 2 ? '' : controller)) ?? '/nonexistent';
  if (cgroups.version === 2) {
    const path = await folder('');
    const [cpu, memory, current, swap, io] = await Promise.all(
      ['cpu.stat', 'memory.stat', 'memory.current', 'memory.swap.current', 'io.stat'].map((file) =>
        text(join(path, file)),
      ),
    );
    const sum = (key: string): number =>
      [...(io ?? '').matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))].reduce(
        (total, match) => total + Number(match[1]),
        0,
      );
    return {
      cpuTime: field(cpu ?? '', 'usage_usec') * 1000,
      memory: Math.max(0, Number(current) - field(memory ?? '', 'inactive_file')),
      swap: Number(swap) || 0,
      diskRead: sum('rbytes'),
      diskWrite: sum('wbytes'),
    };
  }
  const [memory, cpuacct, blkio] = await Promise.all(['memory', 'cpuacct', 'blkio'].map(folder));
  const stat = await text(`${memory}/memory.stat`);
  const used = Number(await text(`${memory}/memory.usage_in_bytes`));
  const bytes = await text(`${blkio}/blkio.throttle.io_service_bytes_recursive`);
  const sum = (kind: string): number =>
    [...bytes.matchAll(new RegExp(`^\\d+:\\d+ ${kind} (\\d+)$`, 'gm'))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return {
    cpuTime: Number(await text(`${cpuacct}/cpuacct.usage`)),
    memory: Math.max(0, used - field(stat, 'total_cache')),
    swap: field(stat, 'total_swap'),
    diskRead: sum('Read'),
    diskWrite: sum('Write'),
  };
}

/** Bytes from the container's side: what the host's end received is what it sent. */
export async function readTraffic(
  bridge: string,
  vmid: number,
  indexes: readonly number[],
): Promise<{ readonly in: number; readonly out: number }> {
  const counters = await Promise.all(
    indexes.map(async (index) => {
      const folder = `/sys/class/net/${hostInterface(bridge, vmid, index)}/statistics`;
      return { in: Number(await text(`${folder}/tx_bytes`)), out: Number(await text(`${folder}/rx_bytes`)) };
    }),
  );
  return counters.reduce((sum, each) => ({ in: sum.in + each.in, out: sum.out + each.out }), { in: 0, out: 0 });
}
