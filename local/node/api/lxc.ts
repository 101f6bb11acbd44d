import { listEntry, visibleContainers } from '../guests/status.ts';
import type { Json } from '../http/answer.ts';
import { nodeOf } from '../members.ts';
import type { Call, Routes } from './call.ts';

async function list(call: Call): Promise<Json> {
  const guests = await visibleContainers(call.core, call.authuser);
  const here = guests.filter(({ vmid }) => nodeOf(call.core, vmid) === call.core.profile.node);
  return here.map((guest) => listEntry(call.core, guest));
}

async function current(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const { values } = core.guests.read('lxc', vmid).config;
  const resource = core.ha.value[`ct:${vmid}`];
  const managed = resource !== undefined && resource.state !== 'ignored';
  const ha = managed ? { managed: 1, group: resource.options.group ?? null, state: null } : { managed: 0 };
  return { ...listEntry(core, { vmid, values, state: await core.backend.state(vmid) }), ha };
}

/** Of a container that does not run, or is not there, nothing is said. */
async function interfaces(call: Call): Promise<Json> {
  const { core, vmid } = call;
  if (!(await core.backend.state(vmid)).running) return null;
  const found = await core.backend.networkState(vmid);
  return found.map(({ name, hwaddr, addresses }) => {
    const first = (family: string): { [key: string]: string } => {
      const match = addresses.find((address) => address.family === family);
      return match === undefined ? {} : { [family]: `${match.address}/${match.prefix}` };
    };
    return {
      name,
      hwaddr,
      'hardware-address': hwaddr,
      ...first('inet'),
      ...first('inet6'),
      'ip-addresses': addresses.map(({ address, prefix, family }) => ({
        'ip-address': address,
        'ip-address-type': family,
        prefix: String(prefix),
      })),
    };
  });
}

function index({ core, vmid }: Call, names: readonly string[]): Json {
  core.guests.read('lxc', vmid);
  return names.map((subdir) => ({ subdir }));
}

export const lxcRoutes: Routes = {
  'GET /nodes/{node}/lxc': list,
  'GET /nodes/{node}/lxc/{vmid}/status/current': current,
  'GET /nodes/{node}/lxc/{vmid}/interfaces': interfaces,
  'GET /nodes/{node}/lxc/{vmid}': (call) =>
    index(call, [
      ...['config', 'pending', 'status', 'vncproxy', 'termproxy', 'vncwebsocket', 'spiceproxy', 'migrate', 'clone'],
      ...['rrd', 'rrddata', 'firewall', 'snapshot', 'resize', 'interfaces'],
    ]),
  'GET /nodes/{node}/lxc/{vmid}/status': (call) =>
    index(call, ['current', 'start', 'stop', 'shutdown', 'reboot', 'migrate']),
};
