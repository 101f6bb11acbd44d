import type { Shape } from './normalize.ts';

type Fields = { readonly [key: string]: Shape };

/** What names an entry of a list: Proxmox VE gives most lists in no order. */
const NAMES = ['key', 'volid', 'storage', 'upid', 'userid', 'roleid', 'poolid', 'realm', 'tokenid', 'sid', 'iface'];
const MORE_NAMES = ['pos', 'id', 'vmid', 'name', 'subdir', 'cmd', 'n', 'path'];

const short = (value: Shape | undefined): string => (JSON.stringify(value) ?? 'nothing').slice(0, 200);

function isFields(value: Shape): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Entries under their names, equal ones numbered; undefined: no list of named things. */
function named(list: readonly Shape[], by: string): ReadonlyMap<string, Shape> {
  const result = new Map<string, Shape>();
  for (const item of list) {
    const name = isFields(item) ? short([item[by] ?? null, item.path ?? null, item.ugid ?? null]) : short(item);
    let number = 0;
    while (result.has(`${name}#${number}`)) number += 1;
    result.set(`${name}#${number}`, item);
  }
  return result;
}

function compareLists(expected: readonly Shape[], actual: readonly Shape[], at: string): readonly string[] {
  const first = expected[0] ?? actual[0];
  const by =
    first !== undefined && isFields(first) ? [...NAMES, ...MORE_NAMES].find((name) => name in first) : undefined;
  if (by === undefined) {
    if (expected.length !== actual.length) {
      return [`${at}: expected ${expected.length} entries, came ${actual.length}`];
    }
    return expected.flatMap((item, index) => compare(item, actual[index], `${at}[${index}]`));
  }
  const [wanted, came] = [named(expected, by), named(actual, by)];
  const missing = [...wanted.keys()].filter((name) => !came.has(name)).map((name) => `${at}: ${name} is missing`);
  const extra = [...came.keys()].filter((name) => !wanted.has(name)).map((name) => `${at}: ${name} is not expected`);
  const inside = [...wanted].flatMap(([name, item]) =>
    came.has(name) ? compare(item, came.get(name), `${at}[${name}]`) : [],
  );
  return [...missing, ...extra, ...inside];
}

/** A line for each difference; none: equal. */
export function compare(expected: Shape | undefined, actual: Shape | undefined, at = 'body'): readonly string[] {
  if (expected === undefined || actual === undefined || expected === null || actual === null) {
    return expected === actual ? [] : [`${at}: expected ${short(expected)}, came ${short(actual)}`];
  }
  if (Array.isArray(expected) && Array.isArray(actual)) return compareLists(expected, actual, at);
  if (isFields(expected) && isFields(actual)) {
    const keys = [...new Set([...Object.keys(expected), ...Object.keys(actual)])];
    return keys.flatMap((key) => compare(expected[key], actual[key], `${at}.${key}`));
  }
  return expected === actual ? [] : [`${at}: expected ${short(expected)}, came ${short(actual)}`];
}
