import { cpus } from 'node:os';
import type { RuntimeState } from '../backend/backend.ts';
import type { Core } from '../core.ts';
import type { Json } from '../http/answer.ts';
import { nodeOf } from '../members.ts';
import type { Values } from './config.ts';
import { parseSize } from './size.ts';
import { DEFAULT_MEMORY } from './spec.ts';

const MIB = 1024 ** 2;
/** Asked for once: reading it goes through files of the system, for each container of each list. */
const PROCESSORS = cpus().length;
/** What is shown while a rootfs has no size yet (row 809). */
const DEFAULT_DISK = 4 * 1024 ** 3;

export interface GuestStatus {
  readonly vmid: number;
  readonly values: Values;
  readonly state: RuntimeState;
}

function diskSize(core: Core, values: Values): number {
  if (values.rootfs === undefined) return DEFAULT_DISK;
  const size = /(?:^|,)size=([^,]+)/.exec(values.rootfs)?.[1];
  const bytes = size === undefined ? undefined : parseSize(size);
  if (bytes !== undefined && bytes > 0) return bytes;
  return core.profile.simulatedCapacity;
}

/** CPUs that a container may use: cores, and less with a limit. */
function cpuCount(values: Values): number {
  const cores = values.cores === undefined ? PROCESSORS : Number(values.cores);
  return cores;
}

/** The fields of `/nodes/{node}/lxc` and `status/current`. */
export function listEntry(core: Core, { vmid, values, state }: GuestStatus): { readonly [key: string]: Json } {
  return {
    vmid,
    type: 'lxc',
    status: state.running ? 'running' : 'stopped',
    name: values.hostname ?? `CT${vmid}`,
    cpus: cpuCount(values),
    cpu: state.cpu,
    mem: state.memory,
    maxmem: Number(values.memory ?? DEFAULT_MEMORY) * MIB,
    swap: state.swap,
    maxswap: Number(values.swap ?? 0) * MIB,
    disk: state.disk,
    maxdisk: diskSize(core, values),
    diskread: state.diskRead,
    diskwrite: state.diskWrite,
    netin: state.netIn,
    netout: state.netOut,
    uptime: state.running ? state.uptime : 0,
    ...(values.lock === undefined ? {} : { lock: values.lock }),
    ...(values.tags === undefined ? {} : { tags: values.tags }),
    ...(values.template === '1' ? { template: 1 } : {}),
    ...(state.pid === undefined ? {} : { pid: state.pid }),
  };
}

/** What the node's statistics daemon knows of a container: nothing at all of one that it has not met yet. */
export function statsEntry(core: Core, guest: GuestStatus): { readonly [key: string]: Json } {
  const { vmid } = guest;
  const base = { id: `lxc/${vmid}`, vmid, node: nodeOf(core, vmid), type: 'lxc', status: 'unknown' };
  const seen = core.statistics.frozen === undefined ? liveStats(core, guest) : core.statistics.frozen.get(vmid);
  return seen === undefined ? base : { ...base, ...seen };
}

function liveStats(core: Core, guest: GuestStatus): { readonly [key: string]: Json } {
  const {
    cpus,
    swap: _swap,
    maxswap: _maxswap,
    pid: _pid,
    lock: _lock,
    tags: _tags,
    ...entry
  } = listEntry(core, guest);
  return { ...entry, maxcpu: cpus ?? 1, template: guest.values.template === '1' ? 1 : 0 };
}

/** From now on statistics say what they say now; without `freeze` they follow again. */
export async function freezeStatistics(core: Core, freeze: boolean): Promise<void> {
  core.statistics.frozen = undefined;
  if (!freeze) return;
  const guests = await visibleContainers(core, 'root@pam');
  core.statistics.frozen = new Map(guests.map((guest) => [guest.vmid, liveStats(core, guest)]));
}

/** The fields of `/cluster/resources`. */
export function resourceEntry(core: Core, authuser: string, guest: GuestStatus): { readonly [key: string]: Json } {
  const { vmid, values } = guest;
  const pool = core.access.poolOf('vms', String(vmid));
  const hastate = core.ha.value[`ct:${vmid}`]?.state;
  return {
    ...statsEntry(core, guest),
    ...(values.lock === undefined ? {} : { lock: values.lock }),
    ...(values.tags === undefined ? {} : { tags: values.tags }),
    ...(pool === undefined || !core.access.may(authuser, `/pool/${pool}`, 'Pool.Audit') ? {} : { pool }),
    ...(hastate === undefined ? {} : { hastate }),
  };
}

/** All containers that the caller may see, ascending. */
export async function visibleContainers(core: Core, authuser: string): Promise<readonly GuestStatus[]> {
  const visible = core.guests.ids('lxc').filter((vmid) => core.access.may(authuser, `/vms/${vmid}`, 'VM.Audit'));
  return Promise.all(
    visible.map(async (vmid) => ({
      vmid,
      values: core.guests.read('lxc', vmid).config.values,
      state: await core.backend.state(vmid),
    })),
  );
}
