import fc from 'fast-check';
import { corpus } from './corpus.ts';
import { type Files, filesOf } from './files.ts';
import { judge, SITES } from './judge.ts';

/**
 * `npm run fuzz -- [COUNT] [SEED]`: random definitions through the parsers, resolve and the JSON between actions. Ends with 1 at the
 * first that crashes, as small as it can be made.
 */

const COUNT = 100_000;
const [count = COUNT, seed = Date.now() % 2 ** 31] = process.argv.slice(2).map(Number);
if (![count, seed].every((number) => Number.isSafeInteger(number) && number >= 0)) {
  console.error('Unable to fuzz: expected a count and a seed as whole numbers');
  process.exit(3);
}

const figures = { tried: 0, valid: 0, keys: 0, parser: 0, resolve: 0, tooLong: 0, problems: 0, slowest: 0 };
const NAMES = ['configure.sh', 'playbook.yml', 'recipes', 'recipes/default.rb'];

function show(files: Files): string {
  return Object.entries(files)
    .map(
      ([name, content]) =>
        `${name}: ${JSON.stringify(new TextDecoder().decode(content))}\n  ${Buffer.from(content).toString('hex')}`,
    )
    .join('\n');
}

const property = fc.property(
  filesOf(corpus()),
  fc.constantFrom(...SITES),
  fc.subarray(NAMES),
  (files, settings, names) => {
    const began = performance.now();
    const verdict = judge(files, names, settings);
    figures.slowest = Math.max(figures.slowest, performance.now() - began);
    figures.tried += 1;
    if (verdict.kind === 'valid') {
      figures.valid += 1;
      figures.keys += verdict.keys;
    } else if (verdict.kind === 'too-long') figures.tooLong += 1;
    else {
      figures[verdict.by] += 1;
      figures.problems += verdict.problems.length;
    }
  },
);

const began = performance.now();
const result = fc.check(property, { numRuns: count, seed });
const seconds = (performance.now() - began) / 1000;
const refused = figures.parser + figures.resolve + figures.tooLong;
console.log(`tried     ${figures.tried}`);
console.log(`valid     ${figures.valid}, with ${(figures.keys / Math.max(1, figures.valid)).toFixed(1)} keys each`);
console.log(
  `refused   ${refused}: ${figures.parser} by the parsers, ${figures.resolve} by resolve, ${figures.tooLong} too long`,
);
console.log(`problems  ${figures.problems}, each with its file and a line in it`);
console.log(`crashes   ${result.failed ? 1 : 0}`);
console.log(`time      ${seconds.toFixed(0)} s, the slowest ${figures.slowest.toFixed(0)} ms`);
console.log(`seed      ${seed}`);
if (result.failed) {
  console.error(result.errorInstance ?? 'interrupted');
  if (result.counterexample !== null) console.error(show(result.counterexample[0]), result.counterexample[2]);
  process.exitCode = 1;
}
