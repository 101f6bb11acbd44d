import type { Definition, Written } from '../model/definition.ts';
import { type Problem, ProblemsError } from '../model/errors.ts';
import { type ReadField, readFile } from './entries.ts';
import type { FieldName } from './field.ts';
import { chooseFiles, engineOf } from './files.ts';

export interface DefinitionInput {
  /** Absolute. */
  readonly directory: string;
  readonly stage: string;
  /** Those of `definitionFiles(stage)` that are there. */
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

  const merged = new Map<FieldName, Written<unknown>>();
  const problems: Problem[] = [];
  for (const file of chosen.names) {
    const read = readFile(file, chosen.format, files.get(file) ?? new Uint8Array());
    problems.push(...byLine(read.problems), ...conflicts(file, read.fields));
    for (const { name, value, line, key, lines } of read.fields) {
      // Both say which vmid: an overlay's takes the place of either.
      if (name === 'id') merged.delete('vmid');
      if (name === 'vmid') merged.delete('id');
      merged.set(name, { value, file, line, key, ...(lines === undefined ? {} : { lines }) });
    }
  }
  if (problems.length > 0) throw problemsOf(directory, problems);
  // The table's types pair each name with its value; a map cannot say that.
  const written = Object.fromEntries(merged) as Pick<Definition, FieldName>;
  return { directory, files: chosen.names, engine: engineOf(names), ...written };
}

function conflicts(file: string, read: readonly ReadField[]): Problem[] {
  const id = read.find(({ name }) => name === 'id');
  const vmid = read.find(({ name }) => name === 'vmid');
  if (id === undefined || vmid === undefined) return [];
  const { line, column, key } = vmid;
  return [{ file, line, column, key, message: `stands beside ${id.key} of line ${id.line}`, fix: 'keep one of them' }];
}

function byLine(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function problemsOf(directory: string, problems: readonly Problem[]): ProblemsError {
  const next = problems[SHOWN];
  if (next === undefined) return new ProblemsError(`definition ${directory}`, problems);
  const more: Problem = { file: next.file, message: `and ${problems.length - SHOWN} more problems from here on` };
  const placed = next.line === undefined ? more : { ...more, line: next.line };
  return new ProblemsError(`definition ${directory}`, [...problems.slice(0, SHOWN), placed]);
}
