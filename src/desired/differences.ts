import type { Desired } from '../model/desired.ts';

/** One value that differs between two states of a definition. Texts as people read them; undefined: it is not there. */
export interface Difference {
  /** e.g. `interfaces.0.vlan` */
  readonly key: string;
  readonly from?: string;
  readonly to?: string;
}

function leavesOf(value: unknown, path: string, found: Map<string, string>): Map<string, string> {
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) leavesOf(inner, path === '' ? key : `${path}.${key}`, found);
  } else if (value !== undefined) found.set(path, String(value));
  return found;
}

/** What differs, but for the commits themselves; in the order of the keys. Pure. */
export function differencesOf(before: Desired, after: Desired): readonly Difference[] {
  const { commit: _, ...old } = before;
  const { commit: __, ...young } = after;
  const from = leavesOf(old, '', new Map());
  const to = leavesOf(young, '', new Map());
  const keys = [...new Set([...from.keys(), ...to.keys()])].toSorted();
  return keys.flatMap((key): Difference[] => {
    const was = from.get(key);
    const is = to.get(key);
    if (was === is) return [];
    return [{ key, ...(was === undefined ? {} : { from: was }), ...(is === undefined ? {} : { to: is }) }];
  });
}
