import type { SettledTask } from '../../model/ports.ts';
import type { Session } from './api.ts';
import { dispatch } from './dispatch.ts';
import { Failure } from './failure.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { isUncertain, lookFor } from './send-and-look.ts';
import { settleTask } from './settle-task.ts';
import { type TaskName, taskNames } from './task-names.ts';

/** A write that is a task on the server, and how it is found again when its answer is lost. */
export interface TaskWork {
  readonly node: string;
  readonly task: TaskName;
  /** The task's UPID; anything else: the answer does not name it (template, row 593). */
  send(): Promise<unknown>;
  /** Looks whether what was wanted is there. Without it only the task's end tells. */
  done?(): Promise<boolean>;
}

/**
 * Sends a write once and waits for its task. After an answer that was lost (reset, timeout, 595 to 599), the task that
 * was not there before is looked for, and then the result; what neither shows is thrown as it came, uncertain. It is
 * sent again only when the server said that it had not begun.
 */
export async function carryOut(session: Session, work: TaskWork, signal: AbortSignal): Promise<SettledTask> {
  const before = new Set(await taskNames(session, work.node, work.task, signal));
  const attempt = async (): Promise<SettledTask> => {
    let upid: unknown;
    try {
      upid = await work.send();
    } catch (error) {
      if (!isUncertain(error) || signal.aborted) throw error;
      return await lookFor(session, error, () => look(session, work, before, signal), signal);
    }
    if (typeof upid === 'string') return await settleTask(session, work.node, upid, signal);
    return await lookFor(session, unnamed(work), () => look(session, work, before, signal), signal);
  };
  const stillDue = async (): Promise<boolean> => work.done === undefined || !(await work.done());
  return await dispatch(session, signal, attempt, stillDue);
}

/** Tasks of others may be among the fresh ones; then what they did not bring about is not ours yet. */
async function look(
  session: Session,
  work: TaskWork,
  before: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<SettledTask | undefined> {
  const fresh = (await taskNames(session, work.node, work.task, signal)).filter((upid) => !before.has(upid));
  const ends = await Promise.allSettled(fresh.map((upid) => settleTask(session, work.node, upid, signal)));
  const good = ends.findLast((end) => end.status === 'fulfilled')?.value;
  const bad = ends.findLast((end) => end.status === 'rejected')?.reason as unknown;
  if (work.done === undefined ? good !== undefined : await work.done()) return good ?? nothingToDo();
  if (bad !== undefined && good === undefined) throw bad;
  return undefined;
}

function unnamed({ task }: TaskWork): Failure {
  const reason = `no task ${task.type} of ${task.id} is to be seen after it`;
  return new Failure({ kind: 'garbled', status: 200, reason }, { uncertain: true });
}
