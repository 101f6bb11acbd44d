import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/report/exit-code.ts';
import { settingNames, settingRows } from '../../src/settings/table.ts';

/** What the pages say can be typed: every command, option, script, exit code and link of theirs exists. */

const ROOT = resolve(import.meta.dirname, '..', '..');
const MAIN = join(ROOT, 'build', 'local', 'cli', 'main.js');

function pagesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((page) => !page.includes('node_modules') && !page.includes('/dist/'));
}

const PAGES = ['README.md', 'CONTRIBUTING.md', ...['docs', 'libs', 'actions'].flatMap(pagesBelow)];

interface Fragment {
  readonly place: string;
  readonly text: string;
}

/** Code of a page: lines of its blocks, and what stands between backticks. */
function codeOf(page: string): Fragment[] {
  const found: Fragment[] = [];
  let block = false;
  for (const [index, line] of readFileSync(join(ROOT, page), 'utf8').split('\n').entries()) {
    const place = `${page}:${index + 1}`;
    if (line.trimStart().startsWith('```')) block = !block;
    else if (block) found.push({ place, text: line });
    else for (const [, text = ''] of line.matchAll(/`([^`]+)`/g)) found.push({ place, text });
  }
  return found;
}

const CODE = PAGES.flatMap(codeOf);

interface Typed {
  readonly place: string;
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** `pve-gitops …` up to what ends a command: a comment, a pipe, another command. */
const COMMANDS: readonly Typed[] = CODE.flatMap(({ place, text }) =>
  [...text.matchAll(/(?<![\w/.-])pve-gitops((?: +[^\s|&;#()…]+)+)/g)].map(([, rest = '']) => {
    const all = rest.trim().split(/ +/);
    const first = all.findIndex((word) => !/^[a-z][a-z-]*$/.test(word));
    return {
      place,
      words: first === -1 ? all : all.slice(0, first),
      options: all.filter((word) => /^--[a-z]/.test(word)).map((word) => word.replace(/[=,.].*$/, '')),
    };
  }),
);

function help(words: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(process.execPath, [MAIN, ...words, '--help'], (error, stdout, stderr) =>
      error === null ? done(stdout) : fail(new Error(`${words.join(' ')}: ${stderr}`)),
    );
  });
}

const asked = new Map<string, Promise<string>>();
function helpOf(words: readonly string[]): Promise<string> {
  const key = words.join(' ');
  const known = asked.get(key) ?? help(words);
  asked.set(key, known);
  return known;
}

/** Commands as a help page lists them. */
const subcommandsOf = (page: string): readonly string[] =>
  [...(page.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)\b/gm)].map(([, name = '']) => name);
const optionsOf = (page: string): readonly string[] => page.match(/--[a-z][a-z-]*/g) ?? [];

/** Options that every command takes and no help page lists. */
const SETTINGS = settingNames.map((name) => settingRows[name]).filter((row) => !row.secret);

/** The words that are a command, and its options; undefined: there is none of that name. */
async function commandOf(words: readonly string[]): Promise<readonly string[] | undefined> {
  const [first = '', second] = words;
  if (!subcommandsOf(await helpOf([])).includes(first)) return undefined;
  const page = await helpOf([first]);
  const below = subcommandsOf(page).filter((name) => name !== 'help');
  if (below.length === 0) return [...optionsOf(page), ...SETTINGS.map(({ input }) => `--${input}`)];
  if (second === undefined) return optionsOf(page);
  return below.includes(second) ? optionsOf(await helpOf([first, second])) : undefined;
}

describe('what pages say can be typed', () => {
  it('is found at all', () => {
    expect(PAGES.length).toBeGreaterThan(12);
    expect(COMMANDS.length).toBeGreaterThan(15);
    expect(new Set(COMMANDS.map(({ words }) => words[0])).size).toBeGreaterThan(6);
  });

  it('every command and its options exist', async () => {
    const wrong: string[] = [];
    for (const { place, words, options } of COMMANDS) {
      if (words.length === 0) continue;
      const known = await commandOf(words);
      const command = `pve-gitops ${words.join(' ')}`;
      if (known === undefined) wrong.push(`${place}: ${command}`);
      else wrong.push(...options.filter((option) => !known.includes(option)).map((o) => `${place}: ${command} ${o}`));
    }
    expect(wrong).toEqual([]);
  });

  it('every option that stands alone is one of some command', async () => {
    const names = subcommandsOf(await helpOf([]));
    const pages = await Promise.all(names.filter((name) => name !== 'help').map((name) => helpOf([name])));
    const node = await Promise.all(['start', 'stop', 'status', 'reset'].map((name) => helpOf(['node', name])));
    const secret = await Promise.all(['set', 'rotate'].map((name) => helpOf(['secret', name])));
    const known = new Set([
      ...[...pages, ...node, ...secret].flatMap(optionsOf),
      ...SETTINGS.map(({ input }) => `--${input}`),
    ]);
    const alone = CODE.filter(({ text }) => /^--[a-z][a-z-]*(?: |$|=)/.test(text));
    expect(alone.length).toBeGreaterThan(5);
    const wrong = alone.filter(({ text }) => !known.has(/^--[a-z-]+/.exec(text)?.[0] ?? ''));
    expect(wrong).toEqual([]);
  });

  it('every command of the help page works as one', async () => {
    const names = subcommandsOf(await helpOf([])).filter((name) => name !== 'help');
    expect(names).toContain('deploy');
    for (const name of names) expect(await helpOf([name])).toContain(`Usage: pve-gitops ${name}`);
  });

  it('every command that an error or a note of the program names exists', async () => {
    const named = ['src', 'local/cli', 'actions'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('/dist'))
        .flatMap((entry) => {
          const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
          // Followed by an argument: in prose the program's name is followed by other words.
          const said = text.matchAll(/pve-gitops ([a-z]+(?: [a-z]+)?)(?: (--[a-z-]+))?(?= (?:DIR|<|\$\{|--)|['`"])/g);
          return [...said].map(([, words = '', option]) => ({ file: entry.name, words: words.split(' '), option }));
        }),
    );
    expect(named.length).toBeGreaterThan(5);
    const wrong: unknown[] = [];
    for (const entry of named) {
      const known = await commandOf(entry.words);
      if (known === undefined || (entry.option !== undefined && !known.includes(entry.option))) wrong.push(entry);
    }
    expect(wrong).toEqual([]);
  });

  it('every script of npm exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = CODE.flatMap(({ place, text }) =>
      [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => ({ place, name })),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter(({ name }) => scripts[name] === undefined)).toEqual([]);
  });
});

