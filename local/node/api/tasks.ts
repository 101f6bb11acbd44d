import { splitToken } from '../auth/permissions.ts';
import type { Core } from '../core.ts';
import { type Json, parameterError } from '../http/answer.ts';
import type { TaskRecord } from '../tasks/tasks.ts';
import { parseUpid, type Upid } from '../tasks/upid.ts';
import { type Call, Page, type Routes } from './call.ts';

type Fields = { readonly [key: string]: Json };

/** A token counts as its user: tasks belong to users. */
function userOf(authuser: string): string {
  return splitToken(authuser)?.user ?? authuser;
}

function upidOf(call: Call): Upid {
  const upid = parseUpid(call.required('upid'));
  if (upid === undefined) throw parameterError({ upid: 'unable to parse worker upid' });
  return upid;
}

/** Others' tasks need Sys.Audit on the node. */
function checkOwner(call: Call, upid: Upid, privilege: string): void {
  if (userOf(call.authuser) === upid.user) return;
  call.core.access.check(call.authuser, `/nodes/${call.core.profile.node}`, [privilege]);
}

function common(upid: Upid): Fields {
  const { node, type, id, user, tokenid, pid, pstart, starttime } = upid;
  return {
    upid: upid.upid,
    node,
    type,
    id,
    user,
    pid,
    pstart,
    starttime,
    ...(tokenid === undefined ? {} : { tokenid }),
  };
}

function status(call: Call): Json {
  const upid = upidOf(call);
  const record = call.core.tasks.get(upid.upid);
  if (record === undefined) throw parameterError({ upid: 'no such task' });
  checkOwner(call, upid, 'Sys.Audit');
  if (record.exitstatus === undefined) return { ...common(upid), status: 'running' };
  return { ...common(upid), status: 'stopped', exitstatus: record.exitstatus };
}

function log(call: Call): Page {
  const upid = upidOf(call);
  checkOwner(call, upid, 'Sys.Audit');
  const lines = call.core.tasks.log(upid.upid);
  if (lines === undefined) {
    if (call.core.tasks.get(upid.upid) !== undefined) return new Page([], 0);
    // one line that is no list (row 823)
    return new Page({ n: 1, t: 'unable to open file - No such file or directory' }, 1);
  }
  const start = call.number('start') ?? 0;
  const limit = call.number('limit') ?? 50;
  const wanted = limit === 0 ? lines.slice(start) : lines.slice(start, start + limit);
  return new Page(
    wanted.map((text, index) => ({ n: start + index + 1, t: text })),
    lines.length,
  );
}

function statusKind(exit: string): 'ok' | 'warning' | 'error' | 'unknown' {
  if (exit === 'OK') return 'ok';
  if (/^WARNINGS: \d+$/.test(exit)) return 'warning';
  return exit === 'unexpected status' ? 'unknown' : 'error';
}

function entry(record: TaskRecord): Fields & { readonly starttime?: number } {
  const upid = parseUpid(record.upid);
  if (upid === undefined) return {};
  const { endtime, exitstatus } = record;
  return {
    ...common(upid),
    ...(endtime === undefined ? {} : { endtime }),
    ...(exitstatus === undefined ? {} : { status: exitstatus }),
  };
}

/** The filters of GET /nodes/{node}/tasks. */
function matching(call: Call, audit: boolean): (record: TaskRecord) => boolean {
  const source = call.text('source') ?? 'archive';
  const statuses = call.list('statusfilter').map((kind) => kind.toLowerCase());
  const vmid = call.text('vmid');
  const since = call.number('since');
  const until = call.number('until');
  const user = call.text('userfilter');
  const type = call.text('typefilter');
  const me = userOf(call.authuser);
  return (record) => {
    const upid = parseUpid(record.upid);
    if (upid === undefined) return false;
    const kind = record.exitstatus === undefined ? undefined : statusKind(record.exitstatus);
    return (
      (audit || upid.user === me) &&
      (source === 'all' || (source === 'active') === (kind === undefined)) &&
      (!call.flag('errors') || (kind !== undefined && kind !== 'ok')) &&
      (call.flag('errors') || statuses.length === 0 || (kind !== undefined && statuses.includes(kind))) &&
      (vmid === undefined || upid.id === vmid) &&
      (since === undefined || upid.starttime >= since) &&
      (until === undefined || upid.starttime <= until) &&
      (user === undefined || upid.user.toLowerCase().includes(user.toLowerCase())) &&
      (type === undefined || upid.type === type)
    );
  };
}

function list(call: Call): Page {
  const { core } = call;
  const audit = call.may(`/nodes/${core.profile.node}`, 'Sys.Audit');
  const here = core.tasks.all().filter(({ upid }) => parseUpid(upid)?.node === core.profile.node);
  const found = here.filter(matching(call, audit));
  const start = call.number('start') ?? 0;
  const limit = call.number('limit') ?? 50;
  return new Page(found.slice(start, start + limit).map(entry), found.length);
}

function stop(call: Call): Json {
  const upid = upidOf(call);
  if (call.core.tasks.get(upid.upid) === undefined) throw parameterError({ upid: 'no such task' });
  checkOwner(call, upid, 'Sys.Modify');
  call.core.tasks.stop(upid.upid);
  return null;
}

/** Newest tasks of the cluster; ended ones are `saved`, numbers as the cluster file system keeps them. */
export function clusterTasks(core: Core, authuser: string): Json {
  const audit = core.access.may(authuser, `/nodes/${core.profile.node}`, 'Sys.Audit');
  const records = core.tasks.all().filter((record) => audit || parseUpid(record.upid)?.user === userOf(authuser));
  return records.slice(0, 25).map((record) => {
    const { pid: _pid, pstart: _pstart, ...rest } = entry(record);
    return record.endtime === undefined ? rest : { ...rest, saved: '1' };
  });
}

export const taskRoutes: Routes = {
  'GET /nodes/{node}/tasks': list,
  'GET /nodes/{node}/tasks/{upid}': () => [{ name: 'log' }, { name: 'status' }],
  'DELETE /nodes/{node}/tasks/{upid}': stop,
  'GET /nodes/{node}/tasks/{upid}/status': status,
  'GET /nodes/{node}/tasks/{upid}/log': log,
};
