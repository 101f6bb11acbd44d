import { createHash } from 'node:crypto';
import type { Core, HaResource } from '../core.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** `ct:100`, `vm:100` or a bare vmid, as `type:vmid`. */
function sidOf(core: Core, text: string): string {
  if (text.includes(':')) return text;
  return `${core.guests.kindOf(Number(text)) === 'qemu' ? 'vm' : 'ct'}:${text}`;
}

function digestOf(core: Core): string {
  return createHash('sha1').update(JSON.stringify(core.ha.value)).digest('hex');
}

function entry(core: Core, sid: string, resource: HaResource): { readonly [key: string]: Json } {
  return { sid, type: sid.split(':')[0] ?? '', ...resource, digest: digestOf(core) };
}

function create(call: Call): Json {
  const { core } = call;
  const sid = sidOf(core, call.required('sid'));
  const [kind, vmid] = sid.split(':');
  if (core.guests.kindOf(Number(vmid)) !== (kind === 'vm' ? 'qemu' : 'lxc')) {
    throw new ApiError(500, `resource '${sid}' does not exist in cluster`);
  }
  if (core.ha.value[sid] !== undefined) throw new ApiError(500, `resource ID '${sid}' already defined`);
  const comment = call.text('comment');
  core.ha.update((value) => {
    value[sid] = { state: call.text('state') ?? 'started', ...(comment === undefined ? {} : { comment }) };
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
  const [sid, before] = known(call, (id) => `no such resource '${id}'`);
  call.core.ha.update((value) => {
    value[sid] = { ...before, state: call.text('state') ?? before.state };
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

export const haRoutes: Routes = {
  'GET /cluster/ha/resources': ({ core }) =>
    Object.entries(core.ha.value).map(([sid, resource]) => entry(core, sid, resource)),
  'POST /cluster/ha/resources': create,
  'GET /cluster/ha/resources/{sid}': (call) => entry(call.core, ...known(call, (sid) => `no such resource '${sid}'`)),
  'PUT /cluster/ha/resources/{sid}': update,
  'DELETE /cluster/ha/resources/{sid}': remove,
  'GET /cluster/ha/status/current': ({ core }) => [
    { id: 'quorum', type: 'quorum', node: core.profile.node, quorate: core.cluster.quorate ? 1 : 0, status: 'OK' },
  ],
};
