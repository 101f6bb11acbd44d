import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE = 10_000;
const POLL = 20;

/** The process of a pid file, if it still is the one we started: its command line carries the mark. */
export async function runningProcess(pidFile: string, mark: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').some((word) => word.includes(mark)) ? pid : undefined;
}

/** Ends it and waits until it is gone: politely first, for half of the deadline. */
export async function stopProcess(pidFile: string, mark: string): Promise<void> {
  const started = Date.now();
  let signal: NodeJS.Signals = 'SIGTERM';
  for (let pid = await runningProcess(pidFile, mark); pid !== undefined; pid = await runningProcess(pidFile, mark)) {
    const waited = Date.now() - started;
    if (waited > DEADLINE) throw new Error(`process ${pid} of '${pidFile}' does not end`);
    if (waited > DEADLINE / 2) signal = 'SIGKILL';
    try {
      process.kill(pid, signal);
    } catch {
      // ended meanwhile
    }
    await delay(POLL);
  }
  await rm(pidFile, { force: true });
}
