import { type ErrorKind, GitopsError } from '../model/errors.ts';
import type { Call, Event, Shell } from '../model/ports.ts';
import { listenToScript, type ScriptReport, summariseScript } from '../model/script-report.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { encodeEnvironment } from './environment.ts';
import { GUEST_RUNNER } from './guest-runner.ts';

const LOCK_WAIT_MS = 120_000;

/** One program that runs inside the unpacked definition, as root. */
export interface GuestStage {
  /** For messages; with `once`, also for the note in the container that it has run. Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** `./configure.sh`: a script of the definition, run by what its first line names; else a program of the container. */
  readonly argv: readonly [string, ...string[]];
  /** Left out where it has ended well on this root file system. */
  readonly once?: boolean;
}

/** What an engine has run: its stages one after the other, until one fails. */
export interface GuestWork {
  /** For messages; by it simulated nodes know the command. */
  readonly name: string;
  readonly stages: readonly GuestStage[];
  /** The engine's own files, by path below $PVE_GITOPS_KIT: text without zero bytes, 0600, gone after the run. */
  readonly files?: Readonly<Record<string, string>>;
  /** What a failed run's report says better than its exit code. */
  readonly explain?: (
    report: readonly string[],
  ) => { readonly reason: string; readonly advice?: readonly string[] } | undefined;
}

export interface GuestRun extends EngineResult {
  /** Lines that programs wrote to $PVE_GITOPS_REPORT, secrets masked. */
  readonly report: readonly string[];
  /** Names of stages that ran in this run. */
  readonly ran: readonly string[];
}

/** Runs them in one round trip: environment, own files and archive in, output lines back. */
export async function runInGuest(
  shell: Shell,
  input: ConfigureInput,
  work: GuestWork,
  call: Call,
  tell: (event: Event) => void,
): Promise<GuestRun> {
  const environment = encodeEnvironment(input.environment);
  const files = encodeFiles(work.files ?? {});
  const wait = Math.min(input.lockWaitMs ?? LOCK_WAIT_MS, call.timeoutMs / 2);
  const numbers = [environment.byteLength, files.byteLength, seconds(wait), seconds(programLimitMs(call.timeoutMs))];
  const script = listenToScript(tell);
  const words = new Map<string, string>();
  const report: string[] = [];
  const ran: string[] = [];
  const result = await shell.run(
    {
      name: work.name,
      argv: ['bash', '-c', GUEST_RUNNER, 'pve-gitops', ...numbers.map(String), ...work.stages.flatMap(words3)],
      input: joined([environment, files], input.archive),
      onLine(line, stream) {
        const said = stream === 'stderr' ? /^pve-gitops: (\S+) ?(.*)$/.exec(line) : null;
        if (said === null) return script.hear(line);
        const [, word = '', rest = ''] = said;
        words.set(word, rest);
        if (word === 'report') report.push(rest);
        if (word === 'stage') ran.push(rest);
        if (word === 'waiting') tell({ kind: 'line', text: `waiting for an earlier run of ${work.name} (${rest})` });
      },
    },
    call,
  );
  const name = ran.at(-1) ?? work.name;
  if (result.exitCode !== 0 || !words.has('ended')) {
    throw failure({ input, name, exitCode: result.exitCode, words, script, explained: work.explain?.(report) });
  }
  const left = `${name} left a process that holds its output open: start services with systemd, or redirect their output`;
  return {
    summary: summariseScript(script),
    changed: script.changed,
    warnings: [...script.warnings, ...(words.has('left') ? [left] : [])],
    report,
    ran,
  };
}

function words3({ name, once = false, argv }: GuestStage): readonly string[] {
  if (!/^[\w.-]+$/.test(name)) throw new GitopsError('bug', `no name of a stage: ${name}`);
  return [name, once ? 'once' : 'always', String(argv.length), ...argv];
}

const seconds = (ms: number): number => Math.floor(ms / 1000);

/** Ends the programs inside the container before the connection's deadline, so that their end is told and nothing runs on. */
function programLimitMs(timeoutMs: number): number {
  return Math.max(1000, timeoutMs - Math.min(20_000, timeoutMs / 4));
}

/** Path, text, path, text …, each ended by a zero byte. */
function encodeFiles(files: Readonly<Record<string, string>>): Uint8Array {
  const parts = Object.entries(files).map(([path, text]) => {
    if (path.startsWith('/') || path.split('/').includes('..') || `${path}${text}`.includes('\0'))
      throw new GitopsError('bug', `no file for a container: ${path}`);
    return `${path}\0${text}\0`;
  });
  return new TextEncoder().encode(parts.join(''));
}

interface Failed {
  readonly input: ConfigureInput;
  readonly name: string;
  readonly exitCode: number;
  readonly words: ReadonlyMap<string, string>;
  readonly script: ScriptReport;
  readonly explained: { readonly reason: string; readonly advice?: readonly string[] } | undefined;
}

function failure({ input, name, exitCode, words, script, explained }: Failed): GitopsError {
  const error = (kind: ErrorKind, reason: string, advice: readonly string[] = []) =>
    new GitopsError(kind, `Unable to configure container ${input.vmid}: ${reason}`, { log: script.tail, advice });
  const holder = words.get('locked');
  if (holder !== undefined) {
    return error('busy', `an earlier run of ${name} is still at work in it (${holder})`, [
      'run this again when it has ended, or end that process inside the container',
    ]);
  }
  const refused = words.get('refused');
  if (refused !== undefined) return error('user', refused);
  if (words.has('late')) return error('remote', `${name} did not end in time and was stopped`);
  if (!words.has('ended')) return error('remote', `the connection ended before ${name} did`, ['run this again']);
  if (explained !== undefined) return error('remote', explained.reason, explained.advice);
  const own = script.error();
  return error('remote', `${name} ended with exit code ${exitCode}${own === undefined ? '' : `: ${own}`}`);
}

async function* joined(heads: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield* heads.filter((head) => head.byteLength > 0);
  yield* rest;
}
