import type { Problem } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { JsonMember, JsonNode } from './json.ts';
import { type SettingName, type SettingRow, settingNames, settingRows } from './table.ts';

/** A setting that the JSON file holds, as text. */
export interface Leaf {
  readonly name: SettingName;
  readonly text: string;
  readonly place: { readonly file: string; readonly line: number; readonly column: number; readonly key: string };
}

export interface Leaves {
  readonly leaves: readonly Leaf[];
  readonly problems: readonly Problem[];
}

/** Finds the settings of a JSON file; unknown keys and values of a wrong kind are problems. */
export function readLeaves(file: string, root: JsonNode): Leaves {
  const leaves: Leaf[] = [];
  const problems: Problem[] = [];
  const names = new Map(settingNames.map((name): [string, SettingName] => [settingRows[name].key, name]));
  const paths = [...names.keys()];

  const walk = (node: JsonNode, prefix: string): void => {
    if (!(node.value instanceof Map)) {
      const key = prefix === '' ? {} : { key: prefix };
      problems.push({ file, line: node.line, column: node.column, ...key, message: 'expected an object: { … }' });
      return;
    }
    for (const [key, member] of node.value as ReadonlyMap<string, JsonMember>) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const place = { file, line: member.line, column: member.column, key: path };
      const name = names.get(path);
      if (name !== undefined) {
        const text = textOf(member.node, settingRows[name]);
        if (text === undefined) problems.push({ ...place, message: expected(name) });
        else leaves.push({ name, text, place });
      } else if (paths.some((known) => known.startsWith(`${path}.`))) walk(member.node, path);
      else problems.push({ ...place, message: 'is not a setting', ...suggestion(path, paths) });
    }
  };
  walk(root, '');
  return { leaves, problems };
}

/** undefined: a kind of value that no setting takes. */
function textOf({ value }: JsonNode, { separator, object }: SettingRow<unknown>): string | undefined {
  if (value === null) return '';
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (separator === undefined) return undefined;
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<string, JsonMember>)].map(([key, { node }]) => [key, node.value]);
    const texts = object === true && entries.every(([, item]) => typeof item === 'string');
    return texts ? entries.map(([key, item]) => `${key}=${item}`).join(separator) : undefined;
  }
  const items = (value as readonly JsonNode[]).map((item) => item.value);
  return items.every((item) => typeof item === 'string') ? items.join(separator) : undefined;
}

function expected(name: SettingName): string {
  const { separator, object }: SettingRow<unknown> = settingRows[name];
  const forms = [
    'text',
    ...(separator === undefined ? [] : ['a list of texts']),
    ...(object ? ['an object of texts'] : []),
  ];
  return `expected ${forms.join(' or ')}`;
}

/** People also write the environment's name or the input's into the file, or forget the section. */
function suggestion(path: string, paths: readonly string[]): { readonly fix?: string } {
  const last = path.split('.').at(-1) ?? path;
  const other = settingNames.find((name) => {
    const { key, environment, input } = settingRows[name];
    return environment === last || input === last || key.endsWith(`.${last}`);
  });
  const near = other === undefined ? (nearest(path, paths) ?? nearest(last, paths)) : settingRows[other].key;
  return near === undefined ? {} : { fix: `did you mean ${near}?` };
}
