import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { parseUpid } from '../tasks/upid.ts';
import type { Call, Routes } from './call.ts';

/** The start and the end of each task, newest first; without Sys.Syslog one's own. */
function log(call: Call): Json {
  const { core, authuser } = call;
  const { node } = core.profile;
  const all = call.may('/', 'Sys.Syslog');
  const common = { node, pri: 6, tag: 'pvedaemon' };
  const lines = core.tasks.all().flatMap(({ upid, endtime, exitstatus }) => {
    const { user, starttime, pid } = parseUpid(upid) ?? { user: '', starttime: 0, pid: 0 };
    if (!all && user !== authuser) return [];
    const start = { ...common, time: starttime, pid, user, msg: `starting task ${upid}` };
    if (endtime === undefined || exitstatus === undefined) return [start];
    return [{ ...start, time: endtime, msg: `end task ${upid} ${exitstatus}` }, start];
  });
  const newest = lines.toSorted((a, b) => b.time - a.time);
  return newest.slice(0, call.number('max') || undefined).map((line, index) => {
    const uid = newest.length - index;
    return { uid, id: `${uid}:${node}`, ...line };
  });
}

/** No job backs anything up here. */
function notBackedUp(call: Call): Json {
  const { guests } = call.core;
  const visible = (vmid: number): boolean => call.may(`/vms/${vmid}`, 'VM.Audit');
  const entry = (vmid: number, type: 'lxc' | 'qemu', key: string): Json => {
    const name = guests.read(type, vmid).config.values[key];
    return { vmid, type, ...(name === undefined ? {} : { name }) };
  };
  return [
    ...guests
      .ids('lxc')
      .filter(visible)
      .map((vmid) => entry(vmid, 'lxc', 'hostname')),
    ...guests
      .ids('qemu')
      .filter(visible)
      .map((vmid) => entry(vmid, 'qemu', 'name')),
  ];
}

/** What a node says that is in no cluster. */
export const clusterInfoRoutes: Routes = {
  'GET /cluster/log': log,
  'GET /cluster/backup': () => [],
  'GET /cluster/backup/{id}': (call) => {
    throw parameterError({ id: `No such job '${call.required('id')}'` });
  },
  'GET /cluster/backup-info/not-backed-up': notBackedUp,
  'GET /cluster/config/apiversion': () => 1,
  'GET /cluster/config/nodes': () => [],
  'GET /cluster/config/totem': () => null,
  'GET /cluster/config/qdevice': () => ({}),
  'GET /cluster/config/join': () => {
    throw new ApiError(424, 'node is not in a cluster, no join info available!');
  },
};
