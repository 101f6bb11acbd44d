import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { readAssignments } from '../../../src/configure/assignments.ts';

const values = (text: string) => readAssignments(text).assignments.map(({ name, value, line }) => [name, value, line]);
const others = (text: string) => readAssignments(text).others;

describe('simple assignments', () => {
  it.each([
    ['CORES=2', [['CORES', '2', 1]]],
    ['  RAM=512 # MiB', [['RAM', '512', 1]]],
    [`APP='Pi-hole $HOME'`, [['APP', 'Pi-hole $HOME', 1]]],
    ['APP="a \\"b\\" \\$c \\d"', [['APP', 'a "b" $c \\d', 1]]],
    [`X=a'b c'"d"\\ e`, [['X', 'ab cd e', 1]]],
    [
      'export A=1 B=2; C=3',
      [
        ['A', '1', 1],
        ['B', '2', 1],
        ['C', '3', 1],
      ],
    ],
    ['declare -x D=4', [['D', '4', 1]]],
    [
      'EMPTY=\nNEXT=1',
      [
        ['EMPTY', '', 1],
        ['NEXT', '1', 2],
      ],
    ],
    [
      "TWO='a\nb'\nLAST=x",
      [
        ['TWO', 'a\nb', 1],
        ['LAST', 'x', 3],
      ],
    ],
    ['COLOUR=#fff', [['COLOUR', '#fff', 1]]],
    ['PRICE=5$', [['PRICE', '5$', 1]]],
    [
      'CRLF=1\r\nB=2\r\n',
      [
        ['CRLF', '1', 1],
        ['B', '2', 2],
      ],
    ],
  ])('%j', (text, expected) => {
    expect(values(text)).toEqual(expected);
    expect(others(text)).toEqual([]);
  });

  it('means by them what bash means', () => {
    const text = `A=1 B="x \\"y\\" \\\\ z"\nexport C='it'"'"'s' # said\nD=a\\ b;E=\nF="two\nlines"\nG=#x\nH=~x"~"\n`;
    const read = Object.fromEntries(readAssignments(text).assignments.map(({ name, value }) => [name, value]));
    const script = `${text}for name in A B C D E F G; do printf '%s=%s\\0' "$name" "\${!name}"; done`;
    const bash = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
    expect(
      Object.entries(read)
        .map(([name, value]) => `${name}=${value}\0`)
        .join(''),
    ).toBe(bash);
    expect(others(text)).toEqual([{ kind: 'value', name: 'H', line: 7, why: 'computed' }]);
  });
});

describe('everything else is reported, and nothing of it is taken', () => {
  it.each([
    ['CTID=$(pvesh get /cluster/nextid)', 'value'],
    ['HOST="$NAME.home"', 'value'],
    ['HOST=`hostname`', 'value'],
    ['DIR=~/data', 'value'],
    ['PATH+=:/opt', 'value'],
    ['LIST=(a b\n c)', 'value'],
    ["OPEN='never ends\nCORES=2", 'value'],
    ['A=1 touch /tmp/pwned', 'code'],
    ['A=1 && touch /tmp/pwned', 'code'],
    ['[[ -f x ]] && CORES=4', 'code'],
    ['. ./other', 'code'],
    ['if true; then\n  CORES=4\nfi', 'code'],
    ['case $x in\n a) CORES=1 ;;\n b) CORES=2 ;;\nesac', 'code'],
    ['for x in a b; do\n  A=$x\n  B=1\ndone', 'code'],
    ['cat <<END\nCORES=9\nEND', 'code'],
    ['declare -a LIST=1', 'code'],
  ])('%j', (text, kind) => {
    expect(values(text)).toEqual([]);
    expect(others(text).map((other) => other.kind)).toEqual([kind]);
  });

  it('functions are one thing with a name, whatever they hold', () => {
    const text = `CORES=2
function HOOK_mapping {
  # } is no end here
  echo "}" 'and {' \${x:-\\}}
  if true; then RAM=9; fi
  cat <<'END'
}
END
}
HOOK_usb() {
  pct set $CTID --dev0 /dev/ttyUSB0
}
RAM=256
`;
    expect(values(text)).toEqual([
      ['CORES', '2', 1],
      ['RAM', '256', 13],
    ]);
    expect(others(text)).toMatchObject([
      { kind: 'function', name: 'HOOK_mapping', line: 2, last: 9 },
      { kind: 'function', name: 'HOOK_usb', line: 10, last: 12 },
    ]);
  });

  it('keeps lines and goes on after a block', () => {
    expect(values('if a; then\n X=1\nfi\nY=2\n')).toEqual([['Y', '2', 4]]);
    expect(others('if a; then\n X=1\nfi\nY=2\n')).toMatchObject([
      { kind: 'code', line: 1, last: 3, text: 'if a; then' },
    ]);
  });

  it('ends whatever it is given', () => {
    for (const text of ['f() {', '"', '$((', 'x=${', '<<', '(((', 'case x in a) {', "'", '\\', 'A=\\', 'a=`']) {
      expect(() => readAssignments(text)).not.toThrow();
    }
  });
});
