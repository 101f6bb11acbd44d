import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  visit,
} from 'yaml';
import type { Problem } from '../model/errors.ts';
import type { Path } from './field.ts';

/** A key of container.yml with its value as plain data. */
export interface YamlEntry {
  readonly key: string;
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
  /** Line and column of a part of the value, e.g. of item 1's `tcp`: of these paths the one that leads deepest. */
  place(paths: readonly Path[]): { readonly line: number; readonly column: number };
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
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, strict: true });
  const lastLine = text.split('\n').length;
  const at = (offset: number | undefined): { readonly line: number; readonly column: number } => {
    const { line, col } = lines.linePos(offset ?? 0);
    return { line: Math.min(Math.max(line, 1), lastLine), column: Math.max(col, 1) };
  };
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
    const start = at((key as ParsedNode).range[0]);
    if (!isScalar(key) || key.value === null) {
      problems.push({ file, ...start, message: 'expected a plain key' });
      continue;
    }
    entries.push({
      key: String(key.value),
      value: isNode(value) ? value.toJS(document) : null,
      ...start,
      place: (paths) => at(deepestNode(value, paths)?.range?.[0] ?? (key as ParsedNode).range[0]),
    });
  }
  return { entries, problems };
}

function deepestNode(value: unknown, paths: readonly Path[]): Node | undefined {
  let deepest: { readonly node: Node; readonly depth: number } | undefined;
  for (const path of [[], ...paths]) {
    let node: unknown = value;
    let depth = 0;
    for (const part of path) {
      const child: unknown = isCollection(node) ? node.get(part, true) : undefined;
      if (!isNode(child)) break;
      node = child;
      depth += 1;
    }
    if (isNode(node) && depth >= (deepest?.depth ?? 0)) deepest = { node, depth };
  }
  return deepest?.node;
}

function plainMessage(message: string): string {
  const first = message.split('\n')[0] ?? '';
  return first.charAt(0).toLowerCase() + first.slice(1);
}
