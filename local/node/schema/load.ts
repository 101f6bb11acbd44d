import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';
import type { CallSchema, Properties, Property } from './types.ts';

export type Release = '8.4' | '9.1';

/** How many of an indexed parameter there are (pve-container's limits). */
const INDEXED: Readonly<Record<string, number>> = { net: 32, mp: 256, unused: 256, dev: 256 };

function expand(parameters: Properties): Properties {
  const result: Record<string, Property> = {};
  for (const [name, property] of Object.entries(parameters)) {
    const base = /^(.*)\[n\]$/.exec(name)?.[1];
    if (base === undefined) {
      result[name] = property;
      continue;
    }
    for (let index = 0; index < (INDEXED[base] ?? 32); index += 1) result[`${base}${index}`] = property;
  }
  return result;
}

/** All covered calls of a release, indexed parameters written out; tsc copies no data files, so they are read from where they are kept. */
export function loadSchema(release: Release): readonly CallSchema[] {
  const file = join(packageRoot(), 'local', 'node', 'schema', `pve-${release}.jsonl`);
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as CallSchema)
    .map((call) => ({ ...call, parameters: expand(call.parameters) }));
}
