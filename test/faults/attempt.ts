import { define, deploy } from '../../src/deploy.ts';
import { GitopsError, isGitopsError } from '../../src/model/errors.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { exitCodeOf, exitCodeOfError } from '../../src/report/exit-code.ts';
import { onWire, WireRun } from './wire.ts';
import type { Files, World } from './world.ts';

/** How a run ended; `died`: it did not. */
export interface Ended {
  readonly code: number | 'died';
  /** For people: the error, or nothing. */
  readonly message: string;
  readonly advice: readonly string[];
  readonly wire: WireRun;
  readonly lines: readonly string[];
}

const NAME = 'web';

/** One deploy of the definition, in its own name, over the wire that is given. */
export async function attempt(
  world: World,
  files: Files,
  wire: WireRun = new WireRun(),
  login: 'token' | 'ticket' = 'token',
): Promise<Ended> {
  const directory = world.define(NAME, files);
  const settings = world.settings(login);
  const lines: string[] = [];
  const ports = world.ports(wire, settings, lines);
  const run = onWire(wire, async (): Promise<Outcome> => {
    const who = { name: NAME, owner: `srv/${NAME}`, stage: 'main' };
    const desired = await define(ports, settings, directory, who);
    return await deploy(ports, { settings, desired, directory, signal: new AbortController().signal });
  });
  const ended = run.then(
    (outcome) => ({
      code: exitCodeOf(outcome),
      message: outcome.kind === 'failed' ? outcome.message : '',
      advice: outcome.kind === 'failed' ? outcome.advice : [],
    }),
    (error: unknown) => {
      const known = isGitopsError(error) ? error : new GitopsError('bug', String(error));
      return { code: exitCodeOfError(known), message: known.message, advice: known.advice };
    },
  );
  const first = await Promise.race([ended, wire.died.then(() => ({ code: 'died' as const, message: '', advice: [] }))]);
  await ports.close();
  return { ...first, wire, lines };
}
