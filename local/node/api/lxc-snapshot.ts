import { startContainer } from '../guests/power.ts';
import { dropSnapshot, rollbackTo, takeSnapshot } from '../guests/snapshots.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Work } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';
import { typedValues } from './lxc-config.ts';

const RESERVED = new Set(['current', 'vzdump']);

async function list(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const { config, digest } = core.guests.read('lxc', vmid);
  const { running } = await core.backend.state(vmid);
  const parent = (value: string | undefined): { [key: string]: string } =>
    value === undefined ? {} : { parent: value };
  const snapshots = Object.entries(config.snapshots).map(([name, { values }]) => ({
    name,
    snaptime: Number(values.snaptime ?? 0),
    description: values.description ?? '',
    ...parent(values.parent),
  }));
  const now = { name: 'current', description: 'You are here!', digest, running: running ? 1 : 0 };
  return [...snapshots, { ...now, ...parent(config.values.parent) }];
}

function create(call: Call): Json {
  const { core, vmid } = call;
  const name = call.required('snapname');
  if (RESERVED.has(name)) throw new ApiError(500, `unable to use snapshot name '${name}' (reserved name)`);
  const description = call.text('description') ?? '';
  return core.tasks.start('vzsnapshot', String(vmid), call.authuser, (task) =>
    takeSnapshot(core, task, vmid, { name, description }),
  );
}

function rollback(call: Call): Json {
  const { core, vmid } = call;
  const name = call.required('snapname');
  return core.tasks.start('vzrollback', String(vmid), call.authuser, async (task) => {
    await rollbackTo(core, task, vmid, name);
    if (!call.flag('start')) return;
    const start: Work = (inner) => startContainer(core, inner, vmid, false);
    await core.tasks.settled(core.tasks.start('vzstart', String(vmid), call.authuser, start, { inner: true }));
  });
}

function remove(call: Call): Json {
  const { core, vmid } = call;
  const name = call.required('snapname');
  return core.tasks.start('vzdelsnapshot', String(vmid), call.authuser, (task) => dropSnapshot(core, task, vmid, name));
}

function getConfig(call: Call): Json {
  const name = call.required('snapname');
  const snapshot = call.core.guests.read('lxc', call.vmid).config.snapshots[name];
  if (snapshot === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
  return typedValues(call.core, snapshot.values);
}

async function putConfig(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const name = call.required('snapname');
  await core.locks.run(vmid, () => {
    const { config } = core.guests.read('lxc', vmid);
    checkLock(config);
    const snapshot = config.snapshots[name];
    if (snapshot === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
    const description = call.text('description');
    if (description !== undefined) snapshot.values.description = description;
    core.guests.write('lxc', vmid, config);
  });
  return null;
}

export const lxcSnapshotRoutes: Routes = {
  'GET /nodes/{node}/lxc/{vmid}/snapshot': list,
  'POST /nodes/{node}/lxc/{vmid}/snapshot': create,
  'GET /nodes/{node}/lxc/{vmid}/snapshot/{snapname}': () => [{ cmd: 'rollback' }, { cmd: 'config' }],
  'DELETE /nodes/{node}/lxc/{vmid}/snapshot/{snapname}': remove,
  'POST /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback': rollback,
  'GET /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config': getConfig,
  'PUT /nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config': putConfig,
};
