import { readWord, type Unreadable } from './shell-words.ts';

/** `NAME=value` of a bash file, as bash would take it. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** Something else that stands in it, which only bash could run. */
export type OtherCode =
  | {
      readonly kind: 'function';
      readonly name: string;
      readonly line: number;
      readonly last: number;
      readonly body: string;
    }
  /** An assignment whose value is computed. */
  | { readonly kind: 'value'; readonly name: string; readonly line: number; readonly why: Unreadable }
  | { readonly kind: 'code'; readonly line: number; readonly last: number; readonly text: string };

export interface ReadAssignments {
  /** In their order; a later one of a name wins. */
  readonly assignments: readonly Assignment[];
  readonly others: readonly OtherCode[];
}

const FUNCTION = /(?:function[ \t]+([\w:.-]+)[ \t]*(?:\([ \t]*\))?|([\w:.-]+)[ \t]*\([ \t]*\))\s*\{/y;
const DECLARED = /(?:(?:export|readonly|declare|typeset)(?:[ \t]+-[xrgu]+)*[ \t]+)?/y;
const NAME = /([A-Za-z_]\w*)(\+?)=/y;

/**
 * The simple assignments of a bash file such as `configSettings`, and everything else with its line. The file is never run;
 * what stands within a function or a block (`if … fi`) is no simple assignment, since bash might not take it.
 */
export function readAssignments(text: string): ReadAssignments {
  const assignments: Assignment[] = [];
  const others: OtherCode[] = [];
  const lines = linesOf(text);
  let at = 0;
  while (at < text.length) {
    at = behind(/[\s;]*/y, text, at);
    if (at >= text.length) break;
    const line = lines(at);
    if (text[at] === '#') {
      at = endOfLine(text, at);
      continue;
    }
    FUNCTION.lastIndex = at;
    const header = FUNCTION.exec(text);
    if (header !== null) {
      const end = endOfBlock(text, at);
      const body = text.slice(at, end);
      others.push({ kind: 'function', name: header[1] ?? header[2] ?? '', line, last: lastLine(line, body), body });
      at = end;
      continue;
    }
    const found = assignmentsAt(text, at);
    if (found === undefined) {
      const end = endOfBlock(text, at);
      const code = text.slice(at, end);
      others.push({ kind: 'code', line, last: lastLine(line, code), text: (code.split('\n')[0] ?? '').trim() });
      at = end;
    } else {
      for (const { name, value, offset } of found.values) assignments.push({ name, value, line: lines(offset) });
      for (const { name, why, offset } of found.unreadable)
        others.push({ kind: 'value', name, line: lines(offset), why });
      at = found.end;
    }
  }
  return { assignments, others };
}

interface Found {
  readonly values: { readonly name: string; readonly value: string; readonly offset: number }[];
  readonly unreadable: { readonly name: string; readonly why: Unreadable; readonly offset: number }[];
  readonly end: number;
}

/** One or several assignments up to the end of their command; undefined: it is something else, such as `A=1 command`. */
function assignmentsAt(text: string, start: number): Found | undefined {
  const found: Found = { values: [], unreadable: [], end: start };
  let at = behind(DECLARED, text, start);
  for (;;) {
    NAME.lastIndex = at;
    const match = NAME.exec(text);
    if (match === null) return undefined;
    const [{ length }, name = '', adds] = match;
    const word = readWord(text, at + length);
    if (word.kind === 'command') return undefined;
    const why = adds === '+' && word.kind === 'plain' ? 'computed' : word.kind;
    if (why === 'array') {
      const close = text.indexOf(')', word.end);
      found.unreadable.push({ name, why, offset: at });
      return { ...found, end: close === -1 ? text.length : close + 1 };
    }
    if (why === 'plain' && word.kind === 'plain') found.values.push({ name, value: word.value, offset: at });
    else if (why !== 'plain') found.unreadable.push({ name, why, offset: at });
    at = behind(/(?:[ \t]|\\\n)*/y, text, word.end);
    if (at >= text.length || /[\n\r;]/.test(text[at] ?? '')) return { ...found, end: at };
    if (text[at] === '#') return { ...found, end: endOfLine(text, at) };
  }
}

/** What opens a block → what closes it. */
const BLOCKS: Readonly<Record<string, string>> = {
  if: 'fi',
  for: 'done',
  while: 'done',
  until: 'done',
  select: 'done',
  case: 'esac',
  '{': '}',
  '(': ')',
};
/** After these a command begins, so that a keyword is one. */
const BEGINS = new Set(['', '\n', ';', '&', '|', '{', '(', ')', 'then', 'do', 'else', 'elif', '!']);
const TOKENS = [
  "'[^']*'",
  '"(?:\\\\[\\s\\S]|[^"\\\\])*"',
  '\\$\\{(?:\\\\[\\s\\S]|[^}\\\\])*\\}',
  '\\\\[\\s\\S]',
  '(?<=^|[\\s;])#[^\\n]*',
  '<<-?[ \\t]*([\'"]?)(\\w+)\\1',
  '[\\n;&|(){}!]',
  '[^\\s;&|(){}!\'"\\\\]+',
  '[ \\t\\r]+',
  '[\\s\\S]',
].join('|');

/** Behind a command that began at `start`, with all that its blocks hold; at least behind its line. */
function endOfBlock(text: string, start: number): number {
  const tokens = new RegExp(TOKENS, 'y');
  const open: string[] = [];
  let before = '';
  let here: string | undefined;
  for (let at = start; at < text.length; ) {
    tokens.lastIndex = at;
    const match = tokens.exec(text);
    const token = match?.[0] ?? text[at] ?? '';
    at += token.length;
    if (match?.[2] !== undefined) here = match[2];
    if (/^[ \t\r]+$/.test(token)) continue;
    if (token === '\n' && here !== undefined) {
      const close = new RegExp(`^[ \\t]*${here}[ \\t]*$`, 'm').exec(text.slice(at));
      at = close === null ? text.length : at + close.index + close[0].length;
      here = undefined;
    }
    const isSign = /^[(){}]$/.test(token);
    const closer = Object.hasOwn(BLOCKS, token) ? BLOCKS[token] : undefined;
    // A closing sign of something else, as after a pattern of case, closes nothing.
    if (token === open.at(-1) && (isSign || BEGINS.has(before))) open.pop();
    else if (closer !== undefined && (isSign || BEGINS.has(before))) open.push(closer);
    if (token === '\n' && open.length === 0) return at;
    before = token;
  }
  return text.length;
}

const lastLine = (first: number, code: string): number => first + code.trimEnd().split('\n').length - 1;

function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(text)?.[0].length ?? 0);
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Offset → line, for offsets that only grow. */
function linesOf(text: string): (offset: number) => number {
  let line = 1;
  let seen = 0;
  return (offset) => {
    for (; seen < offset; seen += 1) if (text[seen] === '\n') line += 1;
    return line;
  };
}
