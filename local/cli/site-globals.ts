import { resolve } from 'node:path';
import { GitopsError } from '../../src/model/errors.ts';
import type { Source, Variables } from '../../src/model/ports.ts';

const FILE = 'globals.json';

/**
 * Values of a folder's globals.json that the site's own store lacks: recipes find them there with Env.get where there is no forge. What
 * is stored already stays as it is. Throws kind user for a file that holds anything else than names with texts.
 */
export async function missingGlobals(
  folder: string,
  source: Pick<Source, 'read'>,
  variables: Pick<Variables, 'all'>,
): Promise<Readonly<Record<string, string>>> {
  const bytes = (await source.read(resolve(folder), [FILE])).get(FILE);
  if (bytes === undefined) return {};
  const stored = await variables.all();
  const lacking = Object.entries(parse(folder, bytes)).filter(([name]) => stored[name] === undefined);
  return Object.fromEntries(lacking);
}

function parse(folder: string, bytes: Uint8Array): Readonly<Record<string, string>> {
  const wrong = (reason: string): GitopsError =>
    new GitopsError('user', `Unable to read ${folder}/${FILE}: ${reason}`, { advice: ['write {"NAME": "value"}'] });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw wrong('it is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('it is no object');
  for (const [name, text] of Object.entries(value)) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) throw wrong(`${JSON.stringify(name)} is no name of a variable`);
    if (typeof text !== 'string') throw wrong(`${name} is no text`);
  }
  return value as Readonly<Record<string, string>>;
}
