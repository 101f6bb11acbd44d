/** Why a value is not one that can be read without running it. */
export type Unreadable = 'computed' | 'array' | 'open quote' | 'command';

export type Word =
  | { readonly kind: 'plain'; readonly value: string; readonly end: number }
  | { readonly kind: Unreadable; readonly end: number };

/** What bash would replace: `$name`, `$(…)`, `` `…` ``. A `$` before anything else stands for itself. */
const EXPANSION = /^\$[A-Za-z_0-9({@*#?$!-]/;

/**
 * One word of bash from `start` on, unquoted; `end` is behind it. Only what bash takes literally is plain: nothing is
 * expanded, so that a file is data whatever stands in it.
 */
export function readWord(text: string, start: number): Word {
  let value = '';
  let at = start;
  let trouble: Unreadable | undefined;
  if (text[at] === '(') return { kind: 'array', end: at };
  if (text[at] === '~') trouble = 'computed';
  while (at < text.length) {
    const sign = text[at] ?? '';
    if (/[\s;]/.test(sign)) break;
    if (/[&|<>()]/.test(sign)) return { kind: 'command', end: at };
    if (sign === "'") {
      const close = text.indexOf("'", at + 1);
      if (close === -1) return { kind: 'open quote', end: text.length };
      value += text.slice(at + 1, close);
      at = close + 1;
    } else if (sign === '"') {
      const quoted = readDouble(text, at + 1);
      if (quoted.kind === 'open quote') return quoted;
      if (quoted.kind === 'plain') value += quoted.value;
      else trouble ??= quoted.kind;
      at = quoted.end;
    } else if (sign === '\\') {
      value += text[at + 1] === '\n' ? '' : (text[at + 1] ?? '');
      at += 2;
    } else if (sign === '`' || EXPANSION.test(text.slice(at, at + 2)) || /^\$['"]/.test(text.slice(at, at + 2))) {
      trouble ??= 'computed';
      at = behindExpansion(text, at);
    } else {
      value += sign;
      at += 1;
    }
  }
  return trouble === undefined ? { kind: 'plain', value, end: at } : { kind: trouble, end: at };
}

/** The rest of a word in double quotes. */
function readDouble(text: string, start: number): Word {
  let value = '';
  let computed = false;
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (sign === '"') {
      return computed ? { kind: 'computed', end: at + 1 } : { kind: 'plain', value, end: at + 1 };
    }
    if (sign === '\\' && /[$`"\\\n]/.test(text[at + 1] ?? '')) {
      at += 1;
      value += text[at] === '\n' ? '' : text[at];
    } else if (sign === '`' || EXPANSION.test(text.slice(at, at + 2))) {
      computed = true;
      at = behindExpansion(text, at) - 1;
    } else value += sign;
  }
  return { kind: 'open quote', end: text.length };
}

/** Behind `$(…)`, `${…}` or `` `…` ``, whose own quotes and blanks end no word. */
function behindExpansion(text: string, at: number): number {
  if (text[at] === '`') {
    const close = text.indexOf('`', at + 1);
    return close === -1 ? text.length : close + 1;
  }
  const open = text[at + 1] ?? '';
  const close = open === '(' ? ')' : open === '{' ? '}' : undefined;
  if (close === undefined) return at + 1;
  let depth = 0;
  for (let end = at + 1; end < text.length; end += 1) {
    if (text[end] === open) depth += 1;
    if (text[end] === close) depth -= 1;
    if (depth === 0) return end + 1;
  }
  return text.length;
}
