import fc, { type Arbitrary } from 'fast-check';
import { definitionSchema, type SchemaNode } from '../../src/definition/json-schema.ts';

/** Values that the published schema describes, made from nothing but the schema; where a form says too little, samples help. */

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/);
const ipv6 = fc.oneof(
  fc.ipV6(),
  fc.constantFrom('fd00::42', 'fe80::1', '::', '::1', 'ff02::1', '2001:DB8:0:0::7', '::ffff:10.0.0.1'),
);
const length6 = fc.integer({ min: 6, max: 130 });
const ipv6WithLength = fc.tuple(ipv6, length6).map(([address, length]) => `${address}/${length}`);
const path = fc
  .array(fc.constantFrom('srv', 'data', 'a', 'b', '.x', 'proc', 'dev', '..', 'with space'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((names) => `/${names.join('/')}`);

/** By the last key on the way to a value: forms that a random text rarely meets. */
const SAMPLES: Readonly<Record<string, Arbitrary<unknown>>> = {
  ip6: fc.oneof(fc.constantFrom('dhcp', 'auto', 'fd00::42/64', 'fd00::43/64'), ipv6WithLength),
  gateway6: fc.oneof(fc.constantFrom('fe80::1', 'fd00::1'), ipv6),
  nameserver: fc.array(fc.oneof(ipv6, fc.ipV4()), { minLength: 1, maxLength: 3 }),
  gateway: fc.oneof(fc.ipV4(), fc.constantFrom('192.168.178.1', '10.0.0.1')),
  ip: fc.oneof(fc.constantFrom('dhcp', 'none', '192.168.178.42/24', '10.0.0.7'), fc.ipV4()),
  template: fc.constantFrom('debian', 'debian-12', 'local:vztmpl/x.tar.zst', 'debian-13'),
  hostname: word,
  searchdomain: fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
  path: fc.oneof({ arbitrary: path, weight: 4 }, fc.constant('/dev/ttyUSB0')),
  http: fc
    .tuple(fc.constantFrom('', 'web.example', '[::1]'), fc.integer({ min: 0, max: 70_000 }))
    .map(([host, port]) => `http://${host}:${port}/x`),
  description: fc.oneof(
    fc.lorem(),
    fc.constantFrom('**Bold**\n\n- one\n- two: #3\n', '<!-- pve-gitops:1 {} -->'),
    fc.string({ unit: 'grapheme', minLength: 1 }),
  ),
  command: fc.string({ unit: 'grapheme', minLength: 1 }),
  contains: fc.string({ unit: 'grapheme', minLength: 1 }),
};

/** Look-aheads only narrow what a pattern takes, and the generator knows none. */
function withoutLookAhead(pattern: string): RegExp {
  let text = pattern;
  for (let start = text.search(/\(\?[!=]/); start !== -1; start = text.search(/\(\?[!=]/)) {
    let depth = 0;
    let end = start;
    do {
      if (text[end] === '\\') end += 1;
      else if (text[end] === '(') depth += 1;
      else if (text[end] === ')') depth -= 1;
      end += 1;
    } while (depth > 0 && end < text.length);
    text = text.slice(0, start) + text.slice(end);
  }
  return new RegExp(text);
}

export function valueFor(node: SchemaNode, key: string): Arbitrary<unknown> {
  const made = plainValue(node, key);
  const sample = node.properties === undefined ? SAMPLES[key] : undefined;
  return sample === undefined ? made : fc.oneof({ arbitrary: sample, weight: 8 }, made);
}

function plainValue(node: SchemaNode, key: string): Arbitrary<unknown> {
  if (Array.isArray(node.anyOf)) return fc.oneof(...node.anyOf.map((branch: SchemaNode) => plainValue(branch, key)));
  if (Array.isArray(node.enum)) return fc.constantFrom(...node.enum);
  if (node.const !== undefined) return fc.constant(node.const);
  switch (node.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return numberBetween(node, (min, max) => fc.integer({ min, max }));
    case 'number':
      return numberBetween(node, (min, max) => fc.double({ min, max, noNaN: true, noDefaultInfinity: true }));
    case 'string':
      return typeof node.pattern === 'string'
        ? fc.stringMatching(withoutLookAhead(node.pattern), { maxLength: 24 })
        : fc.string({ unit: 'grapheme', minLength: 1 });
    case 'array':
      return fc.array(valueFor(node.items as SchemaNode, key), {
        minLength: typeof node.minItems === 'number' ? node.minItems : 0,
        maxLength: 3,
      });
    case 'object':
      return node.properties === undefined
        ? fc.dictionary(nameOf(node), valueFor(node.additionalProperties as SchemaNode, key), {
            maxKeys: 4,
            noNullPrototype: true,
          })
        : mapOf(node);
    default:
      throw new Error(`a schema of no known type: ${JSON.stringify(node)}`);
  }
}

function nameOf(node: SchemaNode): Arbitrary<string> {
  const { pattern } = (node.propertyNames ?? {}) as SchemaNode;
  return typeof pattern === 'string' ? fc.stringMatching(withoutLookAhead(pattern), { maxLength: 8 }) : word;
}

function numberBetween<T>(node: SchemaNode, made: (min: number, max: number) => Arbitrary<T>): Arbitrary<T | number> {
  const { minimum, maximum } = node as { readonly minimum: number; readonly maximum: number };
  return fc.oneof(
    made(minimum, maximum),
    made(minimum, Math.min(maximum, minimum + 300)),
    fc.constantFrom(minimum, maximum),
  );
}

function mapOf({ properties = {}, required }: SchemaNode): Arbitrary<object> {
  const always = new Set(Array.isArray(required) ? required : []);
  const entries = Object.entries(properties).map(([key, child]) => [key, valueFor(child, key)] as const);
  return fc.record(Object.fromEntries(entries), {
    requiredKeys: entries.map(([key]) => key).filter((key) => always.has(key)),
    noNullPrototype: true,
  });
}

const SHORT = ['ip', 'gateway', 'ip6', 'gateway6', 'bridge', 'vlan', 'id', 'nesting'];
const LONG = ['interfaces', 'vmid', 'features'];

const KEYS: ReadonlyMap<string, Arbitrary<unknown>> = new Map(
  Object.entries(definitionSchema().properties ?? {}).map(([key, node]) => [key, valueFor(node, key)]),
);

/** A definition with some keys, in the forms of container.yml, of which most can be read. */
export const definitionValue: Arbitrary<Readonly<Record<string, unknown>>> = fc
  .tuple(fc.constantFrom(SHORT, LONG, []), fc.subarray([...KEYS.keys()], { minLength: 2, maxLength: 14 }))
  .chain(([excluded, keys]) => {
    const chosen = [...KEYS].filter(([key]) => keys.includes(key) && !excluded.includes(key));
    return fc.record(Object.fromEntries(chosen), { noNullPrototype: true });
  });
