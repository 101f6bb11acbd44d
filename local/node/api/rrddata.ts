import { seconds } from '../clock.ts';
import { listEntry } from '../guests/status.ts';
import type { Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';
import { nodeLoad } from './node-load.ts';
import { storageEntry } from './storage-status.ts';

type Fields = { readonly [key: string]: Json };

/** Seconds between two values of a time frame; there are 70 of them. */
const STEPS: Readonly<Record<string, number>> = {
  hour: 60,
  day: 1800,
  week: 10_800,
  month: 43_200,
  year: 604_800,
  decade: 604_800,
};
const VALUES = 70;

/** Nothing is recorded: the last moment says what is now, those before say only when they were (row 111). */
function series(call: Call, now: Fields): Json {
  const step = STEPS[call.required('timeframe')] ?? 60;
  const last = Math.floor(seconds(call.core.clock) / step) * step;
  return Array.from({ length: VALUES }, (_, index) => {
    const time = last - (VALUES - 1 - index) * step;
    return index === VALUES - 1 ? { time, ...now } : { time };
  });
}

const GUEST = ['cpu', 'disk', 'diskread', 'diskwrite', 'maxdisk', 'maxmem', 'mem', 'netin', 'netout'];

async function ofGuest(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const { values } = core.guests.read('lxc', vmid).config;
  const entry = listEntry(core, { vmid, values, state: await core.backend.state(vmid) });
  const now = Object.fromEntries(GUEST.map((key): [string, Json] => [key, entry[key] ?? 0]));
  return series(call, { ...now, maxcpu: entry.cpus ?? 1 });
}

async function ofStorage(call: Call): Promise<Json> {
  const { total, used } = await storageEntry(call.core, call.core.storages.get(call.required('storage')));
  return series(call, { total: total ?? 0, used: used ?? 0 });
}

function ofNode(call: Call): Json {
  const { cpu, maxcpu, mem, maxmem, disk, maxdisk } = nodeLoad();
  const load = { cpu: cpu ?? 0, maxcpu: maxcpu ?? 1, memused: mem ?? 0, memtotal: maxmem ?? 0 };
  return series(call, { ...load, rootused: disk ?? 0, roottotal: maxdisk ?? 0, iowait: 0, swapused: 0, swaptotal: 0 });
}

export const rrdRoutes: Routes = {
  'GET /nodes/{node}/rrddata': ofNode,
  'GET /nodes/{node}/lxc/{vmid}/rrddata': ofGuest,
  'GET /nodes/{node}/storage/{storage}/rrddata': ofStorage,
};
