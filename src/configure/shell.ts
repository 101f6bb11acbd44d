import type { Call, Event, Shell } from '../model/ports.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { runInGuest } from './run-in-guest.ts';

/** build-target.sh, which runs once on a new root file system, is known to the definition and comes later. */
const SCRIPT = 'configure.sh';

/** Runs the definition's configure.sh. */
export async function runShellEngine(
  shell: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  const work = { name: SCRIPT, stages: [{ name: SCRIPT, argv: [`./${SCRIPT}`] as const }] };
  const { summary, changed, warnings } = await runInGuest(shell, input, work, call, tell);
  return { summary, changed, warnings };
}
