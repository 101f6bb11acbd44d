import type { Identity } from '../desired/identity.ts';
import { formatProblem, GitopsError, ProblemsError } from '../model/errors.ts';
import { parseDescription } from '../model/mark.ts';
import type { Settings } from '../model/settings.ts';
import { definitionOf } from './definition-of.ts';
import type { Inspected } from './inspect.ts';
import type { Note } from './part.ts';
import { type Difference, type DueStep, type Proof, type ProofInput, prove } from './prove.ts';

/** Name of the file that an import writes. */
export const DEFINITION_FILE = 'container.yml';

/** The directory that a definition goes to, as it stands before. */
export interface Target {
  /** Absolute. */
  readonly directory: string;
  /** As the person calls it, for the next commands. */
  readonly shown: string;
  /** The JSON Schema, as seen from the directory. */
  readonly schema: string;
  /** Definition files that are there, by name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Everything in it; empty when it is not there. */
  readonly names: readonly string[];
}

export interface TakenOver {
  readonly text: string;
  /** What no key says. */
  readonly notes: readonly Note[];
  readonly differences: readonly Difference[];
  readonly due: readonly DueStep[];
  /** Whose it is already, by its owner mark. */
  readonly owner?: { readonly owner: string; readonly site: string; readonly stage: string; readonly same: boolean };
  /** Commands that make it ours. */
  readonly next: readonly string[];
}

/**
 * A container's definition, and what a deploy of it would change. Pure. Throws kind user when the container is something
 * that no definition may say under these settings, such as an address that is no host's.
 */
export function takeOver(inspected: Inspected, target: Target, settings: Settings, who: Identity): TakenOver {
  const { state } = inspected;
  const { text, notes } = definitionOf(state, { settings, schema: target.schema, ...inspected });
  const { differences, due } = proven(state.vmid, {
    state,
    settings,
    who,
    notes,
    ...(inspected.pool === undefined ? {} : { pool: inspected.pool }),
    directory: target.directory,
    files: new Map([...target.files, [DEFINITION_FILE, new TextEncoder().encode(text)]]),
    names: [...new Set([...target.names, DEFINITION_FILE])],
  });
  const { mark } = parseDescription(state.config.description);
  const own = mark?.vmid === state.vmid ? mark : undefined;
  const same =
    own?.site === settings.site && own.owner === who.owner && own.name === who.name && own.stage === who.stage;
  const from = own === undefined || same ? '' : ` --from ${own.owner}`;
  const directory = /^[\w./-]+$/.test(target.shown) ? target.shown : `'${target.shown.replaceAll("'", "'\\''")}'`;
  return {
    text,
    notes,
    differences,
    due,
    ...(own === undefined ? {} : { owner: { owner: own.owner, site: own.site, stage: own.stage, same } }),
    next: [
      ...(same ? [] : [`pve-gitops adopt ${directory} --vmid ${state.vmid}${from}`]),
      `pve-gitops plan ${directory}`,
    ],
  };
}

function proven(vmid: number, input: ProofInput): Proof {
  try {
    return prove(input);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const problems = error.problems.map((problem) => `  ${formatProblem(problem)}`).join('\n');
    throw new GitopsError(
      'user',
      `Unable to import container ${vmid}: a definition may not say what is there\n${problems}`,
      { cause: error, advice: ['change that on the server or in the settings, or write the definition by hand'] },
    );
  }
}