describe('exit codes', () => {
  const codes = Object.values(EXIT).toSorted((a, b) => a - b);

  it('docs/exit-codes.md says all of them, and no other', () => {
    const rows = readFileSync(join(ROOT, 'docs', 'exit-codes.md'), 'utf8').matchAll(/^\| (\d+) \|/gm);
    expect([...rows].map(([, code]) => Number(code))).toEqual(codes);
  });

  it('the help page says all of them', async () => {
    const said = (await helpOf([])).split('Exit codes:')[1] ?? '';
    expect([...said.matchAll(/(\d) /g)].map(([, code]) => Number(code))).toEqual(codes);
  });

  it('a page names no other', () => {
    const wrong = PAGES.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const said = text.matchAll(/\bexit(?:s with| codes?)?:? `?(\d+)\b|\b(?:ends?|ended) with (?:code )?`?(\d+)\b/gi);
      return [...said]
        .map(([whole, a, b]) => ({ page, whole, code: Number(a ?? b) }))
        .filter(({ code }) => !codes.some((known) => known === code));
    });
    expect(wrong).toEqual([]);
  });
});

describe('links', () => {
  it('lead to files that are there', () => {
    const wrong = PAGES.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
      return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, to = '']) => to.replace(/#.*$/, ''))
        .filter((to) => to !== '' && !/^[a-z]+:/.test(to))
        .filter((to) => !existsSync(join(ROOT, dirname(page), to)))
        .map((to) => `${page}: ${to}`);
    });
    expect(wrong).toEqual([]);
  });
});
