import type { Values } from '../guests/config.ts';
import type { Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

type Fields = { readonly [key: string]: Json };

/** A virtual machine is data here: its config, and it never runs. */
function entry(vmid: number, values: Values): Fields {
  const memory = Number(values.memory ?? 512) * 1024 ** 2;
  const cores = Number(values.cores ?? 1) * Number(values.sockets ?? 1);
  return {
    vmid,
    name: values.name ?? `VM ${vmid}`,
    status: 'stopped',
    cpu: 0,
    cpus: cores,
    mem: 0,
    maxmem: memory,
    disk: 0,
    maxdisk: 0,
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    uptime: 0,
    ...(values.tags === undefined ? {} : { tags: values.tags }),
    ...(values.template === '1' ? { template: 1 } : {}),
  };
}

function visible(call: Call): readonly (readonly [number, Values])[] {
  return call.core.guests
    .ids('qemu')
    .filter((vmid) => call.may(`/vms/${vmid}`, 'VM.Audit'))
    .map((vmid) => [vmid, call.core.guests.read('qemu', vmid).config.values] as const);
}

export function qemuResources(call: Call): readonly Fields[] {
  return visible(call).map(([vmid, values]) => {
    const { cpus, ...rest } = entry(vmid, values);
    const pool = call.core.access.poolOf('vms', String(vmid));
    const template = values.template === '1' ? 1 : 0;
    const { node } = call.core.profile;
    return {
      ...rest,
      id: `qemu/${vmid}`,
      type: 'qemu',
      node,
      maxcpu: cpus ?? 1,
      template,
      ...(pool === undefined ? {} : { pool }),
    };
  });
}

/** Whole numbers of a VM's config stay texts (row 1086: memory "512"). */
function config(call: Call): Json {
  const { config: stored, digest } = call.core.guests.read('qemu', call.vmid);
  return { ...stored.values, digest };
}

function current(call: Call): Json {
  const { config: stored } = call.core.guests.read('qemu', call.vmid);
  return { ...entry(call.vmid, stored.values), qmpstatus: 'stopped', ha: { managed: 0 } };
}

export const qemuRoutes: Routes = {
  'GET /nodes/{node}/qemu': (call) => visible(call).map(([vmid, values]) => entry(vmid, values)),
  'GET /nodes/{node}/qemu/{vmid}/config': config,
  'GET /nodes/{node}/qemu/{vmid}/status/current': current,
};
