import type * as z from 'zod';
import type { Definition, Written } from '../model/definition.ts';
import { type Finding, findingsOf } from './findings.ts';

/** What a change of the field costs on a container that runs. */
export type Effect = 'live' | 'restart' | 'replace' | 'another' | 'move' | 'destroy' | 'configure' | 'nothing';

export type WrittenFields = Omit<Definition, 'directory' | 'files' | 'engine'>;
export type FieldName = keyof WrittenFields;
export type ValueOf<T> = T extends Written<infer V> ? V : never;

/** Text of an .env file in the form of container.yml, or why it has none. */
export type ReadText = { readonly value: unknown } | { readonly wrong: string; readonly fix?: string };

/** Something that a value's form cannot say, such as two parts that exclude each other. */
export type Conflict = Extract<Finding, { readonly kind: 'conflict' }>;

export type ReadValue<V> = { readonly value: V } | { readonly findings: readonly Finding[] };

/** What documentation and errors say about a key, on the top level or within a value. */
export interface Described {
  /** Completes "expected …". */
  readonly form: string;
  /** How to mend a common slip. */
  readonly hint?: (text: string) => string | undefined;
  readonly unit?: string;
  readonly default: string;
  readonly effect: Effect;
  readonly description: string;
}

/** A key within a field's value. */
export interface Part<W = unknown> extends Described {
  readonly schema: z.ZodType<W>;
}

export type Parts = Readonly<Record<string, Part>>;

/** The parts of a field whose value is a map, a list of maps, or a map from names to maps. */
export interface Shape {
  readonly kind: 'map' | 'list' | 'named';
  readonly parts: Parts;
  /** Completes "expected …" for one item. */
  readonly item: string;
  /** Of a name, where people choose them. */
  readonly name?: Pick<Described, 'form' | 'hint'>;
}

/** One key of the definition: every way to write it, and what its documentation says. */
export interface Field<V> extends Described {
  /** Key in an .env file; undefined: container.yml only. */
  readonly env: string | undefined;
  /** Key in container.yml. */
  readonly yaml: string;
  /** What people write in container.yml; without transforms, because its JSON Schema is published. */
  readonly schema: z.ZodType;
  /** Text of an .env file in the form that `schema` takes. */
  readonly fromText: (text: string) => ReadText;
  /** Checks against the schema and gives the definition's value, or what is wrong with which part. */
  readonly read: (written: unknown) => ReadValue<V>;
  readonly shape: Shape | undefined;
}

interface FieldOptions<W, V> extends Described {
  readonly env?: string;
  readonly yaml: string;
  readonly schema: z.ZodType<W>;
  readonly convert: (written: W) => V;
  /** Asked about what the schema accepts. */
  readonly conflicts?: (written: W) => readonly Conflict[];
  readonly fromText?: (text: string) => ReadText;
  readonly shape?: Shape;
}

export function field<W, V>(options: FieldOptions<W, V>): Field<V> {
  const { env, schema, convert, conflicts = () => [], fromText = (text) => ({ value: text }), shape } = options;
  const read = (written: unknown): ReadValue<V> => {
    const result = schema.safeParse(written);
    if (!result.success) return { findings: findingsOf(written, result.error.issues) };
    const findings = conflicts(result.data);
    return findings.length > 0 ? { findings } : { value: convert(result.data) };
  };
  return { ...options, env, schema, read, fromText, shape };
}

/** What is said about the part of a value that a path leads to; undefined: a name or an item, of which `shape.item` speaks. */
export function partAt(shape: Shape | undefined, path: readonly PropertyKey[]): Part | undefined {
  const [first, ...rest] = path.filter((step) => typeof step === 'string');
  const key = shape?.kind === 'named' ? rest[0] : first;
  return shape === undefined || key === undefined || !Object.hasOwn(shape.parts, key) ? undefined : shape.parts[key];
}
