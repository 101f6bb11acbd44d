import type { Problem } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import { scanEnv } from './env.ts';
import type { FieldName, Path, ReadValue } from './field.ts';
import { fieldNames, fields } from './fields.ts';
import type { Format } from './files.ts';
import { evaluationHint } from './hints.ts';
import { decode } from './text.ts';
import { scanYaml } from './yaml.ts';

/** A field that a file sets. */
export interface ReadField {
  readonly name: FieldName;
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
  /** As written. */
  readonly key: string;
}

export interface ReadFile {
  readonly fields: readonly ReadField[];
  readonly problems: readonly Problem[];
}

/** A name's place in a file, with the way to its value. */
interface Entry {
  readonly key: string;
  readonly line: number;
  readonly column: number;
  readonly value: unknown;
  readonly place: (paths: readonly Path[]) => { readonly line: number; readonly column: number };
  /** Set when the text could not be brought into the form of container.yml. */
  readonly wrong?: string;
  readonly fix?: string;
}

/** All fields of one file with all its problems. */
export function readFile(file: string, format: Format, bytes: Uint8Array): ReadFile {
  const decoded = decode(file, bytes);
  if ('problems' in decoded) return { fields: [], problems: decoded.problems };
  const keys = keysOf(format);
  const scanned = format === 'env' ? scanEnv(file, decoded.text) : scanYaml(file, decoded.text);
  const problems: Problem[] = [...scanned.problems];
  const found: ReadField[] = [];
  const entries: Entry[] = scanned.entries.map((entry) => ('text' in entry ? envEntry(keys, entry) : entry));
  for (const entry of entries) {
    const { key, line, column, value } = entry;
    const name = keys.get(key);
    if (name === undefined) {
      problems.push({ file, line, column, key, message: 'is not a key', ...suggestion(key, format) });
      continue;
    }
    const read: ReadValue<unknown> = entry.wrong === undefined ? fields[name].read(value) : { paths: [] };
    if ('value' in read) found.push({ name, value: read.value, line, column, key });
    else problems.push({ file, ...entry.place(read.paths), key, ...wrongValue(name, entry, format) });
  }
  return { fields: found, problems };
}

type ScannedEnvEntry = ReturnType<typeof scanEnv>['entries'][number];

function envEntry(keys: ReadonlyMap<string, FieldName>, scanned: ScannedEnvEntry): Entry {
  const { key, text, line, column, valueColumn } = scanned;
  const name = keys.get(key);
  const read = name === undefined ? { value: text } : fields[name].fromText(text);
  const place = () => ({ line, column: valueColumn });
  if ('value' in read) return { key, line, column, place, value: read.value };
  return { key, line, column, place, value: text, ...read };
}

function keysOf(format: Format): ReadonlyMap<string, FieldName> {
  return new Map(
    fieldNames.flatMap((name): [string, FieldName][] => {
      const key = format === 'env' ? fields[name].env : fields[name].yaml;
      return key === undefined ? [] : [[key, name]];
    }),
  );
}

function wrongValue(
  name: FieldName,
  entry: Entry,
  format: Format,
): { readonly message: string; readonly fix?: string } {
  const { form, hint } = fields[name];
  const { value, wrong } = entry;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  const shown = text.length > 60 || /\p{Cc}/u.test(text) ? '' : `, not ${JSON.stringify(value) ?? 'nothing'}`;
  const quotedNumber =
    format === 'yaml' &&
    typeof value === 'string' &&
    /^\d+$/.test(value) &&
    'value' in fields[name].read(Number(value));
  const fix = entry.fix ?? hint(text) ?? evaluationHint(text) ?? (quotedNumber ? 'remove the quotes' : undefined);
  const message = wrong === undefined ? `expected ${form}${shown}` : `${wrong}; expected ${form}`;
  return fix === undefined ? { message } : { message, fix };
}

/** The key that was meant: one of the other format, one in other letters, or the nearest. */
function suggestion(key: string, format: Format): { readonly fix?: string } {
  const known = [...keysOf(format).keys()];
  const other = fieldNames.find((name) => {
    const { env, yaml } = fields[name];
    return key.toLowerCase() === (format === 'env' ? yaml : env)?.toLowerCase();
  });
  const here = other === undefined ? undefined : format === 'env' ? fields[other].env : fields[other].yaml;
  if (here !== undefined) return { fix: `write ${here}` };
  if (other !== undefined) return { fix: `${fields[other].yaml} can be written in container.yml only` };
  const near = nearest(key, known);
  return { fix: near === undefined ? `known keys: ${known.join(', ')}` : `did you mean ${near}?` };
}
