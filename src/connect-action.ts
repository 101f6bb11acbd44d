import { connectForge, type ForgeOptions } from './adapters/forge/forge.ts';
import type { Branches, BranchesOptions } from './adapters/git/branches.ts';
import { checkOut } from './adapters/git/check-out.ts';
import { createMask, type Mask } from './adapters/process/mask.ts';
import { createRunner, type Runner } from './adapters/runner/runner.ts';
import { createSource } from './adapters/source/source.ts';
import type { Forge } from './model/forge.ts';
import type { Source } from './model/ports.ts';

/** What an action needs beside a run's ports. Apart from src/connect.ts, because the command line loads none of it. */

export { checkOut, type Runner };

/** Where what comes of a run is told. Nothing is sent before the first call. */
export function openForge(options: ForgeOptions): Forge {
  return connectForge(options);
}

/** Loaded when something was deployed: most runs move no branch. */
export async function openBranches(options: BranchesOptions): Promise<Branches | undefined> {
  return (await import('./adapters/git/branches.ts')).openBranches(options);
}

/** The runner's side of an action, with a mask that tells the runner each secret before anything can print it. */
export function connectRunner(environment: Readonly<Record<string, string | undefined>>): {
  readonly runner: Runner;
  readonly mask: Mask;
  readonly source: Source;
} {
  const runner = createRunner(environment);
  return { runner, mask: createMask((secret) => runner.mask(secret)), source: createSource() };
}
