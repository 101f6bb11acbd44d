import fc, { type Arbitrary } from 'fast-check';
import { stringify } from 'yaml';
import { fieldNames, fields } from '../../src/definition/fields.ts';
import { definitionValue } from './values.ts';

/** Bytes of definition files: random ones, structured ones, and structured ones that something has happened to. */

export type Files = Readonly<Record<string, Uint8Array>>;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const ENV = fieldNames.flatMap((name) =>
  fields[name].env === undefined ? [] : [[fields[name].yaml, fields[name].env] as const],
);
const YAML_TO_ENV: ReadonlyMap<string, string> = new Map(ENV);

/** Pieces that get further into the parsers than random bytes do. */
const PIECES = [
  ...fieldNames.flatMap((name) => [
    fields[name].env ?? '',
    fields[name].yaml,
    ...Object.keys(fields[name].shape?.parts ?? {}),
  ]),
  ...[
    '=',
    ': ',
    ':',
    '\n',
    '\r\n',
    '\n  ',
    '\n  - ',
    ' ',
    '"',
    "'",
    '#',
    '$',
    '`',
    '\\',
    '- ',
    ', ',
    '[',
    ']',
    '{',
    '}',
  ],
  ...[
    '&a ',
    '*a',
    '!t ',
    '!!str ',
    '<<',
    '? ',
    '---\n',
    '...\n',
    '|\n',
    '>-\n',
    '\t',
    '\uFEFF',
    '%YAML 1.1\n',
    '\u0000',
    '\u0085',
    '\u2028',
  ],
  ...[
    '42',
    '0',
    '-1',
    '1e9',
    '0x2a',
    '.inf',
    '~',
    'null',
    'yes',
    'true',
    'dhcp',
    'delete',
    'share',
    '__proto__',
    'constructor',
  ],
  ...['10.0.0.1/24', 'fd00::1/64', 'local-lvm:8', '/dev/null', '/a:/b', 'BC:24:11:00:00:2A', 'export ', 'order=1'],
];
const piece = fc.oneof(
  { arbitrary: fc.constantFrom(...PIECES), weight: 6 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 4 }), weight: 1 },
);

export const randomFile: Arbitrary<Uint8Array> = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 1 },
  { arbitrary: fc.array(piece, { maxLength: 40 }).map((pieces) => bytes(pieces.join(''))), weight: 4 },
);

const look = fc.record({
  flow: fc.boolean(),
  quoted: fc.boolean(),
  end: fc.constantFrom('\n', '\n', '\r\n'),
  mark: fc.constantFrom('', '', '\uFEFF'),
});

export const yamlFile: Arbitrary<Uint8Array> = fc
  .tuple(definitionValue, look)
  .map(([value, { flow, quoted, end, mark }]) => {
    const text = stringify(value, {
      collectionStyle: flow ? 'flow' : 'any',
      ...(quoted ? { defaultStringType: 'QUOTE_DOUBLE' as const, defaultKeyType: 'PLAIN' as const } : {}),
    });
    return bytes(mark + text.replaceAll('\n', end));
  });

/** The .env text of what container.yml says; undefined: .env files cannot say it. */
function envText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const items = value.map(envText);
    return items.some((item) => item === undefined) ? undefined : items.join(',');
  }
  // Without exponents, which nobody writes.
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(2);
  if (typeof value !== 'object' || value === null) return String(value);
  if ('host' in value || 'path' in value || 'command' in value) return undefined;
  const entries = Object.entries(value);
  // unit:x and tcp:80 of health, order=1 of startup
  return entries
    .map(([key, item]) =>
      key === 'http'
        ? envText(item)
        : `${key}${/^(?:unit|tcp|command)$/.test(key) ? ':' : '='}${String(envText(item))}`,
    )
    .join(',');
}

export const envFile: Arbitrary<Uint8Array> = fc
  .tuple(definitionValue, look, fc.constantFrom('', '"', "'"))
  .map(([value, { end, mark }, quote]) => {
    const lines = Object.entries(value).flatMap(([key, item]) => {
      const name = YAML_TO_ENV.get(key);
      const text = envText(item);
      return name === undefined || text === undefined || text === '' ? [] : [`${name}=${quote}${text}${quote}`];
    });
    return bytes(mark + lines.join(end) + end);
  });

interface Mutation {
  readonly kind: 'cut' | 'insert' | 'double' | 'byte' | 'end' | 'swap';
  /** Of the length. */
  readonly at: number;
  readonly length: number;
  readonly piece: string;
}

const mutation: Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('cut', 'insert', 'double', 'byte', 'end', 'swap'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 24 }),
  piece,
});

function mutate(file: Uint8Array, { kind, at, length, piece: inserted }: Mutation): Uint8Array {
  const start = Math.floor(at * file.length);
  const before = file.subarray(0, start);
  const part = file.subarray(start, start + length);
  const after = file.subarray(start + length);
  switch (kind) {
    case 'cut':
      return joined(before, after);
    case 'insert':
      return joined(before, bytes(inserted), part, after);
    case 'double':
      return joined(before, part, part, after);
    case 'byte':
      return joined(
        before,
        part.map((byte, index) => (index === 0 ? byte ^ (1 << (length % 8)) : byte)),
        after,
      );
    case 'end':
      return joined(before);
    case 'swap':
      return joined(before, after.subarray(0, length), part, after.subarray(length));
    default:
      return kind satisfies never;
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** `corpus`: definitions that people wrote. */
export function mutatedFile(sound: Arbitrary<Uint8Array>, corpus: readonly Uint8Array[]): Arbitrary<Uint8Array> {
  const base = corpus.length === 0 ? sound : fc.oneof({ arbitrary: sound, weight: 2 }, fc.constantFrom(...corpus));
  return fc
    .tuple(base, fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([file, mutations]) => mutations.reduce(mutate, file));
}

/** A base of one format with or without an overlay. `corpus`: definitions that people wrote, by name. */
export function filesOf(corpus: readonly (readonly [string, Uint8Array])[]): Arbitrary<Files> {
  const format = (base: string, overlay: string, sound: Arbitrary<Uint8Array>): Arbitrary<Files> => {
    const own = corpus.filter(([name]) => name === base).map(([, file]) => file);
    const file = fc.oneof(
      { arbitrary: sound, weight: 4 },
      { arbitrary: mutatedFile(sound, own), weight: 4 },
      { arbitrary: randomFile, weight: 2 },
    );
    return fc.oneof(
      { arbitrary: file.map((content) => ({ [base]: content })), weight: 4 },
      { arbitrary: fc.tuple(file, sound).map(([one, two]) => ({ [base]: one, [overlay]: two })), weight: 1 },
    );
  };
  return fc.oneof(
    { arbitrary: format('container.yml', 'container.develop.yml', yamlFile), weight: 3 },
    { arbitrary: format('config.env', 'config.develop.env', envFile), weight: 2 },
  );
}
