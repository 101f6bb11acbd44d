import { GitopsError } from '../model/errors.ts';

export type ConfigValue = string | number | readonly string[] | Readonly<Record<string, string>>;

type Json = { [key: string]: unknown };

export interface MergedConfig {
  readonly text: string;
  /** Keys whose value is new. */
  readonly changed: readonly string[];
}

/**
 * A settings file with values put in at their paths (`proxmox.host`); undefined takes a key out. Every other key stays as it
 * is. Throws kind user for a file that is no JSON object; the text is never quoted, it may hold secrets.
 */
export function mergeConfig(
  file: string,
  text: string | undefined,
  values: Readonly<Record<string, ConfigValue | undefined>>,
): MergedConfig {
  const root = text === undefined ? {} : parse(file, text);
  const changed: string[] = [];
  for (const [path, value] of Object.entries(values)) {
    if (put(file, root, path.split('.'), value)) changed.push(path);
  }
  return { text: changed.length === 0 && text !== undefined ? text : `${JSON.stringify(root, null, 2)}\n`, changed };
}

/** The text at a path; undefined: none, or something else. */
export function configText(file: string, text: string | undefined, path: string): string | undefined {
  let at: unknown = text === undefined ? {} : parse(file, text);
  for (const part of path.split('.')) at = isObject(at) ? at[part] : undefined;
  return typeof at === 'string' && at !== '' ? at : undefined;
}

function put(file: string, root: Json, path: readonly string[], value: ConfigValue | undefined): boolean {
  let at = root;
  for (const part of path.slice(0, -1)) {
    if (at[part] === undefined && value !== undefined) at[part] = {};
    const next = at[part];
    if (next === undefined) return false;
    if (!isObject(next)) throw unreadable(file, `${part} is not an object`);
    at = next;
  }
  const key = path.at(-1) ?? '';
  if (JSON.stringify(at[key]) === JSON.stringify(value)) return false;
  if (value === undefined) {
    delete at[key];
  } else {
    at[key] = value;
  }
  return true;
}

function parse(file: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw unreadable(file, 'it is not JSON');
  }
  if (!isObject(value)) throw unreadable(file, 'it is not a JSON object');
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(file: string, reason: string): GitopsError {
  return new GitopsError('user', `Unable to add to settings ${file}: ${reason}`, {
    advice: ['mend it, or write to another file: --output FILE'],
  });
}
