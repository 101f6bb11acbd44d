import { GitopsError, isGitopsError } from '../../model/errors.ts';
import type { CommandResult, Shell, Target } from '../../model/ports.ts';
import type { Mask } from '../process/mask.ts';
import { lastLines } from '../process/program-errors.ts';
import { type ProcessResult, runProcess } from '../process/run-process.ts';
import type { Connection } from './connection.ts';
import { commandLine } from './remote-scripts.ts';
import { createSessionQueue } from './session-queue.ts';
import { commandArguments } from './ssh-arguments.ts';

/** How long the guard may take to say what became of a command. */
const GUARD_MS = 5_000;
/** sshd allows 10 sessions on a connection; the guard has one, and one is left free. */
const SESSIONS = 8;

export interface ShellOptions {
  readonly target: Target;
  readonly connection: Connection;
  readonly controlPath: string;
  /** The guard's directory in the container. */
  readonly guardDirectory: string;
  readonly mask?: Mask;
  /** After the connection is closed. */
  readonly onClose: () => Promise<void>;
}

export function createShell(options: ShellOptions): Shell {
  const { target, connection, mask } = options;
  const queue = createSessionQueue(SESSIONS);
  let numbers = 0;
  let closing: Promise<void> | undefined;

  return {
    async run(command, call) {
      const number = ++numbers;
      const name = `${command.name} in container ${target.vmid}`;
      const line = commandLine(options.guardDirectory, number, command.argv);
      const leave = await queue.enter(name, call);
      try {
        const result = await runProcess({
          name,
          file: 'ssh',
          awaited: 'the command',
          // The client of a shared connection has nothing to clean up; what matters is the other end.
          graceMs: 200,
          args: commandArguments(options.controlPath, target.address, line),
          ...(command.input === undefined ? {} : { input: command.input }),
          ...(command.onLine === undefined ? {} : { onLine: command.onLine }),
          ...(mask === undefined ? {} : { mask }),
          ...call,
        }).catch((error: unknown) => endRemote(connection, number, error));
        return await toResult(name, number, result, connection);
      } finally {
        leave();
      }
    },
    close() {
      closing ??= connection.close().finally(options.onClose);
      return closing;
    },
  };
}

/** Our end of the command is gone; the other end must not go on by itself. */
async function endRemote(connection: Connection, number: number, error: unknown): Promise<never> {
  const ended = await connection.ask('end', number, GUARD_MS);
  if (ended !== undefined || !isGitopsError(error)) throw error;
  throw new GitopsError(error.kind, `${error.message}; what it started may still run there`, {
    ...error.remote,
    uncertain: true,
    advice: error.advice,
    cause: error,
  });
}

/** ssh says 255 for its own failures, and so may the command: the guard knows. */
async function toResult(
  name: string,
  number: number,
  result: ProcessResult,
  connection: Connection,
): Promise<CommandResult> {
  const { exitCode, stdout, stderr } = result;
  if (exitCode !== 255 && result.signal === undefined) return { exitCode, stdout, stderr };
  const answer = await connection.ask('code', number, GUARD_MS);
  if (answer === 'yes') return { exitCode, stdout, stderr };
  const reason = answer === 'no' ? 'it was killed there, or could not start' : 'the connection was lost';
  const log = lastLines(`${stdout}${stderr}${connection.stderr()}`);
  throw new GitopsError('remote', `Unable to finish ${name}: ${reason}`, { log, uncertain: true });
}
