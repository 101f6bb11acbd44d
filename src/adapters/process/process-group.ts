import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { startError } from './program-errors.ts';

/** After SIGTERM a group has this long to end by itself. */
const GRACE_MS = 2_000;
/** After the program's end, output that a child of it holds open is awaited this long. */
const DRAIN_MS = 1_000;

export interface GroupOptions {
  /** For messages. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Complete: nothing is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Without it the program reads an empty standard input. */
  readonly withInput: boolean;
}

export interface Exit {
  /** 128 + n when signal n ended the program, as shells count. */
  readonly exitCode: number;
  readonly signal?: NodeJS.Signals;
}

/** A program with everything it started, as one process group. */
export interface ProcessGroup {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the program has ended and its output has been read; rejects when it could not start. */
  readonly ended: Promise<Exit>;
  /** SIGTERM to the group, SIGKILL to what is left after the grace; resolves when nothing is left. */
  stop(graceMs?: number): Promise<void>;
}

export function startGroup(options: GroupOptions): ProcessGroup {
  const child = spawn(options.file, [...options.args], {
    env: { ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    detached: true,
    stdio: [options.withInput ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('spawn gave no pipes');
  const ended = exitOf(child, options);
  // Whoever asks for it gets the rejection; a group that is only stopped must not end our process.
  ended.catch(() => undefined);
  let stopping: Promise<void> | undefined;
  const stop = (graceMs = GRACE_MS) => {
    stopping ??= stopGroup(child, ended, graceMs);
    return stopping;
  };
  return { stdin: child.stdin ?? undefined, stdout, stderr, ended, stop };
}

function exitOf(child: ChildProcess, options: GroupOptions): Promise<Exit> {
  return new Promise((resolve, reject) => {
    let drain: NodeJS.Timeout | undefined;
    const exit = (code: number | null, signal: NodeJS.Signals | null): Exit =>
      signal === null ? { exitCode: code ?? 0 } : { exitCode: 128 + (constants.signals[signal] ?? 0), signal };
    child.once('error', (error) => {
      if (child.pid === undefined) reject(startError(options.name, options.file, options.cwd, error));
    });
    child.once('exit', () => {
      drain = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS);
    });
    child.once('close', (code, signal) => {
      clearTimeout(drain);
      resolve(exit(code, signal));
    });
  });
}

async function stopGroup(child: ChildProcess, ended: Promise<Exit>, graceMs: number): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  signalGroup(pid, 'SIGTERM');
  if (!(await groupGone(pid, graceMs))) {
    signalGroup(pid, 'SIGKILL');
    await groupGone(pid, graceMs);
  }
  await ended.catch(() => undefined);
}

/** Whether there was anybody left to get the signal. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** There is no event for the end of a whole group: asked for, each time a little later. */
function groupGone(pid: number, limitMs: number): Promise<boolean> {
  const until = performance.now() + limitMs;
  return new Promise((resolve) => {
    const ask = (pauseMs: number) => {
      if (!signalGroup(pid, 0)) resolve(true);
      else if (performance.now() >= until) resolve(false);
      else setTimeout(ask, pauseMs, Math.min(pauseMs * 2, 100));
    };
    ask(5);
  });
}
