import * as z from 'zod';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName } from './names.ts';

/** A task's type and id as a node's task list has them: vzsnapshot 100, move_volume 110-mp0>100-mp0, imgdel 100@local. */
export interface TaskName {
  readonly type: string;
  readonly id: string;
}

const TASKS = z.array(z.object({ upid: z.string(), id: z.string().optional() }));

/**
 * UPIDs of running and ended tasks of a name. The list's own filter takes vmids only, and compares the whole id. Tasks
 * of this identity are always among them.
 */
export async function taskNames(
  session: Session,
  node: string,
  { type, id }: TaskName,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const byVmid = /^\d+$/.test(id) ? { vmid: Number(id) } : {};
  const filter = { ...byVmid, typefilter: type, source: 'all' as const, limit: 100 };
  const tasks = readData(TASKS, await api(session, signal).nodes.$(nodeName(node)).tasks.$get(filter));
  return tasks.filter((task) => task.id === undefined || task.id === id).map(({ upid }) => upid);
}
