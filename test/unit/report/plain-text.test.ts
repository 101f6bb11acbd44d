import { describe, expect, it } from 'vitest';
import { plainLine, plainLines } from '../../../src/report/plain-text.ts';

const ESC = '\u001b';

describe('a line that a script wrote', () => {
  it.each([
    ['Setting up curl (8.1) …', 'Setting up curl (8.1) …'],
    [`${ESC}[1;32mok${ESC}[0m done`, 'ok done'],
    [`${ESC}[2K${ESC}[1Gclean`, 'clean'],
    [`${ESC}]0;title\u0007shown`, 'shown'],
    [`${ESC}]8;;https://x${ESC}\\link${ESC}]8;;${ESC}\\`, 'link'],
    [`${ESC}(B${ESC}=text`, 'text'],
    ['10%\r50%\r100%', '100%'],
    ['100%\r', '100%'],
    ['a\tb', 'a b'],
    ['a\u0000\u0008\u009bb', 'ab'],
    ['safe\u202edetrevni\u202c', 'safedetrevni'],
    ['one\r\ntwo\n\n', 'one · two'],
    ['  indented', '  indented'],
    ['', ''],
  ])('%j becomes %j', (text, plain) => {
    expect(plainLine(text)).toBe(plain);
  });
});

describe('a message of several lines', () => {
  it('keeps its lines and their indents', () => {
    expect(plainLines('a:\n  config.env:1: b\n\nc')).toEqual(['a:', '  config.env:1: b', '', 'c']);
  });

  it.each(['::add-mask::x', '  ::stop-commands::x', '##[group]x', '\u001b[0m::warning::x', '\r::debug::x'])(
    'gives the runner no command: %j',
    (line) => {
      for (const shown of plainLines(`first\n${line}`)) expect(shown).not.toMatch(/^\s*(?:::|##\[)/);
      expect(plainLines(line)[0]).toContain('│ ');
    },
  );
});
