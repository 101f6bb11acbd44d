import { formatProblem, type Problem } from '../model/errors.ts';
import { scanEnv } from './env.ts';
import type { FieldName } from './field.ts';
import { fieldNames, fields } from './fields.ts';
import type { Format } from './files.ts';
import type { Finding, Path } from './findings.ts';
import { evaluationHint } from './hints.ts';
import { unknownKeyFix } from './known-keys.ts';
import { decode } from './text.ts';
import { describeFinding } from './wrong-value.ts';
import { scanYaml } from './yaml.ts';

/** A field that a file sets. */
export interface ReadField {
  readonly name: FieldName;
  readonly value: unknown;
  readonly line: number;
  readonly column: number;
  /** As written. */
  readonly key: string;
  /** Lines of the parts of the value, by their way. */
  readonly lines: Readonly<Record<string, number>> | undefined;
}

export interface ReadFile {
  readonly fields: readonly ReadField[];
  readonly problems: readonly Problem[];
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A name's place in a file, with the way to its value. */
interface Entry extends Place {
  readonly key: string;
  readonly value: unknown;
  /** Where a part stands, or its key. */
  readonly place: (path: Path, of: 'value' | 'key') => Place;
  readonly lines?: () => Readonly<Record<string, number>> | undefined;
  /** Set when the text could not be brought into the form of container.yml. */
  readonly wrong?: string;
  readonly fix?: string;
}

/** All fields of one file with all its problems. */
export function readFile(file: string, format: Format, bytes: Uint8Array): ReadFile {
  const decoded = decode(file, bytes);
  if ('problems' in decoded) return { fields: [], problems: decoded.problems };
  const keys = KEYS[format];
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
    if (entry.wrong !== undefined) {
      problems.push({ file, ...entry.place([], 'value'), key, ...unreadable(name, entry, entry.wrong) });
      continue;
    }
    const read = fields[name].read(value);
    if ('value' in read) found.push({ name, value: read.value, line, column, key, lines: entry.lines?.() });
    else {
      const said = read.findings.map((finding) => ({
        file,
        ...placeOf(entry, finding),
        ...describeFinding(name, key, value, finding, format),
      }));
      // The items of an .env value all stand in one place.
      problems.push(...new Map(said.map((problem) => [formatProblem(problem), problem])).values());
    }
  }
  return { fields: found, problems };
}

function placeOf(entry: Entry, { kind, path }: Finding): Place {
  if (kind === 'missing') return entry.place(path.slice(0, -1), 'value');
  return entry.place(path, kind === 'unknown' || kind === 'name' ? 'key' : 'value');
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

function unreadable(name: FieldName, { value, fix }: Entry, wrong: string): { message: string; fix?: string } {
  const { form, hint } = fields[name];
  const text = String(value);
  const mend = fix ?? hint?.(text) ?? evaluationHint(text);
  const message = `${wrong}; expected ${form}`;
  return mend === undefined ? { message } : { message, fix: mend };
}

const KEYS: Readonly<Record<Format, ReadonlyMap<string, FieldName>>> = { env: keysOf('env'), yaml: keysOf('yaml') };

function keysOf(format: Format): ReadonlyMap<string, FieldName> {
  return new Map(
    fieldNames.flatMap((name): [string, FieldName][] => {
      const key = format === 'env' ? fields[name].env : fields[name].yaml;
      return key === undefined ? [] : [[key, name]];
    }),
  );
}

/** The key that was meant: one of the other format, one in other letters, or the nearest. */
function suggestion(key: string, format: Format): { readonly fix: string } {
  const known = [...KEYS[format].keys()];
  const other = fieldNames.find((name) => {
    const { env, yaml } = fields[name];
    return key.toLowerCase() === (format === 'env' ? yaml : env)?.toLowerCase();
  });
  const here = other === undefined ? undefined : format === 'env' ? fields[other].env : fields[other].yaml;
  if (here !== undefined) return { fix: `write ${here}` };
  if (other !== undefined) return { fix: `${fields[other].yaml} can be written in container.yml only` };
  return { fix: unknownKeyFix(key, known) };
}
