import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface CommandOptions {
  /** milliseconds; after it the whole process group is killed */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads; a file descriptor is handed over as it is. */
  readonly input?: string | Buffer | { readonly fd: number };
  /** Where its standard output goes instead of into the result. */
  readonly output?: { readonly fd: number };
  /** It dies with this process, however that ends. */
  readonly bound?: boolean;
  /**
   * As `bound`, and everything that it starts dies with it: what writes into a tree must not go on when the next node
   * clears it away. Its mounts are its own.
   */
  readonly contained?: boolean;
  /** Called for each line of standard output and error, as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  /** undefined when a signal ended it */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** undefined: it ended by itself */
  readonly ended: 'timeout' | 'interrupt' | 'signal' | undefined;
}

/** The kernel ends it with us; when we ended before it could ask for that, it has another parent already. */
const BOUND = [
  ...['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" = "$0" ] || exit 1; exec "$@"'],
  String(process.pid),
];

/** util-linux: a process namespace ends with its first process. */
const CONTAINED = [...BOUND, 'unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child', '--'];

/** How long output may still come after a program's end. */
const DRAIN = 5000;

const MAX_KEPT = 16 * 1024 * 1024;

/** A command as Proxmox VE quotes it in messages: only what a shell would read otherwise is put in quotes. */
export function quoteCommand(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`)).join(' ');
}

/** A command that did not end with 0. The message has the form that Proxmox VE gives such a failure in a task's log. */
export class CommandError extends Error {
  readonly result: CommandResult;

  constructor(argv: readonly string[], result: CommandResult) {
    super(`command '${quoteCommand(argv)}' failed: ${reasonOf(result)}`);
    this.result = result;
  }
}

function reasonOf(result: CommandResult): string {
  switch (result.ended) {
    case 'timeout':
      return 'got timeout';
    case 'interrupt':
      return 'received interrupt';
    case 'signal':
      return 'got signal';
    case undefined:
      return `exit code ${result.code}`;
    default:
      return result.ended satisfies never;
  }
}

/**
 * Runs a program to its end. Never throws for its exit status; throws when it cannot be started at all, with
 * Proxmox VE's words for that. The program leads its own process group, which dies with it.
 */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const wrapper = options.contained === true ? CONTAINED : options.bound === true ? BOUND : [];
  const [program, ...rest] = [...wrapper, ...argv];
  if (program === undefined) throw new Error('no command given');
  if (options.signal?.aborted) return { code: undefined, stdout: '', stderr: '', ended: 'interrupt' };
  const input = options.input;
  const fromDescriptor = typeof input === 'object' && 'fd' in input;
  const child = spawn(program, rest, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: [fromDescriptor ? input.fd : input === undefined ? 'ignore' : 'pipe', options.output?.fd ?? 'pipe', 'pipe'],
  });
  return await new Promise<CommandResult>((resolve, reject) => {
    let ended: CommandResult['ended'];
    const kill = (why: 'timeout' | 'interrupt'): void => {
      ended ??= why;
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // gone already
      }
    };
    const timer = setTimeout(() => kill('timeout'), options.timeout);
    const interrupt = (): void => kill('interrupt');
    options.signal?.addEventListener('abort', interrupt, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', interrupt);
    };
    const stdout = collect(child.stdout, options.onLine);
    const stderr = collect(child.stderr, options.onLine);
    child.on('error', (cause) => {
      settle();
      reject(new Error(`command '${quoteCommand(argv)}' failed: ${cause.message}`, { cause }));
    });
    child.on('exit', () => {
      // Something it left running may hold its output open for ever.
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN).unref();
    });
    child.on('close', (code, signal) => {
      settle();
      if (signal !== null) ended ??= 'signal';
      resolve({ code: code ?? undefined, stdout: stdout(), stderr: stderr(), ended });
    });
    if (child.stdin !== null) {
      // A program may end before it has read everything; its exit status tells.
      child.stdin.on('error', () => undefined);
      child.stdin.end(fromDescriptor ? undefined : input);
    }
  });
}

/** As runCommand, but an exit status other than 0 is a CommandError. Returns standard output. */
export async function runChecked(argv: readonly string[], options: CommandOptions): Promise<string> {
  const result = await runCommand(argv, options);
  if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
  return result.stdout;
}

function collect(stream: Readable | null, onLine: ((line: string) => void) | undefined): () => string {
  let kept = '';
  let open = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    if (kept.length < MAX_KEPT) kept += chunk;
    if (onLine === undefined) return;
    const lines = (open + chunk).split(/\r?\n|\r/);
    open = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
  stream?.on('end', () => {
    if (open !== '') onLine?.(open);
  });
  return () => kept;
}
