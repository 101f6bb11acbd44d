import { resourceEntry, statsEntry, visibleContainers } from '../guests/status.ts';
import { allowedTags } from '../guests/tags.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { nodesOf } from '../members.ts';
import type { Call, Routes } from './call.ts';
import { nodeEntry } from './node-load.ts';
import { qemuResources } from './qemu.ts';
import { storageResources } from './storage-status.ts';
import { clusterTasks } from './tasks.ts';

type Fields = { readonly [key: string]: Json };

/** `next-id: lower=…,upper=…` of the datacenter, else Proxmox VE's own limits. */
function vmidRange(options: Readonly<Record<string, string>>): { readonly lower: number; readonly upper: number } {
  const parts = new Map((options['next-id'] ?? '').split(',').map((part) => part.split('=') as [string, string]));
  return { lower: Number(parts.get('lower') ?? 100), upper: Number(parts.get('upper') ?? 1_000_000) };
}

function nextId(call: Call): Json {
  const { guests, options } = call.core;
  const asked = call.number('vmid');
  if (asked !== undefined) {
    if (guests.kindOf(asked) !== undefined) throw parameterError({ vmid: `VM ${asked} already exists` });
    return String(asked);
  }
  const { lower, upper } = vmidRange(options.value);
  for (let vmid = lower; vmid < upper; vmid += 1) {
    if (guests.kindOf(vmid) === undefined) return String(vmid);
  }
  throw new ApiError(500, `unable to get any free VMID in range [${lower}, ${upper}]`);
}

/** A pool's own line; of its running containers it says the sums. */
function poolEntries(call: Call, guests: readonly Fields[]): readonly Fields[] {
  const { core } = call;
  const pools = Object.entries(core.accessStore.value.pools).filter(([pool]) =>
    call.may(`/pool/${pool}`, 'Pool.Audit'),
  );
  return pools.map(([pool, { vms }]) => {
    const running = guests.filter(({ vmid, uptime }) => vms.includes(Number(vmid)) && Number(uptime ?? 0) > 0);
    const sum = (key: string): number => running.reduce((total, guest) => total + Number(guest[key] ?? 0), 0);
    const entry = { id: `/pool/${pool}`, pool, type: 'pool' };
    if (running.length === 0) return entry;
    const uptime = Math.max(...running.map((guest) => Number(guest.uptime)));
    return { ...entry, uptime, mem: sum('mem'), maxmem: sum('maxmem'), cpu: sum('cpu'), maxcpu: sum('maxcpu') };
  });
}

async function resources(call: Call): Promise<Json> {
  const { core, authuser } = call;
  const type = call.text('type');
  const wanted = (kind: string): boolean => type === undefined || type === kind;
  const all = wanted('vm') ? await visibleContainers(core, 'root@pam') : [];
  const visible = all.filter(({ vmid }) => call.may(`/vms/${vmid}`, 'VM.Audit'));
  const { node } = core.profile;
  const nodes = await Promise.all(nodesOf(core).map((name) => nodeEntry(call, name)));
  const plainNodes = nodes.map(({ ssl_fingerprint: _, ...plain }) => plain);
  const sdn = call.may('/sdn/zones/localnetwork', 'SDN.Audit') && wanted('sdn');
  return [
    ...(wanted('pool')
      ? poolEntries(
          call,
          all.map((guest) => statsEntry(core, guest)),
        )
      : []),
    ...visible.map((guest) => resourceEntry(core, authuser, guest)),
    ...(wanted('vm') ? qemuResources(call) : []),
    ...(wanted('node') ? plainNodes.map((plain) => ({ ...plain, 'cgroup-mode': 2 })) : []),
    ...(wanted('storage') ? await storageResources(call) : []),
    ...(sdn ? [{ id: `sdn/${node}/localnetwork`, type: 'sdn', sdn: 'localnetwork', node, status: 'ok' }] : []),
  ];
}

function status({ core }: Call): Json {
  const { address } = core.profile;
  const [node = '', ...members] = nodesOf(core);
  const common = { type: 'node', ip: address, level: '', online: 1 };
  const own = { ...common, id: `node/${node}`, name: node, local: 1, nodeid: members.length === 0 ? 0 : 1 };
  if (members.length === 0) return [own];
  const cluster = {
    id: 'cluster',
    type: 'cluster',
    name: 'local',
    version: 2,
    nodes: members.length + 1,
    quorate: core.cluster.quorate ? 1 : 0,
  };
  return [
    cluster,
    own,
    ...members.map((name, index) => ({ ...common, id: `node/${name}`, name, local: 0, nodeid: index + 2 })),
  ];
}

/** Who may not audit sees how the web interface is to look, and nothing else. */
function getOptions(call: Call): Json {
  const { options } = call.core;
  const tags = { 'allowed-tags': allowedTags(call.core, call.authuser) };
  if (call.may('/', 'Sys.Audit')) return { description: '', mac_prefix: 'BC:24:11', ...options.value, ...tags };
  const shown = Object.entries(options.value).filter(([key]) => key === 'console' || key === 'tag-style');
  return { ...Object.fromEntries(shown), ...tags };
}

function setOptions(call: Call): Json {
  const { options, cluster } = call.core;
  if (!cluster.quorate) throw new ApiError(500, "cfs-lock 'file-datacenter_cfg' error: no quorum!");
  options.update((value) => {
    for (const key of Object.keys(call.parameters)) {
      if (key !== 'delete') value[key] = call.required(key);
    }
    for (const key of call.list('delete')) delete value[key];
  });
  return null;
}

export const clusterRoutes: Routes = {
  'GET /cluster/nextid': nextId,
  'GET /cluster/resources': resources,
  'GET /cluster/status': status,
  'GET /cluster/tasks': ({ core, authuser }) => clusterTasks(core, authuser),
  'GET /cluster/options': getOptions,
  'PUT /cluster/options': setOptions,
};
