import { fieldNames, fields } from '../definition/fields.ts';
import type { KeyToWrite, PlainValue } from '../definition/write.ts';

const byYaml = new Map(fieldNames.map((name, index) => [fields[name].yaml, { field: fields[name], index }]));

/** Whether container.yml takes this value for the key. */
export function takesValue(key: string, value: PlainValue): boolean {
  const known = byYaml.get(key);
  return known !== undefined && 'value' in known.field.read(value);
}

/** In the order of the documentation. */
export function inOrder(keys: readonly KeyToWrite[]): readonly KeyToWrite[] {
  const place = (key: string): number => byYaml.get(key)?.index ?? byYaml.size;
  return keys.toSorted((a, b) => place(a.key) - place(b.key));
}
