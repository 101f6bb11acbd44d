import { readFile, rm } from 'node:fs/promises';
import type { TaskLog } from '../backend.ts';
import type { ContainerProcesses } from './container-process.ts';
import type { Layout } from './layout.ts';
import { startLog } from './layout.ts';
import { startLogLines } from './lxc-log.ts';
import { runCommand } from './run-command.ts';

const START_DEADLINE = 60_000;
const STOP_DEADLINE = 60_000;

/** Only what lxc needs: a container's monitor lives on, and must not carry the node's environment along. */
export const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** Runs `lxc-start` on a config that has been written. Returns when init runs. */
export async function startContainer(layout: Layout, vmid: number, log: TaskLog, signal: AbortSignal): Promise<void> {
  const logFile = startLog(layout, vmid);
  await rm(logFile, { force: true });
  const argv = ['lxc-start', '-P', layout.containers, '-n', String(vmid), '-d', '-l', 'WARN', '-o', logFile];
  const result = await runCommand(argv, { timeout: START_DEADLINE, signal, env: ENVIRONMENT });
  if (result.code === 0 && result.ended === undefined) return;
  for (const line of startLogLines(await readFile(logFile, 'utf8').catch(() => ''))) log(line);
  // A start cut off half-way may have left a container that is about to run.
  await runCommand(['lxc-stop', '-P', layout.containers, '-n', String(vmid), '-k'], {
    timeout: STOP_DEADLINE,
    env: ENVIRONMENT,
  });
  throw new Error(`startup for container '${vmid}' failed`);
}

/** Kills it. Returns when it is gone, at once when it does not run. */
export async function stopContainer(layout: Layout, processes: ContainerProcesses, vmid: number): Promise<void> {
  if ((await processes.pid(vmid)) === undefined) return;
  const argv = ['lxc-stop', '-P', layout.containers, '-n', String(vmid), '-k'];
  await runCommand(argv, { timeout: STOP_DEADLINE, env: ENVIRONMENT });
  if (!(await waitStopped(layout, vmid, STOP_DEADLINE / 1000))) {
    throw new Error(`container did not stop`);
  }
}

/** Asks init to end; false: it still runs after the timeout. */
export async function shutdownContainer(
  layout: Layout,
  processes: ContainerProcesses,
  vmid: number,
  timeoutSeconds: number,
  log: TaskLog,
): Promise<boolean> {
  if ((await processes.pid(vmid)) === undefined) return true;
  const limit = String(Math.max(1, Math.ceil(timeoutSeconds)));
  const argv = ['lxc-stop', '-P', layout.containers, '-n', String(vmid), '--nokill', '--timeout', limit];
  const result = await runCommand(argv, { timeout: timeoutSeconds * 1000 + STOP_DEADLINE, env: ENVIRONMENT });
  if ((await processes.pid(vmid)) === undefined) return await waitStopped(layout, vmid, STOP_DEADLINE / 1000);
  log(`command 'lxc-stop -n ${vmid} --nokill --timeout ${limit}' failed: exit code ${result.code ?? 1}`);
  return false;
}

/** lxc calls it stopped when the monitor has cleaned up, some time after init is gone. */
async function waitStopped(layout: Layout, vmid: number, seconds: number): Promise<boolean> {
  const argv = ['lxc-wait', '-P', layout.containers, '-n', String(vmid), '-s', 'STOPPED', '-t', String(seconds)];
  return (await runCommand(argv, { timeout: (seconds + 10) * 1000, env: ENVIRONMENT })).code === 0;
}
