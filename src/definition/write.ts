import { Document, Pair, type YAMLMap } from 'yaml';

/** What a key of container.yml may hold: plain data, `yes` and `no` as their words. */
export type PlainValue = string | number | readonly PlainValue[] | { readonly [key: string]: PlainValue };

/** A key to write, named as in container.yml. */
export interface KeyToWrite {
  readonly key: string;
  readonly value: PlainValue;
  /** Lines above it. */
  readonly comment?: readonly string[];
}

export interface DefinitionToWrite {
  /** The first lines, such as the schema's address. */
  readonly head: readonly string[];
  readonly keys: readonly KeyToWrite[];
  /** The last lines: what no key says. */
  readonly tail: readonly string[];
}

/** The text of a container.yml that the reader beside this takes back as the same values. */
export function writeDefinition({ head, keys, tail }: DefinitionToWrite): string {
  const document = new Document({});
  const map = document.createNode({}) as YAMLMap;
  document.contents = map;
  for (const { key, value, comment = [] } of keys) {
    const name = document.createNode(key);
    if (comment.length > 0) name.commentBefore = commentOf(comment);
    map.items.push(new Pair(name, document.createNode(value)));
  }
  if (head.length > 0) document.commentBefore = commentOf(head);
  if (tail.length > 0) document.comment = commentOf(tail);
  // Folding would put line breaks into long texts, which are then no longer easy to search for.
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** The word of a flag, as the documentation writes it. */
export const yesOrNo = (value: boolean): 'yes' | 'no' => (value ? 'yes' : 'no');

/** Servers' texts stand in comments too, and none of their characters may end one. */
function commentOf(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${line.replaceAll(/[\p{C}\u2028\u2029]/gu, '·')}`)).join('\n');
}
