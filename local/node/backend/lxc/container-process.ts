import { readFile } from 'node:fs/promises';
import type { Layout } from './layout.ts';
import { runCommand } from './run-command.ts';

const DEADLINE = 15_000;

/** A container's init, told apart from a later process with the same number by its start. */
interface Init {
  readonly pid: number;
  /** clock ticks since boot, field 22 of /proc/PID/stat */
  readonly started: number;
}

const TICKS_PER_SECOND = 100;

async function startOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The name in brackets may hold blanks and brackets of its own.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : Number(fields[19]);
}

/** Which containers run. lxc is asked only when the process we know is gone. */
export interface ContainerProcesses {
  /** pid of the container's init; undefined: it does not run */
  pid(vmid: number): Promise<number | undefined>;
  /** seconds since its start */
  uptime(vmid: number): Promise<number>;
}

export function containerProcesses(layout: Layout): ContainerProcesses {
  const known = new Map<number, Init>();

  const find = async (vmid: number): Promise<Init | undefined> => {
    const cached = known.get(vmid);
    if (cached !== undefined && (await startOf(cached.pid)) === cached.started) return cached;
    known.delete(vmid);
    const argv = ['lxc-info', '-P', layout.containers, '-n', String(vmid), '-p', '-H'];
    const result = await runCommand(argv, { timeout: DEADLINE });
    const pid = Number(result.stdout.trim());
    if (result.code !== 0 || !Number.isInteger(pid) || pid <= 1) return undefined;
    const started = await startOf(pid);
    if (started === undefined) return undefined;
    const init = { pid, started };
    known.set(vmid, init);
    return init;
  };

  return {
    async pid(vmid) {
      return (await find(vmid))?.pid;
    },
    async uptime(vmid) {
      const init = await find(vmid);
      if (init === undefined) return 0;
      const up = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
      return Math.max(0, Math.floor(up - init.started / TICKS_PER_SECOND));
    },
  };
}
