import { isDeepStrictEqual } from 'node:util';
import { parseDefinition } from '../../src/definition/parse.ts';
import { decodeDesired, encodeDesired } from '../../src/desired/json.ts';
import { resolve } from '../../src/desired/resolve.ts';
import { formatProblem, isGitopsError, type Problem, ProblemsError } from '../../src/model/errors.ts';
import type { Settings } from '../../src/model/settings.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import type { Files } from './files.ts';

/** What became of random files. */
export type Verdict =
  | { readonly kind: 'valid'; readonly keys: number }
  | { readonly kind: 'refused'; readonly by: 'parser' | 'resolve'; readonly problems: readonly Problem[] }
  /** Sound, and too long to travel between the actions. */
  | { readonly kind: 'too-long' };

const DIRECTORY = '/srv/apache';

const { settings: SITE } = resolveSettings(
  { flags: {}, environment: {}, files: [] },
  { stateDirectory: '/nowhere', read: () => undefined, connectionOptional: true },
);

/** Sites that differ in what they add to a definition. */
export const SITES: readonly Settings[] = [
  SITE,
  { ...SITE, network: { ...SITE.network, prefix: 16, gateway: '192.168.178.1', nameserver: '9.9.9.9' } },
  { ...SITE, vmidBase: 999_999_990, network: { ...SITE.network, translate: '10.91.0.0/16' } },
];

/**
 * Reads and resolves files as a run does. Throws what is no refusal: anything but a ProblemsError whose every problem names one of
 * the files and a place in it, or a Desired that does not come back whole from its JSON.
 */
export function judge(files: Files, names: readonly string[], settings: Settings): Verdict {
  const stage = Object.keys(files).length > 1 ? 'develop' : 'main';
  const input = { directory: DIRECTORY, stage, files: new Map(Object.entries(files)), names };
  const definition = refusable(files, () => parseDefinition(input));
  if ('problems' in definition) return { kind: 'refused', by: 'parser', problems: definition.problems };
  const who = { name: 'apache', owner: 'srv/apache', stage };
  const desired = refusable(files, () => resolve(definition.value, settings, who));
  if ('problems' in desired) return { kind: 'refused', by: 'resolve', problems: desired.problems };
  try {
    const back = decodeDesired(encodeDesired(desired.value));
    if (!isDeepStrictEqual(back, desired.value)) throw new Error(`came back as ${JSON.stringify(back)}`);
  } catch (error) {
    if (isGitopsError(error) && error.message.startsWith('Unable to hand over')) return { kind: 'too-long' };
    throw error;
  }
  return { kind: 'valid', keys: Object.keys(definition.value).length - 3 };
}

function refusable<T>(files: Files, work: () => T): { readonly value: T } | { readonly problems: readonly Problem[] } {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    if (error.problems.length === 0) throw new Error('refused without a problem', { cause: error });
    for (const problem of error.problems) checkPlace(files, problem);
    return { problems: error.problems };
  }
}

function checkPlace(files: Files, problem: Problem): void {
  const content = files[problem.file];
  const { line = 0, column = 1 } = problem;
  const text = new TextDecoder().decode(content ?? new Uint8Array());
  const lines = text.split('\n');
  const length = lines[line - 1]?.length ?? -1;
  const inside = content !== undefined && line >= 1 && line <= lines.length && column >= 1 && column <= length + 1;
  if (!inside) throw new Error(`a problem outside of the files: ${formatProblem(problem)}`);
  if (problem.message === '' || /undefined|\[object|NaN/.test(problem.message.replaceAll(/"(?:[^"\\]|\\.)*"/g, '')))
    throw new Error(`a problem that says nothing: ${formatProblem(problem)}`);
}
