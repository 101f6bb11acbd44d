import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { fieldNames, fields } from '../../../src/definition/fields.ts';
import { definitionSchema } from '../../../src/definition/json-schema.ts';
import { ProblemsError } from '../../../src/model/errors.ts';
import { corpus } from '../../fuzz/corpus.ts';
import { filesOf, randomFile, yamlFile } from '../../fuzz/files.ts';
import { judge, SITES } from '../../fuzz/judge.ts';
import { read } from './read.ts';

/** Milliseconds; a machine that does much else is slow. */
const SLOW = 60_000;

/** The short version of `npm run fuzz`. What `judge` throws is a crash, a problem without a place, or a Desired that is lost on its way. */
describe('no bytes crash the parsers, resolve or the JSON between actions', () => {
  it.each(['config.env', 'container.yml'])(
    'random ones as %s',
    (name) => {
      const ends = new Set<string>();
      const check = fc.property(randomFile, (bytes) => {
        ends.add(judge({ [name]: bytes }, [], SITES[0] ?? expect.fail()).kind);
      });
      fc.assert(check, { numRuns: 1000 });
      // Both ends of the road are reached, so the property is about something.
      expect([...ends]).toEqual(expect.arrayContaining(['valid', 'refused']));
    },
    SLOW,
  );

  it(
    'structured ones, sound and mutated, with overlays, on sites that differ',
    () => {
      const ends = { valid: 0, parser: 0, resolve: 0 };
      const names = ['configure.sh', 'playbook.yml'];
      const check = fc.property(filesOf(corpus()), fc.constantFrom(...SITES), (files, site) => {
        const verdict = judge(files, names, site);
        if (verdict.kind === 'valid') ends.valid += 1;
        else if (verdict.kind === 'refused') ends[verdict.by] += 1;
      });
      fc.assert(check, { numRuns: 1000 });
      expect(ends.valid).toBeGreaterThan(100);
      expect(ends.parser).toBeGreaterThan(100);
      expect(ends.resolve).toBeGreaterThan(5);
    },
    SLOW,
  );

  it(
    'what the parser takes the published schema takes too',
    () => {
      const { allOf: _, $id: __, ...schema } = definitionSchema();
      const reader = z.fromJSONSchema(schema as never);
      let taken = 0;
      const check = fc.property(yamlFile, (bytes) => {
        if (judge({ 'container.yml': bytes }, ['configure.sh'], SITES[0] ?? expect.fail()).kind !== 'valid') return;
        taken += 1;
        expect(reader.safeParse(parse(new TextDecoder().decode(bytes)) ?? {}).error).toBeUndefined();
      });
      fc.assert(check, { numRuns: 300 });
      expect(taken).toBeGreaterThan(30);
    },
    SLOW,
  );
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

/** What the fuzzer found, as small as it made it. */
describe('once went wrong', () => {
  it.each([
    ['a key that is a map, of which the process warns', 'container.yml', 'volumes: {{a: 1}: x}'],
    [
      'a place behind the end of its line',
      'container.yml',
      ' hostname: "a",\n  cpu_limit: 9,\n  depends: [ "a" ]\n}\n',
    ],
  ])('%s', (_, name, text) => {
    expect(judge({ [name]: new TextEncoder().encode(text) }, [], SITES[0] ?? expect.fail()).kind).toBe('refused');
  });
});
