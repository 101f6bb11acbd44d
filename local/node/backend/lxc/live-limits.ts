import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec } from '../backend.ts';
import { HotplugError } from '../backend.ts';
import type { Cgroups, Limit } from './cgroups.ts';
import { limitChanges, limitKeys } from './cgroups.ts';
import { cgroupFolder } from './container-stats.ts';
import type { HostSession } from './host-session.ts';

/** `memory.limit_in_bytes` belongs to the controller `memory`; version 2 has one tree for all. */
function controllerOf(key: string, cgroups: Cgroups): string {
  return cgroups.version === 2 ? '' : (key.split('.')[0] ?? '');
}

/** The config's key behind a kernel's file, for the error. */
function configKey(key: string): string {
  if (key.includes('swap') || key.includes('memsw')) return 'swap';
  if (key.startsWith('memory')) return 'memory';
  if (key.startsWith('cpuset')) return 'cores';
  return key === 'cpu.shares' || key === 'cpu.weight' ? 'cpuunits' : 'cpulimit';
}

async function write(folder: string, { key, value }: Limit): Promise<void> {
  try {
    await writeFile(join(folder, key), value);
  } catch (error) {
    const busy = (error as NodeJS.ErrnoException).code === 'EBUSY';
    const reason = busy ? 'the container uses more than that' : error instanceof Error ? error.message : String(error);
    throw new HotplugError(configKey(key), `unable to set ${key} to ${value}: ${reason}`);
  }
}

/** Writes the limits that differ straight to the kernel. */
export async function changeLimits(
  session: HostSession,
  pid: number,
  before: ContainerSpec,
  after: ContainerSpec,
): Promise<void> {
  const { cgroups, cores } = session.facts;
  const keys = (spec: ContainerSpec): readonly Limit[] => limitKeys(spec, spec.vmid, cgroups, cores);
  for (const limit of limitChanges(keys(before), keys(after))) {
    const folder = await cgroupFolder(pid, session.layout.group, after.vmid, controllerOf(limit.key, cgroups));
    if (folder === undefined) throw new HotplugError(configKey(limit.key), `no control group has ${limit.key}`);
    await write(folder, limit);
  }
}
