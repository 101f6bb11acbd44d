import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteForShell } from '../../../../src/adapters/ssh/quote-for-shell.ts';

/** NUL cannot be in an argument; everything else can, bytes that are not UTF-8 aside. */
const WORD = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~= \t\n\r-'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((word) => !word.includes('\0'));

describe('quoteForShell', () => {
  it('gives the shell exactly these words, whatever is in them', () => {
    fc.assert(
      fc.property(fc.array(WORD, { minLength: 1, maxLength: 8 }), (words) => {
        // printf repeats its format for each word: every word comes back with an end that no word can contain.
        const line = `printf '%s\\0' ${quoteForShell(words)}`;
        const { stdout, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
        expect(stderr).toBe('');
        expect(stdout.split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 150 },
    );
  });

  it('survives being quoted twice, as a shell in a shell needs it', () => {
    const words = ["it's", '$(touch /tmp/no)', '`x`', '', '-n', 'a\nb'];
    const inner = `printf '%s\\0' ${quoteForShell(words)}`;
    const { stdout } = spawnSync('sh', ['-c', `exec ${quoteForShell(['sh', '-c', inner])}`], { encoding: 'utf8' });
    expect(stdout.split('\0').slice(0, -1)).toEqual(words);
  });

  it('refuses what no command line can carry', () => {
    expect(() => quoteForShell([])).toThrow('it has no words');
    expect(() => quoteForShell(['a', 'b\0c'])).toThrow('NUL');
    expect(() => quoteForShell(['a', 'x'.repeat(100_000)])).toThrow('longer than');
  });
});
