import type { EngineName } from '../model/definition.ts';
import type { Call, Clock, Event, Shell } from '../model/ports.ts';
import { runAnsible } from './ansible.ts';
import { runCincEngine } from './cinc.ts';
import type { ConfigureInput, ConfigureResult, EngineResult, SiteContainer } from './engine.ts';
import { runShellEngine } from './shell.ts';

/**
 * Runs the definition's engine inside a running container. Throws kind remote when it fails, kind busy when another run
 * is still at work there.
 */
export async function configure(
  engine: EngineName,
  shell: Shell,
  input: ConfigureInput,
  clock: Clock,
  call: Call,
  tell: (event: Event) => void,
): Promise<ConfigureResult> {
  const began = clock.now().getTime();
  const done = await run(engine, shell, input, call, tell);
  return { kind: 'configure', changes: [], ...done, milliseconds: clock.now().getTime() - began };
}

async function run(
  engine: EngineName,
  shell: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  switch (engine) {
    case 'none':
      return { summary: 'no engine: baseline only', changed: [], warnings: [] };
    case 'shell':
      return runShellEngine(shell, input, call, tell);
    case 'ansible':
      return runAnsible(shell, input, call, tell);
    case 'cinc':
      return runCincEngine(shell, input, call, tell);
    default:
      return engine satisfies never;
  }
}

/**
 * What the configuration depends on, to be sealed with the site's key (Keys.seal): the environment holds secrets. When the
 * seal differs from the mark's, configure is due.
 */
export function configurationParts(
  engine: EngineName,
  /** Source.digest() */
  treeDigest: string,
  environment: Readonly<Record<string, string>>,
  /** The site's other containers, for a recipe that asks for them. */
  others?: readonly SiteContainer[],
): readonly string[] {
  const pairs = Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1));
  const site = others === undefined ? [] : [JSON.stringify(others)];
  return ['configuration 1', engine, treeDigest, JSON.stringify(pairs), ...site];
}
