import type { ContainerState } from '../model/observed.ts';
import type { Effective } from './edit.ts';

type Family = 'mp' | 'dev';

/** Gives the lowest key of a family that nothing has or had until the next restart, each once. */
export type FreeKeys = (family: Family) => string;

export function freeKeys(taken: Iterable<string>): FreeKeys {
  const keys = new Set(taken);
  return (family) => {
    let index = 0;
    while (keys.has(`${family}${index}`)) index += 1;
    keys.add(`${family}${index}`);
    return `${family}${index}`;
  };
}

/** A key that waits for its removal is not free yet. */
export function keysOf(state: ContainerState, config: Effective): readonly string[] {
  return [...Object.keys(state.config), ...Object.keys(state.pending), ...Object.keys(config)];
}
