import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import type { Runs } from '../../model/ports.ts';

/** Where a process lives: the same text means that its pid can be looked up here. */
interface Place {
  readonly machine: string;
  readonly boot: string;
  /** Containers of one image may share a machine-id; a pid only means something in its own namespace. */
  readonly namespace: string;
}

async function text(path: string): Promise<string> {
  return (await readFile(path, 'utf8').catch(() => '')).trim();
}

async function placeOfThisProcess(): Promise<Place> {
  const machine = (await text('/etc/machine-id')) || hostname();
  const boot = await text('/proc/sys/kernel/random/boot_id');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  const short = (value: string): string => createHash('sha256').update(value).digest('hex').slice(0, 10);
  return { machine: short(machine), boot: short(boot), namespace: short(namespace) };
}

/** Start of a process in clock ticks since boot: with the pid it names one process for ever. undefined: no such process. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await text(`/proc/${pid}/stat`);
  // The second field is the program's name in parentheses and may hold blanks; state and the rest follow it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' || fields[0] === 'Z' ? undefined : fields[19];
}

export interface RunsOptions {
  /** The workflow run's address when there is one. */
  readonly by?: string;
}

/** Identifies this process among all runs that may want the same container. */
export async function createRuns(options: RunsOptions = {}): Promise<Runs> {
  const place = await placeOfThisProcess();
  const start = (await startOf(process.pid)) ?? '0';
  const id = [place.machine, place.boot, place.namespace, process.pid, start].join('.');
  return {
    id,
    by: options.by ?? `${userInfo().username}@${hostname()}, process ${process.pid}`,
    async alive(run) {
      const [machine, boot, namespace, pid, started] = run.split('.');
      if (machine !== place.machine) return undefined;
      if (boot !== place.boot) return false;
      if (namespace !== place.namespace || started === undefined) return undefined;
      return (await startOf(Number(pid))) === started;
    },
  };
}
