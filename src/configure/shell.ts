import { type ErrorKind, GitopsError } from '../model/errors.ts';
import type { Call, Event, Shell } from '../model/ports.ts';
import { listenToScript, summariseScript } from '../model/script-report.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { encodeEnvironment } from './environment.ts';
import { GUEST_RUNNER } from './guest-runner.ts';

/** build-target.sh, which runs once on a new root file system, is known to the definition and comes later. */
const SCRIPT = 'configure.sh';
const LOCK_WAIT_MS = 120_000;

/** Runs configure.sh in one round trip: environment and archive in, output lines back. */
export async function runShellEngine(
  shell: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  const environment = encodeEnvironment(input.environment);
  const wait = Math.min(input.lockWaitMs ?? LOCK_WAIT_MS, call.timeoutMs / 2);
  const seconds = [wait, scriptLimitMs(call.timeoutMs)].map((ms) => String(Math.floor(ms / 1000)));
  const report = listenToScript(tell);
  const words = new Map<string, string>();
  const result = await shell.run(
    {
      name: SCRIPT,
      argv: ['bash', '-c', GUEST_RUNNER, 'pve-gitops', String(environment.byteLength), ...seconds, SCRIPT],
      input: joined(environment, input.archive),
      onLine(line, stream) {
        const said = stream === 'stderr' ? /^pve-gitops: (\S+) ?(.*)$/.exec(line) : null;
        if (said === null) return report.hear(line);
        const [, word = '', rest = ''] = said;
        words.set(word, rest);
        if (word === 'waiting') tell({ kind: 'line', text: `waiting for an earlier run of ${SCRIPT} (${rest})` });
      },
    },
    call,
  );
  if (result.exitCode !== 0 || !words.has('ended')) throw failure(input.vmid, result.exitCode, words, report);
  const warnings = words.has('left') ? [LEFT] : [];
  return {
    summary: summariseScript(report),
    changed: report.changed,
    warnings: [...report.warnings, ...warnings],
  };
}

const LEFT = `${SCRIPT} left a process that holds its output open: start services with systemd, or redirect their output`;

/** Ends the script inside the container before the connection's deadline, so that its end is told and nothing runs on. */
function scriptLimitMs(timeoutMs: number): number {
  return Math.max(1000, timeoutMs - Math.min(20_000, timeoutMs / 4));
}

function failure(
  vmid: number,
  exitCode: number,
  words: ReadonlyMap<string, string>,
  report: { readonly tail: readonly string[]; error(): string | undefined },
): GitopsError {
  const error = (kind: ErrorKind, reason: string, advice: readonly string[] = []) =>
    new GitopsError(kind, `Unable to configure container ${vmid}: ${reason}`, { log: report.tail, advice });
  const holder = words.get('locked');
  if (holder !== undefined) {
    return error('busy', `an earlier run of ${SCRIPT} is still at work in it (${holder})`, [
      'run this again when it has ended, or end that process inside the container',
    ]);
  }
  const refused = words.get('refused');
  if (refused !== undefined) return error('user', refused);
  if (words.has('late')) return error('remote', `${SCRIPT} did not end in time and was stopped`);
  if (!words.has('ended')) return error('remote', `the connection ended before ${SCRIPT} did`, ['run this again']);
  const own = report.error();
  return error('remote', `${SCRIPT} ended with exit code ${exitCode}${own === undefined ? '' : `: ${own}`}`);
}

async function* joined(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  yield head;
  yield* rest;
}
