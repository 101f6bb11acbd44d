import type * as z from 'zod';
import type { Definition, Written } from '../model/definition.ts';
import type { ReadText } from './health.ts';

/** What a change of the field costs on a container that runs. */
export type Effect = 'live' | 'restart' | 'replace' | 'destroy' | 'nothing';

export type WrittenFields = Omit<Definition, 'directory' | 'files' | 'engine'>;
export type FieldName = keyof WrittenFields;
export type ValueOf<T> = T extends Written<infer V> ? V : never;

/** From a value to a part of it. */
export type Path = readonly PropertyKey[];

export type ReadValue<V> = { readonly value: V } | { readonly paths: readonly Path[] };

/** One key of the definition: every way to write it, and what its documentation says. */
export interface Field<V> {
  /** Key in an .env file; undefined: container.yml only. */
  readonly env: string | undefined;
  /** Key in container.yml. */
  readonly yaml: string;
  /** What people write in container.yml; without transforms, because its JSON Schema is published. */
  readonly schema: z.ZodType;
  /** Text of an .env file in the form that `schema` takes. */
  readonly fromText: (text: string) => ReadText;
  /** Checks against the schema and gives the definition's value, or the paths of the parts that may be wrong. */
  readonly read: (written: unknown) => ReadValue<V>;
  /** Completes "expected …". */
  readonly form: string;
  /** How to mend a common slip. */
  readonly hint: (text: string) => string | undefined;
  readonly unit: string | undefined;
  readonly default: string;
  readonly effect: Effect;
  readonly description: string;
}

interface FieldOptions<W, V> {
  readonly env?: string;
  readonly yaml: string;
  readonly schema: z.ZodType<W>;
  readonly convert: (written: W) => V;
  readonly fromText?: (text: string) => ReadText;
  readonly form: string;
  readonly hint?: (text: string) => string | undefined;
  readonly unit?: string;
  readonly default: string;
  readonly effect: Effect;
  readonly description: string;
}

export function field<W, V>(options: FieldOptions<W, V>): Field<V> {
  const { env, schema, convert, fromText = (text) => ({ value: text }), hint = () => undefined, unit } = options;
  const read = (written: unknown): ReadValue<V> => {
    const result = schema.safeParse(written);
    return result.success ? { value: convert(result.data) } : { paths: pathsOf(result.error.issues) };
  };
  return { ...options, env, schema, read, fromText, hint, unit };
}

/** A union reports one issue at its own path and those of its branches beneath; which branch was meant, the value shows. */
function pathsOf(issues: readonly z.core.$ZodIssue[]): readonly Path[] {
  return issues.flatMap((issue): readonly Path[] => {
    const inner = issue.code === 'invalid_union' ? issue.errors.flatMap(pathsOf) : [];
    return [issue.path, ...inner.map((path) => [...issue.path, ...path])];
  });
}
