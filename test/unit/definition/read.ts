import { parseDefinition } from '../../../src/definition/parse.ts';
import type { Definition } from '../../../src/model/definition.ts';
import { type Problem, ProblemsError } from '../../../src/model/errors.ts';

export interface Given {
  readonly stage?: string;
  readonly names?: readonly string[];
}

/** A definition of files given as text or bytes. */
export function read(files: Readonly<Record<string, string | Uint8Array>>, given: Given = {}): Definition {
  const bytes = Object.entries(files).map(([name, content]): [string, Uint8Array] => [
    name,
    typeof content === 'string' ? new TextEncoder().encode(content) : content,
  ]);
  return parseDefinition({
    directory: '/srv/apache',
    stage: given.stage ?? 'main',
    files: new Map(bytes),
    names: given.names ?? Object.keys(files),
  });
}

/** The problems of what is not a definition. */
export function problemsOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  given: Given = {},
): readonly Problem[] {
  try {
    read(files, given);
  } catch (error) {
    if (error instanceof ProblemsError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
}
