import { describe, expect, it } from 'vitest';
import { scanEnv } from '../../../src/definition/env.ts';

const value = (line: string): string | undefined => scanEnv('config.env', line).entries[0]?.text;

describe('a line of an .env file', () => {
  it.each([
    ['CORES=2', '2'],
    ['CORES=2   ', '2'],
    ['  CORES= 2', '2'],
    ['HOSTNAME="apache"', 'apache'],
    ["HOSTNAME='apache'  ", 'apache'],
    ['HEALTH=unit:a tcp:1', 'unit:a tcp:1'],
    ['HEALTH=http://:80/ contains="a b"', 'http://:80/ contains="a b"'],
    [`HEALTH='http://:80/ contains="# $5"'`, 'http://:80/ contains="# $5"'],
    ["X='$(touch x)'", '$(touch x)'],
    ['X="a # b"', 'a # b'],
    ['X=a=b=c', 'a=b=c'],
  ])('%s', (line, text) => {
    expect(scanEnv('config.env', line).problems).toEqual([]);
    expect(value(line)).toBe(text);
  });

  it.each([
    ['X=$(touch x)', 3, '$ is not evaluated here', 'write the value itself'],
    ['X=$HOME', 3, '$ is not evaluated here', 'single quotes'],
    ['X=`id`', 3, 'a backtick is not evaluated here', 'write the value itself'],
    ['CORES=2 # two', 7, '# would begin a comment', 'on its own line'],
    ['X=a#b', 3, '# would begin a comment', 'in quotes'],
    ['X=', 3, 'has no value', 'remove the line'],
    ['X=""', 3, 'has no value', 'remove the line'],
    ['X="a" # c', 3, 'text follows the closing quote', 'comments on lines of their own'],
    ["X='it''s'", 3, 'text follows the closing quote', 'quote the whole value once'],
    ['X="a', 3, 'the quote is not closed', 'on one line'],
    ['X="', 3, 'the quote is not closed', 'on one line'],
    ['X="a\\nb"', 3, 'a backslash', 'single quotes'],
    ['export X=1', 1, 'export has no meaning here', 'begin the line with X='],
    ['X = 1', 1, 'is not KEY=value', 'write X=value, without blanks'],
    ['X: 1', 1, 'is not KEY=value', 'write X=value'],
    ['garbage', 1, 'is not KEY=value', 'comments begin with #'],
    ['1X=1', 1, 'is not KEY=value', 'comments begin with #'],
    ['MY-KEY=1', 1, 'is not KEY=value', 'comments begin with #'],
    ['=1', 1, 'is not KEY=value', 'comments begin with #'],
    ['X=a\u0007b', 4, 'has a control character', 'remove it'],
    ['X=a\rY=b', 4, 'has a control character', 'remove it'],
  ])('%j is refused', (line, column, message, fix) => {
    const { entries, problems } = scanEnv('config.env', `# first\n${line}\n`);
    expect(entries).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ file: 'config.env', line: 2, column });
    expect(problems[0]?.message).toContain(message);
    expect(problems[0]?.fix).toContain(fix);
  });

  it('knows its place, also behind Windows line ends and blank lines', () => {
    const { entries, problems } = scanEnv('config.env', 'A=1\r\n\r\n  # c\r\n  B= 2\r\n');
    expect(problems).toEqual([]);
    expect(entries).toEqual([
      { key: 'A', text: '1', line: 1, column: 1, valueColumn: 3 },
      { key: 'B', text: '2', line: 4, column: 3, valueColumn: 6 },
    ]);
  });

  it('keeps the first of two equal keys and says where it is', () => {
    const { entries, problems } = scanEnv('config.env', 'A=1\nB=2\nA=3\n');
    expect(entries.map(({ text }) => text)).toEqual(['1', '2']);
    expect(problems).toEqual([
      {
        file: 'config.env',
        line: 3,
        column: 1,
        key: 'A',
        message: 'is there twice, first on line 1',
        fix: 'keep one of them',
      },
    ]);
  });

  it.each([
    ['the lines of its value', 'A="one\ntwo\nthree"\nB=2', ['B']],
    ['nothing when a key comes first', 'A="one\nB=2\nC="3"', ['B', 'C']],
    ['nothing when it never ends', 'A="one\n# c\nB=2', ['B']],
  ])('that opens a quote takes with it %s', (_, text, keys) => {
    const { entries, problems } = scanEnv('config.env', text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 1, key: 'A' });
    expect(entries.map(({ key }) => key)).toEqual(keys);
  });
});
