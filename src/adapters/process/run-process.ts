import { GitopsError } from '../../model/errors.ts';
import { programEnvironment } from './environment.ts';
import { feedInput, type Input } from './feed-input.ts';
import { createLines } from './lines.ts';
import type { Mask } from './mask.ts';
import { printable } from './printable.ts';
import { type Exit, startGroup } from './process-group.ts';
import { abortError, duration, lastLines } from './program-errors.ts';
import { createTail } from './tail.ts';

const MAX_OUTPUT = 1024 * 1024;

export interface ProcessRequest {
  /** For messages: `ssh-keygen`, `git status of libs/apache`. */
  readonly name: string;
  readonly file: string;
  /** What a message about the deadline says did not end; the program's name unless said otherwise. */
  readonly awaited?: string;
  /** Visible to every user of the machine: never a secret. */
  readonly args: readonly string[];
  /** Added to the few variables that every program gets (environment.ts). */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: Input;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Per complete line: masked, and safe to print. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
  /** Of each stream its end is kept, 1 MiB unless said otherwise. */
  readonly maxOutputBytes?: number;
  readonly mask?: Mask;
  /** Between SIGTERM and SIGKILL. */
  readonly graceMs?: number;
}

export interface ProcessResult extends Exit {
  /** Masked; not made printable, it may be data. */
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end. A program that ran and failed is a result; one that could not start (kind host), did not end in
 * time or was cancelled (kind remote) throws, and then nothing of its process group is left.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const { name, file, input, signal, timeoutMs } = request;
  if (signal.aborted) throw abortError(name, signal);
  const group = startGroup({
    name,
    file,
    args: request.args,
    env: programEnvironment(request.env),
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
    withInput: input !== undefined,
  });
  const stdout = collect(request, 'stdout', group.stdout);
  const stderr = collect(request, 'stderr', group.stderr);
  const watch = watchLimits(timeoutMs, signal);
  const fed =
    input === undefined || group.stdin === undefined
      ? undefined
      : feedInput(input, group.stdin).then(() => new Promise<never>(() => undefined));
  try {
    const early = [watch.over, stdout.failed, stderr.failed, ...(fed === undefined ? [] : [fed])];
    const first = await Promise.race([group.ended, ...early]);
    if (typeof first === 'object') return { ...first, stdout: stdout.text(), stderr: stderr.text() };
    await group.stop(request.graceMs);
    const log = lastLines(stdout.text() + stderr.text());
    if (first === 'aborted') throw abortError(name, signal, log);
    throw new GitopsError(
      'remote',
      `Unable to finish ${name}: ${request.awaited ?? printable(file)} did not end within ${duration(timeoutMs)} and was stopped`,
      { log },
    );
  } catch (error) {
    await group.stop(request.graceMs);
    throw error;
  } finally {
    watch.done();
  }
}

interface Collected {
  text(): string;
  /** Rejects when a listener threw: its error is the run's. */
  readonly failed: Promise<never>;
}

function collect(request: ProcessRequest, stream: 'stdout' | 'stderr', from: NodeJS.ReadableStream): Collected {
  const tail = createTail(request.maxOutputBytes ?? MAX_OUTPUT);
  const { onLine, mask } = request;
  const lines = createLines({
    ...(mask === undefined ? {} : { mask }),
    onText: (text) => tail.add(text),
    ...(onLine === undefined ? {} : { onLine: (line) => onLine(printable(line), stream) }),
  });
  const failed = new Promise<never>((_, reject) => {
    const guarded = (step: () => void) => {
      try {
        step();
      } catch (error) {
        reject(error);
      }
    };
    from.on('data', (chunk: Buffer) => guarded(() => lines.write(chunk)));
    from.once('close', () => guarded(() => lines.end()));
    from.on('error', reject);
  });
  failed.catch(() => undefined);
  return { text: () => tail.text(), failed };
}

interface Watch {
  readonly over: Promise<'timeout' | 'aborted'>;
  done(): void;
}

function watchLimits(timeoutMs: number, signal: AbortSignal): Watch {
  let done = () => {};
  const over = new Promise<'timeout' | 'aborted'>((resolve) => {
    const onAbort = () => resolve('aborted');
    const timer = setTimeout(() => resolve('timeout'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  return { over, done: () => done() };
}
