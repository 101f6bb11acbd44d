import type { KeyToWrite } from '../definition/write.ts';

/** Something of a container that its definition does not say. */
export interface Note {
  /** Key of Proxmox VE's config, or what else it is about. */
  readonly key: string;
  readonly text: string;
}

/** What one theme of a container comes to. */
export interface Part {
  readonly keys: readonly KeyToWrite[];
  readonly notes: readonly Note[];
}

/** Config as it will be after the next restart, which is what a plan compares with. */
export type Config = Readonly<Record<string, string>>;

/** Keys of a family in the order of their numbers: net0, net1, net10. */
export function numbered(config: Config, family: string): readonly string[] {
  const number = (key: string): number => Number(key.slice(family.length));
  return Object.keys(config)
    .filter((key) => key.startsWith(family) && /^\d+$/.test(key.slice(family.length)))
    .toSorted((a, b) => number(a) - number(b));
}

/** A flag of a property string: 1 or 0; undefined when it is not there. */
export function flagOf(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text === '1';
}

/** Leaves out what is undefined. */
export function present<T>(entries: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
