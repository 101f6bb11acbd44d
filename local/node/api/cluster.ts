import { resourceEntry, visibleContainers } from '../guests/status.ts';
import { type Json, parameterError } from '../http/answer.ts';
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
  throw parameterError({ vmid: `unable to get any free VMID in range [${lower}, ${upper - 1}]` });
}

async function resources(call: Call): Promise<Json> {
  const { core, authuser } = call;
  const type = call.text('type');
  const wanted = (kind: string): boolean => type === undefined || type === kind;
  const guests = wanted('vm')
    ? (await visibleContainers(core, authuser)).map((guest) => resourceEntry(core, guest))
    : [];
  const machines = wanted('vm') ? qemuResources(call) : [];
  const node = wanted('node') ? [{ ...(await nodeEntry(call)), 'cgroup-mode': 2 }] : [];
  const { ssl_fingerprint: _fingerprint, ...plainNode } = (node[0] ?? {}) as Fields;
  const sdnPath = '/sdn/zones/localnetwork';
  const sdn = core.access.any(authuser, sdnPath, ['SDN.Audit', 'SDN.Use']) && wanted('sdn');
  return [
    ...guests,
    ...machines,
    ...(node.length === 0 ? [] : [plainNode]),
    ...(wanted('storage') ? await storageResources(call) : []),
    ...(sdn
      ? [
          {
            id: `sdn/${core.profile.node}/localnetwork`,
            type: 'sdn',
            sdn: 'localnetwork',
            node: core.profile.node,
            status: 'ok',
          },
        ]
      : []),
  ];
}

function status({ core }: Call): Json {
  const { node, address } = core.profile;
  return [{ id: `node/${node}`, type: 'node', name: node, ip: address, level: '', local: 1, nodeid: 0, online: 1 }];
}

function setOptions(call: Call): Json {
  const { options } = call.core;
  options.update((value) => {
    for (const key of call.list('delete')) delete value[key];
    for (const key of Object.keys(call.parameters)) {
      if (key !== 'delete') value[key] = call.required(key);
    }
  });
  return null;
}

export const clusterRoutes: Routes = {
  'GET /cluster/nextid': nextId,
  'GET /cluster/resources': resources,
  'GET /cluster/status': status,
  'GET /cluster/tasks': ({ core, authuser }) => clusterTasks(core, authuser),
  'GET /cluster/options': ({ core }) => ({
    'allowed-tags': [],
    description: '',
    mac_prefix: 'BC:24:11',
    ...core.options.value,
  }),
  'PUT /cluster/options': setOptions,
};
