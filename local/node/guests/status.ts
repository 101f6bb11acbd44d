import { cpus } from 'node:os';
import type { RuntimeState } from '../backend/backend.ts';
import type { Core } from '../core.ts';
import type { Json } from '../http/answer.ts';
import type { Values } from './config.ts';
import { parseSize } from './size.ts';
import { DEFAULT_MEMORY } from './spec.ts';

const MIB = 1024 ** 2;
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
  const cores = values.cores === undefined ? cpus().length : Number(values.cores);
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

/** The fields of `/cluster/resources`. */
export function resourceEntry(core: Core, guest: GuestStatus): { readonly [key: string]: Json } {
  const {
    cpus: maxcpu,
    swap: _swap,
    maxswap: _maxswap,
    pid: _pid,
    template: _template,
    ...entry
  } = listEntry(core, guest);
  const pool = core.access.poolOf('vms', String(guest.vmid));
  const hastate = core.ha.value[`ct:${guest.vmid}`]?.state;
  return {
    ...entry,
    id: `lxc/${guest.vmid}`,
    node: core.profile.node,
    maxcpu: maxcpu ?? 1,
    template: guest.values.template === '1' ? 1 : 0,
    ...(pool === undefined ? {} : { pool }),
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
