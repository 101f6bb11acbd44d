import * as z from 'zod';
import type { SettledTask } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { reasonOf } from './explain.ts';
import { Failure, failureFields, isGatewayStatus } from './failure.ts';
import { nodeName } from './names.ts';
import { TaskLog } from './task-log.ts';

const FIRST_PAUSE_MS = 30;
const LONGEST_PAUSE_MS = 1000;
/** Before that, a log is not worth a request of its own. */
const STREAM_AFTER_MS = 400;
/** A task that was just started may be unknown for a moment (400 `no such task`). */
const UNKNOWN_FOR_MS = 5000;
/** How long the API may be away (a restart, a node's proxy) before waiting is given up. */
const SILENT_FOR_MS = 60_000;

const STATUS = z.object({ status: z.string(), exitstatus: z.string().optional() });

/** A task that ended `OK` or with warnings is done; `unexpected status` and all else are failures (facts, 9). */
export function isGoodExit(exit: string): boolean {
  return exit === 'OK' || /^WARNINGS: \d+$/.test(exit);
}

/** `WARN: …` lines, and what Proxmox VE only mentions although the wish was not fulfilled. */
export function warningsOf(log: readonly string[]): readonly string[] {
  return log
    .filter((line) => /^WARN(ING)?: /.test(line) || line.startsWith("Failed to update the container's filesystem"))
    .map((line) => line.replace(/^WARN(ING)?: /, ''));
}

/**
 * Waits until a task has ended. Throws Failure: `task` with exit status and log tail when it ended badly, `unsettled`
 * (uncertain) when the deadline came first or the API stayed away.
 */
export async function settleTask(
  session: Session,
  node: string,
  upid: string,
  signal: AbortSignal,
): Promise<SettledTask> {
  const log = new TaskLog(session, node, upid);
  const exit = await exitOf(session, node, upid, log, signal);
  const unread = await tell(session, log, signal);
  if (!isGoodExit(exit)) throw new Failure({ kind: 'task', upid, exit, log: log.tail() });
  return { upid, warnings: [...warningsOf(log.lines), ...unread], log: log.lines };
}

async function exitOf(
  session: Session,
  node: string,
  upid: string,
  log: TaskLog,
  signal: AbortSignal,
): Promise<string> {
  const task = api(session, signal).nodes.$(nodeName(node)).tasks.$(encodeURIComponent(upid));
  const began = session.clock.now().getTime();
  let heard = began;
  let pause = FIRST_PAUSE_MS;
  try {
    for (;;) {
      const now = session.clock.now().getTime();
      try {
        const { status, exitstatus } = readData(STATUS, await task.status.$get());
        if (status === 'stopped') return exitstatus ?? 'unexpected status';
        heard = now;
      } catch (error) {
        const young = failureFields(error).upid === 'no such task' && now - began < UNKNOWN_FOR_MS;
        const away = isOutage(error) && now - heard < SILENT_FOR_MS;
        if (signal.aborted || (!young && !away)) throw error;
      }
      if (now - began > STREAM_AFTER_MS) await tell(session, log, signal);
      await session.clock.sleep(pause, signal);
      pause = Math.min(LONGEST_PAUSE_MS, Math.ceil(pause * 1.5));
    }
  } catch (error) {
    throw unsettled(upid, log, signal.aborted ? signal.reason : error);
  }
}

/** A log that cannot be read takes nothing from the task's end; it is said, and can be read again. */
async function tell(session: Session, log: TaskLog, signal: AbortSignal): Promise<readonly string[]> {
  try {
    for (const line of await log.follow(signal)) session.onLog?.(line);
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [`the task's log could not be read (${error.detail.kind})`];
  }
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof Failure)) return false;
  const { detail } = error;
  if (detail.kind === 'answered') return isGatewayStatus(detail.status);
  return ['unreachable', 'unanswered', 'lost', 'stalled'].includes(detail.kind);
}

function unsettled(upid: string, log: TaskLog, error: unknown): unknown {
  if (!(error instanceof Failure)) return error;
  const reason = reasonOf(error.detail);
  return new Failure({ kind: 'unsettled', upid, reason, log: log.tail() }, { cause: error, uncertain: true });
}
