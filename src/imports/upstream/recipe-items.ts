import type { Item } from '../directory/hooks.ts';

const MODULES = ['Env', 'Common', 'Default', 'Utils', 'Logs', 'Ctx'];
const CALL = /\b([A-Z]\w*)(?:\.|::)([A-Za-z_]\w*[!?]?)/g;
/** Modules that are theirs and have no counterpart. */
const GONE = new Set(['Clients', 'Constants']);

/** Names of the functions that each of our modules offers to recipes, from the texts of our own cookbook. */
export function offeredCalls(cookbook: Readonly<Record<string, string>>): ReadonlyMap<string, ReadonlySet<string>> {
  const offered = new Map<string, Set<string>>(MODULES.map((name) => [name, new Set()]));
  for (const text of Object.values(cookbook)) {
    let current: Set<string> | undefined;
    for (const line of text.split('\n')) {
      const opened = /^module (\w+)/.exec(line)?.[1];
      if (opened !== undefined) current = offered.get(opened);
      const name = /^\s+(?:def (?:self\.)?|alias )([A-Za-z_]\w*[!?]?)/.exec(line)?.[1];
      if (name !== undefined) current?.add(name);
    }
  }
  return offered;
}

const RELIES: readonly (readonly [RegExp, string])[] = [
  [
    /\binclude_(?:attribute|recipe)\s*\(?\s*['"]config\b/,
    'takes from the cookbook config, which is not there: write the values here',
  ],
  [/\/share\/\.keys\b/, 'reads private keys below /share: there are none, logins are by certificates of some minutes'],
  [/VERIFY_NONE|verify_mode|StrictHostKeyChecking/, 'switches verification off: give it the CA instead'],
];

/** What a recipe or attribute file relies on, and our cookbook does not offer. */
export function recipeItems(
  path: string,
  text: string,
  offered: ReadonlyMap<string, ReadonlySet<string>>,
): readonly Item[] {
  return text.split('\n').flatMap((line, index): Item[] => {
    const code = line.replace(/(^|\s)#.*$/, '');
    const place = `${path}:${index + 1}`;
    const calls = [...code.matchAll(CALL)].flatMap(([call, module = '', name = '']): Item[] => {
      if (GONE.has(module)) return [{ place, text: `${call} is not offered` }];
      const known = offered.get(module);
      return known === undefined || known.has(name) ? [] : [{ place, text: `${call} is not offered` }];
    });
    return [...calls, ...RELIES.flatMap(([pattern, why]) => (pattern.test(code) ? [{ place, text: why }] : []))];
  });
}
