import type * as z from 'zod';

/** From a value to a part of it. */
export type Path = readonly PropertyKey[];

/** What is wrong with a part of a value. */
export type Finding =
  /** The part that the path leads to has another form. */
  | { readonly kind: 'wrong'; readonly path: Path }
  /** The path ends with a name that cannot be one. */
  | { readonly kind: 'name'; readonly path: Path }
  /** The path ends with a key that nobody knows. */
  | { readonly kind: 'unknown'; readonly path: Path }
  /** The path ends with a key that has to be there. */
  | { readonly kind: 'missing'; readonly path: Path }
  | { readonly kind: 'conflict'; readonly path: Path; readonly message: string; readonly fix?: string };

type Issue = z.core.$ZodIssue;

/** What a schema says about a value, in our words: of several forms that a part may have, the one that was meant. */
export function findingsOf(value: unknown, issues: readonly Issue[]): readonly Finding[] {
  const seen = new Set<string>();
  // A pattern and what goes beyond it may both say no.
  return translated(value, issues, []).filter(({ kind, path }) => {
    const place = JSON.stringify([kind, ...path.map(String)]);
    return !seen.has(place) && seen.add(place);
  });
}

function translated(value: unknown, issues: readonly Issue[], at: Path): readonly Finding[] {
  return issues.flatMap((issue): readonly Finding[] => {
    const path = [...at, ...issue.path];
    switch (issue.code) {
      case 'unrecognized_keys':
        return issue.keys.map((key) => ({ kind: 'unknown', path: [...path, key] }));
      case 'invalid_key':
        return [{ kind: 'name', path }];
      case 'too_big':
        return issue.origin === 'array'
          ? [{ kind: 'conflict', path, message: `has more than ${issue.maximum} items` }]
          : [{ kind: 'wrong', path }];
      case 'invalid_union':
        return branchFindings(value, issue.errors, path);
      default:
        return [{ kind: isMissing(value, path) ? 'missing' : 'wrong', path }];
    }
  });
}

/**
 * The findings of the branch that fits best: of those whose own type is right the one with the fewest. Where several are as good as
 * each other, a key that none of them knows is said, else only that the whole is wrong.
 */
function branchFindings(value: unknown, branches: readonly (readonly Issue[])[], at: Path): readonly Finding[] {
  const fitting = branches
    .filter((issues) => !issues.some((issue) => issue.path.length === 0 && OTHER_TYPE.has(issue.code)))
    .map((issues) => translated(value, issues, at));
  const unknown = fitting.map((findings) => findings.filter(({ kind }) => kind === 'unknown'));
  const everywhere = unknown[0]?.filter((finding) =>
    unknown.every((list) => list.some(({ path }) => samePath(path, finding.path))),
  );
  if (everywhere !== undefined && everywhere.length > 0) return everywhere;
  const fewest = Math.min(...fitting.map(({ length }) => length));
  const best = fitting.filter(({ length }) => length === fewest);
  const [only] = best;
  return best.length === 1 && only !== undefined ? only : [{ kind: 'wrong', path: at }];
}

const OTHER_TYPE: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value']);

function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, index) => step === b[index]);
}

/** The part of a value that a path leads to; undefined where there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let part = value;
  for (const step of path) {
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, step)) return undefined;
    part = (part as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return part;
}

function isMissing(value: unknown, path: Path): boolean {
  return typeof path.at(-1) === 'string' && valueAt(value, path) === undefined;
}
