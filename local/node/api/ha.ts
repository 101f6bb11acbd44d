import { createHash } from 'node:crypto';
import { assertQuorum } from '../cluster.ts';
import type { Core, HaResource } from '../core.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** `ct:100`, `vm:100` or a bare vmid, as `type:vmid`. */
function sidOf(core: Core, text: string): string {
  if (!/^\d+$/.test(text)) return text;
  const kind = core.guests.kindOf(Number(text));
  if (kind === undefined) throw new ApiError(500, `unable do detect SID from VMID - VM/CT ${text} does not exist`);
  return `${kind === 'qemu' ? 'vm' : 'ct'}:${text}`;
}

function digestOf(core: Core): string {
  return createHash('sha1').update(JSON.stringify(core.ha.value)).digest('hex');
}

function entry(core: Core, sid: string, resource: HaResource): { readonly [key: string]: Json } {
  const numbers = Object.entries(resource.options).map(([key, value]): [string, Json] => [
    key,
    key.startsWith('max_') ? Number(value) : value,
  ]);
  const { state } = resource;
  return { sid, type: sid.split(':')[0] ?? '', state, ...Object.fromEntries(numbers), digest: digestOf(core) };
}

const OPTIONS = ['comment', 'group', 'max_restart', 'max_relocate'];

/** `enabled` is the old word. */
function stateOf(call: Call): string | undefined {
  const state = call.text('state');
  return state === 'enabled' ? 'started' : state;
}

function optionsOf(call: Call, before: HaResource['options']): HaResource['options'] {
  const given = OPTIONS.flatMap((key) => {
    const value = call.text(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  const removed = call.list('delete');
  const all = Object.entries({ ...before, ...Object.fromEntries(given) });
  return Object.fromEntries(all.filter(([key]) => !removed.includes(key)));
}

function create(call: Call): Json {
  const { core } = call;
  assertQuorum(core);
  const sid = sidOf(core, call.required('sid'));
  const [kind = '', vmid = ''] = sid.split(':');
  const type = call.text('type');
  if (type !== undefined && type !== kind) throw new ApiError(500, 'types does not match');
  if (kind !== 'ct' && kind !== 'vm') throw new ApiError(500, `unknown section type '${kind}'`);
  if (!/^[1-9][0-9]+$/.test(vmid)) throw new ApiError(500, 'invalid VMID');
  if (core.guests.kindOf(Number(vmid)) !== (kind === 'vm' ? 'qemu' : 'lxc')) {
    throw new ApiError(500, `resource '${sid}' does not exist in cluster`);
  }
  if (core.ha.value[sid] !== undefined) {
    throw new ApiError(500, `create resource failed: resource ID '${sid}' already defined`);
  }
  core.ha.update((value) => {
    value[sid] = { state: stateOf(call) ?? 'started', options: optionsOf(call, {}) };
  });
  return null;
}

function known(call: Call, text: (sid: string) => string): readonly [string, HaResource] {
  const sid = sidOf(call.core, call.required('sid'));
  const resource = call.core.ha.value[sid];
  if (resource === undefined) throw new ApiError(500, text(sid));
  return [sid, resource];
}

function update(call: Call): Json {
  const group = call.text('group');
  if (group !== undefined && call.core.haGroups.value[group] === undefined) {
    throw new ApiError(500, `HA group '${group}' does not exist`);
  }
  const [sid, before] = known(call, (id) => `update resources config failed: no such resource '${id}'`);
  call.core.ha.update((value) => {
    value[sid] = { state: stateOf(call) ?? before.state, options: optionsOf(call, before.options) };
  });
  return null;
}

function remove(call: Call): Json {
  const [sid] = known(call, (id) => `cannot delete service '${id}', not HA managed!`);
  call.core.ha.update((value) => {
    delete value[sid];
  });
  return null;
}

function list(call: Call): Json {
  const { core } = call;
  const type = call.text('type');
  return Object.entries(core.ha.value)
    .filter(([sid]) => type === undefined || sid.startsWith(`${type}:`))
    .map(([sid, resource]) => entry(core, sid, resource));
}

/** There is nowhere to go. */
function move(call: Call): Json {
  known(call, (sid) => `service '${sid}' is not HA managed`);
  return null;
}

/** Nothing manages resources here: those that are not ignored wait for that. */
function status({ core }: Call): Json {
  const { node } = core.profile;
  const { quorate } = core.cluster;
  const quorum = { id: 'quorum', type: 'quorum', node, quorate: quorate ? 1 : 0 };
  const services = Object.entries(core.ha.value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([sid, resource]) => {
      const { sid: _sid, type: _type, state: request, digest: _digest, ...options } = entry(core, sid, resource);
      const state = request === 'ignored' ? 'ignored' : 'queued';
      return {
        ...{ id: `service:${sid}`, type: 'service', sid, node, state, status: `${sid} (${node}, ${state})` },
        ...{ max_restart: 1, max_relocate: 1, ...options, request_state: request ?? 'started' },
      };
    });
  return [{ ...quorum, status: quorate ? 'OK' : `No quorum on node '${node}'!` }, ...services];
}

export const haRoutes: Routes = {
  'GET /cluster/ha/resources': list,
  'POST /cluster/ha/resources': create,
  'GET /cluster/ha/resources/{sid}': (call) => entry(call.core, ...known(call, (sid) => `no such resource '${sid}'`)),
  'PUT /cluster/ha/resources/{sid}': update,
  'DELETE /cluster/ha/resources/{sid}': remove,
  'POST /cluster/ha/resources/{sid}/migrate': move,
  'POST /cluster/ha/resources/{sid}/relocate': move,
  'GET /cluster/ha/status/current': status,
  'GET /cluster/ha/status/manager_status': ({ core }) => ({
    lrm_status: {},
    manager_status: {},
    quorum: { node: core.profile.node, quorate: core.cluster.quorate ? '1' : '0' },
  }),
};
