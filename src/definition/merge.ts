import type { Definition, Features, Written } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';
import type { ReadField } from './entries.ts';
import type { FieldName } from './field.ts';

/** The fields that files have set, by name. */
export type Merged = Pick<Definition, FieldName>;

interface FileFields {
  readonly file: string;
  readonly fields: readonly ReadField[];
}

/** Written in one form or in the other, never in both. */
const EITHER: readonly (readonly [FieldName, FieldName])[] = [
  ['id', 'vmid'],
  ...(['ip', 'gateway', 'ip6', 'gateway6', 'bridge', 'vlan'] as const).map((short) => [short, 'interfaces'] as const),
];

/**
 * Later files win, key by key. What says the same in another form takes its place too: vmid that of id, interfaces that of the short
 * keys. One address cannot take the place of a list of interfaces: that is a problem, as both forms in one file are.
 */
export function mergeFields(files: readonly FileFields[]): { readonly merged: Merged; readonly problems: Problem[] } {
  const merged = new Map<FieldName, Written<unknown>>();
  const problems: Problem[] = [];
  for (const { file, fields } of files) {
    problems.push(...besideEachOther(file, fields));
    const own = new Set(fields.map(({ name }) => name));
    for (const [short, long] of EITHER) {
      const list = merged.get(long);
      if (own.has(long)) merged.delete(short);
      else if (own.has(short) && list !== undefined && long === 'interfaces') {
        problems.push(...fields.filter(({ name }) => name === short).map((field) => overList(file, field, list)));
      } else if (own.has(short)) merged.delete(long);
    }
    for (const { name, value, line, key, lines } of fields) {
      merged.set(name, { value, file, line, key, ...(lines === undefined ? {} : { lines }) });
    }
    oneNesting(merged, own);
  }
  // The table's types pair each name with its value; a map cannot say that.
  return { merged: Object.fromEntries(merged) as Merged, problems };
}

function besideEachOther(file: string, fields: readonly ReadField[]): Problem[] {
  const find = (name: FieldName) => fields.find((field) => field.name === name);
  const beside = (field: ReadField, other: string, line: number, fix: string): Problem => {
    const { column, key } = field;
    return { file, line: field.line, column, key, message: `stands beside ${other} of line ${line}`, fix };
  };
  const found = EITHER.flatMap(([short, long]): Problem[] => {
    const [a, b] = [find(short), find(long)];
    if (a === undefined || b === undefined) return [];
    if (long !== 'interfaces') return [beside(b, a.key, a.line, 'keep one of them')];
    return [beside(a, b.key, b.line, `write it within ${b.key}`)];
  });
  const [nesting, features] = [find('nesting'), find('features')];
  if (nesting === undefined || features === undefined || !saysNesting(features.value)) return found;
  const line = features.lines?.nesting ?? features.line;
  return [...found, beside(nesting, `${features.key}.nesting`, line, 'keep one of them')];
}

function overList(file: string, { line, column, key }: ReadField, list: Written<unknown>): Problem {
  const message = `cannot overlay ${list.key} of ${list.file}:${list.line}`;
  return { file, line, column, key, message, fix: `write ${list.key}, all of them` };
}

/** Of nesting and features.nesting in different files the later one stays. */
function oneNesting(merged: Map<FieldName, Written<unknown>>, own: ReadonlySet<FieldName>): void {
  const features = merged.get('features');
  if (features === undefined || !saysNesting(features.value)) return;
  if (own.has('features')) merged.delete('nesting');
  else if (own.has('nesting')) {
    const { nesting: _, ...rest } = features.value as Features;
    merged.set('features', { ...features, value: rest });
  }
}

function saysNesting(features: unknown): boolean {
  return (features as Features).nesting !== undefined;
}
