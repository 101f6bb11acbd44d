import type { Call, Event, Shell } from '../model/ports.ts';
import { BUILD_SCRIPT, isOneDirectoryForm } from './directory-variables.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { PLACE_FILES } from './place-files.ts';
import { type GuestStage, runInGuest } from './run-in-guest.ts';

/** Runs at each configure. */
const SCRIPT = 'configure.sh';

/** Runs the definition's build-target.sh where this root file system was not built yet, then its configure.sh. */
export async function runShellEngine(
  shell: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  const names = input.names ?? [SCRIPT];
  const form = isOneDirectoryForm(names);
  const stages: GuestStage[] = [
    ...(form ? [{ name: 'directory', argv: ['bash', '-c', PLACE_FILES] } as const] : []),
    ...(names.includes(BUILD_SCRIPT) ? [{ name: BUILD_SCRIPT, argv: [`./${BUILD_SCRIPT}`], once: true } as const] : []),
    ...(names.includes(SCRIPT) ? [{ name: SCRIPT, argv: [`./${SCRIPT}`] } as const] : []),
  ];
  const work = { name: names.includes(SCRIPT) ? SCRIPT : BUILD_SCRIPT, stages };
  const { summary, changed, warnings } = await runInGuest(shell, input, work, call, tell);
  return { summary, changed, warnings };
}
