import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldNames, fields } from '../../../src/definition/fields.ts';
import { ProblemsError } from '../../../src/model/errors.ts';
import { read } from './read.ts';

/** Pieces that get further into the parsers than random bytes do. */
const KEYS = fieldNames.flatMap((name) => [fields[name].env ?? '', fields[name].yaml]);
const PIECES = [
  '=',
  ': ',
  '\n',
  '\r\n',
  ' ',
  '"',
  "'",
  '#',
  '$',
  '`',
  '\\',
  '- ',
  '[',
  ']',
  '{',
  '}',
  '&a ',
  '*a',
  '!t ',
  '---\n',
  '|\n',
  '\t',
  '\uFEFF',
  '42',
  'yes',
  'dhcp',
  '10.0.0.1/24',
  'local-lvm:8',
  'export ',
];
const piece = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.constantFrom(...PIECES),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const written = fc.array(piece, { maxLength: 40 }).map((pieces) => new TextEncoder().encode(pieces.join('')));
const anything = fc.oneof(
  { arbitrary: fc.uint8Array({ maxLength: 200 }), weight: 1 },
  { arbitrary: written, weight: 4 },
);

function linesOf(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1);
}

describe('no bytes crash the parsers', () => {
  it.each(['config.env', 'container.yml'])('%s', (name) => {
    let definitions = 0;
    const check = fc.property(anything, (bytes) => {
      try {
        expect(read({ [name]: bytes }).files).toEqual([name]);
        definitions += 1;
      } catch (error) {
        if (!(error instanceof ProblemsError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const { file, line, column } of error.problems) {
          expect(file).toBe(name);
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(linesOf(bytes));
          expect(column ?? 1).toBeGreaterThanOrEqual(1);
        }
      }
    });
    fc.assert(check, { numRuns: 2000 });
    // Both ends of the road are reached, so the property is about something.
    expect(definitions).toBeGreaterThan(0);
  });

  it('values of a known key end in a definition or in a problem of that line', () => {
    const line = fc.tuple(
      fc.constantFrom(...fieldNames.flatMap((name) => fields[name].env ?? [])),
      fc.string({ unit: 'grapheme' }),
    );
    const check = fc.property(line, ([key, text]) => {
      try {
        expect(Object.keys(read({ 'config.env': `# one\n${key}=${text}` }))).toHaveLength(4);
      } catch (error) {
        if (!(error instanceof ProblemsError)) throw error;
        expect(error.problems[0]?.line).toBeGreaterThanOrEqual(2);
      }
    });
    fc.assert(check, { numRuns: 2000 });
  });
});
