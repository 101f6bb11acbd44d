import type { Definition } from '../model/definition.ts';
import { type Problem, ProblemsError } from '../model/errors.ts';
import { parseSecretsFile, secretsFiles } from '../model/secrets-file.ts';
import { engineOf, engineProblems } from './engine.ts';
import { readFile } from './entries.ts';
import { chooseFiles } from './files.ts';
import { mergeFields } from './merge.ts';

export interface DefinitionInput {
  /** Absolute. */
  readonly directory: string;
  readonly stage: string;
  /** Those of `definitionFiles(stage)` and `secretsFiles(stage)` that are there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The directory's listing; may hold names below `recipes` too. */
  readonly names: readonly string[];
}

/** A page of problems is read; the rest says the same. */
const SHOWN = 50;

/** Reads a definition with its overlays, later wins key by key. Throws ProblemsError with every problem at once. */
export function parseDefinition({ directory, stage, files, names }: DefinitionInput): Definition {
  const chosen = chooseFiles(directory, stage, new Set(files.keys()), names);
  if ('problems' in chosen) throw problemsOf(directory, chosen.problems);

  const problems: Problem[] = [];
  const read = chosen.names.map((file) => {
    const { fields, problems: own } = readFile(file, chosen.format, files.get(file) ?? new Uint8Array());
    problems.push(...own);
    return { file, fields };
  });
  const { merged, problems: beside } = mergeFields(read);
  problems.push(...beside);
  problems.push(...engineProblems(names, merged.engineChoice));
  for (const file of secretsFiles(stage)) problems.push(...secretsProblems(file, files.get(file)));
  if (problems.length > 0) throw problemsOf(directory, inOrder(problems, [...chosen.names, ...secretsFiles(stage)]));
  return { directory, files: chosen.names, engine: engineOf(names, merged.engineChoice), ...merged };
}

/** Their form; whether the values can be read is a matter of the machine. */
function secretsProblems(file: string, bytes: Uint8Array | undefined): readonly Problem[] {
  return bytes === undefined ? [] : parseSecretsFile(file, new TextDecoder().decode(bytes)).problems;
}

function inOrder(problems: readonly Problem[], files: readonly string[]): Problem[] {
  const order = (a: Problem, b: Problem): number =>
    files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  return problems.toSorted(order);
}

function problemsOf(directory: string, problems: readonly Problem[]): ProblemsError {
  const next = problems[SHOWN];
  if (next === undefined) return new ProblemsError(`definition ${directory}`, problems);
  const more: Problem = { file: next.file, message: `and ${problems.length - SHOWN} more problems from here on` };
  const placed = next.line === undefined ? more : { ...more, line: next.line };
  return new ProblemsError(`definition ${directory}`, [...problems.slice(0, SHOWN), placed]);
}
