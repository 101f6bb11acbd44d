import { parse } from 'dotenv';
import type { Problem } from '../model/errors.ts';

/** A key with its text as written in an .env file. Columns are those of the key and of the value. */
export interface EnvEntry {
  readonly key: string;
  readonly text: string;
  readonly line: number;
  readonly column: number;
  readonly valueColumn: number;
}

export interface ScannedEnv {
  readonly entries: readonly EnvEntry[];
  readonly problems: readonly Problem[];
}

const ASSIGNMENT = /^(\s*)([A-Za-z_][A-Za-z0-9_]*)=(\s*)(.*?)\s*$/;

/**
 * Scans line by line, because dotenv gives no lines, drops what it cannot read and lets the last of two keys win; only the
 * value of one sound line goes to its parser. Nothing is expanded or run.
 */
export function scanEnv(file: string, text: string): ScannedEnv {
  const entries = new Map<string, EnvEntry>();
  const problems: Problem[] = [];
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const content = lines[index] ?? '';
    const line = index + 1;
    if (/^\s*(?:#|$)/.test(content)) continue;
    const control = content.search(/[^\P{Cc}\t]/u);
    const match = ASSIGNMENT.exec(content);
    if (control !== -1) {
      problems.push({ file, line, column: control + 1, message: 'has a control character', fix: 'remove it' });
      continue;
    }
    if (match === null) {
      problems.push({ file, line, column: 1, ...notAssignment(content) });
      continue;
    }
    const [, indent = '', key = '', blanks = '', raw = ''] = match;
    const column = indent.length + 1;
    const valueColumn = column + key.length + 1 + blanks.length;
    const trouble = wrongValue(raw);
    const first = entries.get(key);
    if (first !== undefined) {
      const message = `is there twice, first on line ${first.line}`;
      problems.push({ file, line, column, key, message, fix: 'keep one of them' });
    } else if (trouble !== undefined) {
      problems.push({ file, line, column: valueColumn, key, message: trouble.message, fix: trouble.fix });
      if (trouble.open !== undefined) index = endOfOpenValue(lines, index, trouble.open);
    } else {
      entries.set(key, { key, text: parse(`${key}=${raw}`)[key] ?? '', line, column, valueColumn });
    }
  }
  return { entries: [...entries.values()], problems };
}

type Trouble = { readonly message: string; readonly fix: string; readonly open?: string };

function notAssignment(content: string): { readonly message: string; readonly fix: string; readonly key?: string } {
  const exported = /^\s*export\s+([A-Za-z_]\w*)\b/.exec(content)?.[1];
  if (exported !== undefined) {
    return { key: exported, message: 'export has no meaning here', fix: `begin the line with ${exported}=` };
  }
  const spaced = /^\s*([A-Za-z_]\w*)\s*(?:=|:)/.exec(content)?.[1];
  if (spaced !== undefined)
    return { key: spaced, message: 'is not KEY=value', fix: `write ${spaced}=value, without blanks` };
  return { message: 'is not KEY=value', fix: 'comments begin with #' };
}

function wrongValue(raw: string): Trouble | undefined {
  const quote = /^["']/.exec(raw)?.[0];
  if (quote === undefined) return wrongBare(raw);
  const end = raw.indexOf(quote, 1);
  if (end === -1) {
    return { message: 'the quote is not closed on its line', fix: 'write the value on one line', open: quote };
  }
  if (end < raw.length - 1) {
    const message = 'text follows the closing quote';
    return { message, fix: 'quote the whole value once, and put comments on lines of their own' };
  }
  if (raw.length === 2) return { message: 'has no value', fix: 'remove the line to get the default' };
  const backslash = quote === '"' && raw.includes('\\');
  return backslash ? { message: 'a backslash means nothing here', fix: 'use single quotes' } : undefined;
}

function wrongBare(raw: string): Trouble | undefined {
  if (raw === '') return { message: 'has no value', fix: 'remove the line to get the default' };
  if (/[$`]/.test(raw)) {
    const message = `${raw.includes('$') ? '$' : 'a backtick'} is not evaluated here`;
    return { message, fix: 'write the value itself, in single quotes when the sign belongs to it' };
  }
  if (raw.includes('#')) {
    const message = '# would begin a comment';
    return { message, fix: 'put the comment on its own line, or the value in quotes' };
  }
  return undefined;
}

/** Lines that belong to an unclosed quote are skipped, up to its end or the next key: one problem is enough for them. */
function endOfOpenValue(lines: readonly string[], start: number, quote: string): number {
  for (let index = start + 1; index < lines.length; index += 1) {
    const content = lines[index] ?? '';
    if (ASSIGNMENT.test(content)) return start;
    if (content.includes(quote)) return index;
  }
  return start;
}
