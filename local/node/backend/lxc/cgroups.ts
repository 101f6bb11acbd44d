import { existsSync, readFileSync } from 'node:fs';

/** How this machine's control groups are laid out, as far as containers care. */
export type Cgroups =
  | { readonly version: 2; readonly controllers: ReadonlySet<string> }
  /** Hierarchies of version 1, perhaps beside an empty version 2. `swap`: whether memory.memsw.* is there. */
  | { readonly version: 1; readonly controllers: ReadonlyMap<string, string>; readonly swap: boolean };

/** One key of one controller; `value` as the kernel's file takes it. */
export interface Limit {
  readonly key: string;
  readonly value: string;
}

export interface Limits {
  readonly cores?: number;
  readonly cpulimit?: number;
  readonly cpuunits?: number;
  /** MiB */
  readonly memory: number;
  /** MiB */
  readonly swap: number;
}

const PERIOD = 100_000;
const MIB = 1024 * 1024;

/** Reads /proc/self/mountinfo: which hierarchy holds which controller. */
export function parseCgroupMounts(mountinfo: string): {
  readonly unified?: string;
  readonly controllers: Map<string, string>;
} {
  const controllers = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ');
    const target = before?.split(' ')[4];
    const [type, , options] = after?.split(' ') ?? [];
    if (target === undefined) continue;
    if (type === 'cgroup2') unified ??= target;
    if (type === 'cgroup') for (const option of options?.split(',') ?? []) controllers.set(option, target);
  }
  return unified === undefined ? { controllers } : { unified, controllers };
}

/** undefined: no hierarchy that could hold a container's memory. */
export function detectCgroups(mountinfo = readFileSync('/proc/self/mountinfo', 'utf8')): Cgroups | undefined {
  const { unified, controllers } = parseCgroupMounts(mountinfo);
  const memory = controllers.get('memory');
  if (memory !== undefined)
    return { version: 1, controllers, swap: existsSync(`${memory}/memory.memsw.limit_in_bytes`) };
  if (unified === undefined) return undefined;
  const names = existsSync(`${unified}/cgroup.controllers`)
    ? readFileSync(`${unified}/cgroup.controllers`, 'utf8')
    : '';
  return { version: 2, controllers: new Set(names.trim().split(' ')) };
}

/** The CPUs of a container with fewer cores than the machine, spread over the machine by vmid. */
function cpuSet(cores: number, vmid: number, hostCores: number): string {
  const cpus = Array.from({ length: cores }, (_, index) => (vmid * cores + index) % hostCores);
  return [...cpus].sort((a, b) => a - b).join(',');
}

/** lxc does not start a container for which it cannot write a key. */
function withController({ controllers }: Cgroups): (limit: Limit) => boolean {
  return ({ key }) => controllers.has(key.split('.')[0] ?? '');
}

/**
 * What to write for these limits, in an order that the kernel accepts for a container that starts from nothing.
 * Every key is always there, so that taking a limit away is a change like any other.
 */
export function limitKeys(limits: Limits, vmid: number, cgroups: Cgroups, hostCores: number): readonly Limit[] {
  const memory = limits.memory * MIB;
  const total = (limits.memory + limits.swap) * MIB;
  const cores = Math.min(limits.cores ?? hostCores, hostCores);
  const quota =
    limits.cpulimit === undefined || limits.cpulimit === 0 ? undefined : Math.round(limits.cpulimit * PERIOD);
  const cpus = { key: 'cpuset.cpus', value: cpuSet(cores, vmid, hostCores) };
  if (cgroups.version === 2) {
    return [
      { key: 'memory.max', value: String(memory) },
      { key: 'memory.swap.max', value: String(limits.swap * MIB) },
      { key: 'cpu.max', value: `${quota ?? 'max'} ${PERIOD}` },
      { key: 'cpu.weight', value: String(Math.min(limits.cpuunits ?? 100, 10_000)) },
      cpus,
    ].filter(withController(cgroups));
  }
  return [
    { key: 'memory.limit_in_bytes', value: String(memory) },
    ...(cgroups.swap ? [{ key: 'memory.memsw.limit_in_bytes', value: String(total) }] : []),
    { key: 'cpu.cfs_period_us', value: String(PERIOD) },
    { key: 'cpu.cfs_quota_us', value: String(quota ?? -1) },
    { key: 'cpu.shares', value: String(limits.cpuunits ?? 1024) },
    cpus,
  ].filter(withController(cgroups));
}

/**
 * The keys that differ, in an order that never breaks memory ≤ memory plus swap on the way: growing, the sum goes
 * first; shrinking, the memory.
 */
export function limitChanges(before: readonly Limit[], after: readonly Limit[]): readonly Limit[] {
  const old = new Map(before.map(({ key, value }) => [key, value]));
  const changed = after.filter(({ key, value }) => old.get(key) !== value);
  const growing = changed.some(
    ({ key, value }) => key === 'memory.memsw.limit_in_bytes' && Number(value) > Number(old.get(key) ?? 0),
  );
  if (!growing) return changed;
  return [...changed].sort((a, b) => Number(b.key.includes('memsw')) - Number(a.key.includes('memsw')));
}
