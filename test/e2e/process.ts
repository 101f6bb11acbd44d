import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { waitFor } from './wait.ts';

export type Environment = Record<string, string>;

/**
 * What a program of the tests may see of this machine: the path to programs, and a home of its own without git settings.
 * GIT_CONFIG_GLOBAL stays unset, and never is /dev/null: Gitea writes to the global settings of its git, which replaces
 * that file by renaming another over it, and as root the null device of the whole machine is gone.
 */
export function isolatedEnvironment(home: string): Environment {
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    LANG: 'C.UTF-8',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}

export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
}

/** Runs a program to its end and returns what it printed. Arguments are not quoted in errors: they may be secret. */
export async function run(command: Command, timeoutMs = 120_000): Promise<string> {
  try {
    const options = { env: command.env, cwd: command.cwd, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    return (await promisify(execFile)(command.program, [...command.args], options)).stdout;
  } catch (error) {
    const { code, signal, stderr, stdout } = error as NodeJS.ErrnoException &
      Record<'signal' | 'stderr' | 'stdout', string>;
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-20).join('\n');
    throw new Error(`Unable to ${command.name}: exit ${String(code ?? signal)}\n${said}`);
  }
}

export interface Service {
  readonly log: () => string;
  readonly alive: () => boolean;
  readonly stop: () => Promise<void>;
}

/**
 * The shell becomes the program. Beside it, in the same group, a reader waits for the end of standard input, which is the
 * end of this process however it came, and then ends the group: a killed test run leaves no servers behind.
 */
const WATCHED = 'exec 3<&0; { read -r _ <&3; kill -KILL 0; } & exec "$@" 3<&- </dev/null';

/** Starts a program as the head of a process group, so that `stop` ends its children too; its output goes to a file. */
export function startService(command: Command, logFile: string): Service {
  const out = openSync(logFile, 'a');
  const child = spawn('bash', ['-c', WATCHED, command.name, command.program, ...command.args], {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['pipe', out, out],
  });
  closeSync(out);
  let ended = false;
  const end = () => {
    ended = true;
  };
  child.once('exit', end);
  child.once('error', end);
  const signalGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The group is gone, which is what was wanted.
    }
  };
  return {
    log: () => readFileSync(logFile, 'utf8'),
    alive: () => !ended,
    stop: async () => {
      signalGroup('SIGTERM');
      const stopped = async () => (ended ? true : undefined);
      await waitFor(`the end of ${command.name}`, 10_000, stopped).catch(() => undefined);
      signalGroup('SIGKILL');
      await waitFor(`the end of ${command.name} after SIGKILL`, 10_000, stopped);
    },
  };
}
