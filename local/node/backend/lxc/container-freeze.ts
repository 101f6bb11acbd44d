import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ENVIRONMENT } from './container-power.ts';
import { cgroupFolder } from './container-stats.ts';
import type { HostSession } from './host-session.ts';
import type { CommandResult } from './run-command.ts';
import { CommandError, runCommand } from './run-command.ts';

const DEADLINE = 30_000;
const THAW_DEADLINE = 10_000;
const POLL = 10;

export interface RunningContainer {
  readonly vmid: number;
  /** Its init's, on the host. */
  readonly pid: number;
}

/** Bound to this process: a freeze that came after our end would have nobody to thaw it. */
async function lxc(session: HostSession, program: string, { vmid }: RunningContainer): Promise<CommandResult> {
  const argv = [program, '-P', session.layout.containers, '-n', String(vmid)];
  return await runCommand(argv, { timeout: DEADLINE, env: ENVIRONMENT, bound: true });
}

/** The kernel's own switches of a container's groups, and what they say of one that moves. */
async function switches(
  { layout, facts }: HostSession,
  { vmid, pid }: RunningContainer,
): Promise<{ readonly files: readonly string[]; readonly thawed: string }> {
  const one = facts.cgroups.version === 1;
  const folder = await cgroupFolder(pid, layout.group, vmid, one ? 'freezer' : '');
  if (folder === undefined) return { files: [], thawed: '' };
  const file = one ? 'freezer.state' : 'cgroup.freeze';
  return { files: [join(folder, file), join(folder, 'ns', file)], thawed: one ? 'THAWED' : '0' };
}

/** The switches that are not as they are in a container that moves. */
async function frozen(session: HostSession, container: RunningContainer): Promise<readonly string[]> {
  const { files, thawed } = await switches(session, container);
  const states = await Promise.all(
    files.map(async (file) => (await readFile(file, 'utf8').catch(() => thawed)).trim()),
  );
  return files.filter((_, index) => states[index] !== thawed);
}

/** lxc does nothing for a container that its monitor does not know as frozen; then the kernel is told itself. */
async function thaw(session: HostSession, container: RunningContainer): Promise<void> {
  const result = await lxc(session, 'lxc-unfreeze', container);
  const { thawed } = await switches(session, container);
  const end = Date.now() + THAW_DEADLINE;
  for (let left = await frozen(session, container); left.length > 0; left = await frozen(session, container)) {
    if (Date.now() > end) throw new CommandError(['lxc-unfreeze', '-n', String(container.vmid)], result);
    // one that is gone meanwhile needs no thawing
    for (const file of left) await writeFile(file, thawed).catch(() => undefined);
    await delay(POLL);
  }
}

/** Runs the work while every process of a running container stands still. */
export async function whileFrozen<T>(
  session: HostSession,
  container: RunningContainer,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await lxc(session, 'lxc-freeze', container);
    if (result.code !== 0) throw new CommandError(['lxc-freeze', '-n', String(container.vmid)], result);
    return await work();
  } finally {
    await thaw(session, container);
  }
}

/** Lets a container go on that a killed node left frozen. */
export async function thawFrozen(
  session: HostSession,
  container: RunningContainer,
  log: (line: string) => void,
): Promise<void> {
  if ((await frozen(session, container)).length === 0) return;
  log(`container ${container.vmid} was left frozen: it goes on`);
  await thaw(session, container);
}
