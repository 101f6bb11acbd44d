import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import type { Problem } from '../model/errors.ts';
import type { Path } from './findings.ts';

/** A key of container.yml with its value as plain data. */
export interface YamlEntry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
  /** Where the part of the value that the path leads to stands, or its key; of a part that is not there what holds it. */
  place(path: Path, of: 'value' | 'key'): { readonly line: number; readonly column: number };
  /** Lines of all parts of a value that has any: `1.vlan` → 12. */
  lines(): Readonly<Record<string, number>> | undefined;
}

export interface ScannedYaml {
  readonly entries: readonly YamlEntry[];
  readonly problems: readonly Problem[];
}

/** Reads YAML 1.2 as plain data: no aliases, no tags, one document, a map at the top. */
export function scanYaml(file: string, text: string): ScannedYaml {
  try {
    return scan(file, text);
  } catch (error) {
    // The parser and its conversion recurse; nothing that people write is nested so deeply.
    if (error instanceof RangeError) {
      return { entries: [], problems: [{ file, line: 1, message: 'is nested too deeply' }] };
    }
    throw error;
  }
}

function scan(file: string, text: string): ScannedYaml {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: true, strict: true });
  const at = placesOf(text);
  const problems: Problem[] = [...document.errors, ...document.warnings].map((found) => ({
    file,
    ...at(found.pos[0]),
    message: plainMessage(found.message),
  }));
  visit(document, {
    Node(_, node) {
      if (isAlias(node))
        problems.push({ file, ...at(node.range?.[0]), message: 'aliases are not read', fix: 'write the value again' });
      else if (node.tag !== undefined)
        problems.push({ file, ...at(node.range?.[0]), message: 'tags are not read', fix: `remove ${node.tag}` });
    },
    Pair(_, { key }) {
      const place = at(isNode(key) ? key.range?.[0] : undefined);
      if (!isScalar(key) || key.value === null) problems.push({ file, ...place, message: 'expected a plain key' });
      // Plain objects cannot hold it as a key of their own in every place that a value passes.
      else if (key.value === '__proto__')
        problems.push({ file, ...place, message: '__proto__ is not a key', fix: 'remove it' });
    },
  });
  if (problems.length > 0) return { entries: [], problems };

  const root: ParsedNode | null = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) return { entries: [], problems: [] };
  if (!isMap(root)) {
    return {
      entries: [],
      problems: [{ file, ...at(root.range[0]), message: 'expected keys with values', fix: 'write cores: 2' }],
    };
  }
  const entries: YamlEntry[] = [];
  for (const { key, value } of root.items) {
    if (!isScalar(key)) continue;
    const start = at(key.range[0]);
    entries.push({
      key: String(key.value),
      value: isNode(value) ? value.toJS(document) : null,
      ...start,
      place: (path, of) => at(nodeAt(key, value, path, of)),
      lines: () => (isCollection(value) ? Object.fromEntries(linesWithin(value, '', at)) : undefined),
    });
  }
  return { entries, problems };
}

/** Offset of the deepest part on a path that is there. */
function nodeAt(key: unknown, value: unknown, path: Path, of: 'value' | 'key'): number | undefined {
  let node: Node | undefined = isNode(value) ? value : isNode(key) ? key : undefined;
  for (const [depth, step] of path.entries()) {
    const pair = isMap(node)
      ? node.items.find((item) => isScalar(item.key) && String(item.key.value) === step)
      : undefined;
    if (pair !== undefined && of === 'key' && depth === path.length - 1 && isNode(pair.key)) return pair.key.range?.[0];
    const child: unknown = pair?.value ?? (isSeq(node) ? node.get(step, true) : undefined) ?? pair?.key;
    if (!isNode(child)) break;
    node = child;
  }
  return node?.range?.[0];
}

type At = (offset: number | undefined) => { readonly line: number; readonly column: number };

/** Offset → line and column. The parser's own counter misses line ends within a value that goes wrong. */
function placesOf(text: string): At {
  const starts = [0];
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset = 0) => {
    const place = Math.min(Math.max(offset, 0), text.length);
    let line = 0;
    for (let step = 2 ** Math.floor(Math.log2(starts.length)); step >= 1; step /= 2) {
      if ((starts[line + step] ?? text.length + 1) <= place) line += step;
    }
    return { line: line + 1, column: place - (starts[line] ?? 0) + 1 };
  };
}

/** Ways to all parts with the lines of their keys or items. */
function linesWithin(collection: Node, way: string, at: At): [string, number][] {
  const items: readonly (readonly [unknown, unknown, unknown])[] = isMap(collection)
    ? collection.items.map(({ key, value }) => [isScalar(key) ? key.value : undefined, key, value])
    : isSeq(collection)
      ? collection.items.map((item, index) => [index, item, item])
      : [];
  return items.flatMap(([step, start, value]): [string, number][] => {
    if (!isNode(start)) return [];
    const name = `${way}${String(step)}`;
    const within = isNode(value) ? linesWithin(value, `${name}.`, at) : [];
    return [[name, at(start.range?.[0]).line], ...within];
  });
}

function plainMessage(message: string): string {
  const first = message.split('\n')[0] ?? '';
  return first.charAt(0).toLowerCase() + first.slice(1);
}
