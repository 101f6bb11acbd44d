import * as z from 'zod';
import type { Described, Shape } from './field.ts';
import { fieldNames, fields } from './fields.ts';
import { optional } from './schemas.ts';

/** A part of a JSON Schema. */
export interface SchemaNode {
  [key: string]: unknown;
  description?: string;
  properties?: Record<string, SchemaNode>;
}

/** Not tied to any host: editors find the file by its path. */
const ID = 'urn:pve-gitops:container';

/**
 * The JSON Schema (draft 2020-12) of container.yml. It takes all that the parser takes; of what goes beyond a form (an IPv6 address
 * that is none, two gateways) only the parser knows.
 */
export function definitionSchema(): SchemaNode {
  const byKey = new Map(fieldNames.map((name) => [fields[name].yaml, fields[name]]));
  const parts = Object.fromEntries([...byKey].map(([key, row]) => [key, row]));
  const made = z.toJSONSchema(z.strictObject(optional(parts)), {
    target: 'draft-2020-12',
    io: 'input',
    unrepresentable: 'throw',
    reused: 'inline',
  }) as SchemaNode;
  for (const [key, node] of Object.entries(made.properties ?? {})) {
    const row = byKey.get(key);
    if (row === undefined) continue;
    describe(node, row);
    if (row.shape !== undefined) describeParts(node, row.shape);
  }
  const { $schema, ...rest } = made;
  return {
    $schema,
    $id: ID,
    title: 'container.yml of pve-gitops',
    description: 'What a container shall be: docs/definition.md says more about each key.',
    ...rest,
    allOf: [['id', 'vmid'], ...SHORT.map((key) => [key, 'interfaces'])].map((required) => ({ not: { required } })),
  };
}

const SHORT = ['ip', 'gateway', 'ip6', 'gateway6', 'bridge', 'vlan'];

/** As it stands in schemas/container.schema.json. */
export function definitionSchemaText(): string {
  return `${JSON.stringify(definitionSchema(), undefined, 2)}\n`;
}

const EFFECTS: Readonly<Record<Described['effect'], string>> = {
  live: 'A change is made while the container runs.',
  restart: 'A change restarts the container.',
  replace: 'A change makes the root file system anew; volumes stay.',
  another: 'A change makes another container; the one before stays.',
  move: 'A change stops the container while it is moved, and starts it again.',
  destroy: 'A change destroys the container.',
  configure: 'A change configures the container again.',
  nothing: '',
};

function describe(node: SchemaNode, { description, unit, default: fallback, form, effect }: Described): void {
  const sentences = [
    `${description}${unit === undefined ? '' : ` (${unit})`}.`,
    `Accepted: ${form}.`,
    `Default: ${fallback}.`,
    EFFECTS[effect],
  ];
  node.description = sentences.filter((sentence) => sentence !== '').join('\n');
  const value = defaultOf(node, fallback);
  if (value !== undefined) node.default = value;
}

/** The default as a value, where it is a number or one of the words that can be written. */
function defaultOf(node: SchemaNode, text: string): number | string | undefined {
  if ((node.type === 'integer' || node.type === 'number') && /^\d+$/.test(text)) return Number(text);
  const word = text.split(':')[0] ?? '';
  const words = [node, ...((node.anyOf as SchemaNode[] | undefined) ?? [])].flatMap(({ enum: list }) => list ?? []);
  return words.includes(word) ? word : undefined;
}

/** Describes the parts wherever the forms of a value have them. */
function describeParts(node: SchemaNode, shape: Shape): void {
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    const part = shape.parts[key];
    if (part !== undefined) describe(child, part);
  }
  for (const inner of [node.items, node.additionalProperties, ...((node.anyOf as unknown[] | undefined) ?? [])]) {
    if (typeof inner === 'object' && inner !== null) describeParts(inner as SchemaNode, shape);
  }
}
