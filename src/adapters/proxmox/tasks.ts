import * as z from 'zod';
import type { TaskState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';
import { settleTask } from './settle-task.ts';
import { TaskLog } from './task-log.ts';
import { parseUpid } from './upid.ts';

const TASKS = z.array(
  z.object({
    upid: z.string(),
    type: z.string(),
    id: z.string().optional(),
    user: z.string(),
    starttime: z.coerce.number(),
    endtime: z.coerce.number().optional(),
    status: z.string().optional(),
  }),
);

/** Running and ended ones, newest first; without Sys.Audit only those of this user. */
export async function readTasks(
  session: Session,
  node: string,
  vmid: number,
  call: Call,
): Promise<readonly TaskState[]> {
  return await operate(`list the tasks of container ${vmid} on ${node}`, call, async (signal) => {
    const filter = { vmid: vmidPart(vmid), source: 'all' as const, limit: 50 };
    return parseTasks(await api(session, signal).nodes.$(nodeName(node)).tasks.$get(filter));
  });
}

export function parseTasks(data: unknown): readonly TaskState[] {
  const tasks = readData(TASKS, data).map((entry) => {
    const vmid = parseUpid(entry.upid)?.vmid;
    // A running task has no end, and no status or this word.
    const running = entry.endtime === undefined && (entry.status === undefined || entry.status === 'RUNNING');
    return {
      upid: entry.upid,
      type: entry.type,
      ...(vmid === undefined ? {} : { vmid }),
      user: entry.user,
      running,
      ...(running || entry.status === undefined ? {} : { exit: entry.status }),
      started: entry.starttime,
    };
  });
  return tasks.sort((a, b) => b.started - a.started);
}

export async function readTaskLog(
  session: Session,
  node: string,
  upid: string,
  call: Call,
): Promise<readonly string[]> {
  return await operate(`read the log of task ${upid}`, call, (signal) =>
    new TaskLog(session, node, upid).follow(signal),
  );
}

/** Waits for a task that someone else, or an earlier run, started. */
export async function settleKnownTask(session: Session, node: string, upid: string, call: Call): Promise<SettledTask> {
  return await operate(`finish task ${upid}`, call, (signal) => settleTask(session, node, upid, signal));
}
