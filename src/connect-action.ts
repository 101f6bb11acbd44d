import { networkInterfaces } from 'node:os';
import { connectForge, type ForgeOptions } from './adapters/forge/forge.ts';
import type { Branches, BranchesOptions } from './adapters/git/branches.ts';
import { checkOut } from './adapters/git/check-out.ts';
import type { CloneSiteRequest } from './adapters/git/clone-site.ts';
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

/** Loaded when a control plane is deployed to another place: the project with all that it links to. */
export async function cloneSite(request: CloneSiteRequest) {
  return (await import('./adapters/git/clone-site.ts')).cloneSite(request);
}

/** Of the machine that this runs on. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
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
