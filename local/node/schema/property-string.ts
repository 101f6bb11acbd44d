import { ApiError } from '../http/answer.ts';
import type { Properties } from './types.ts';
import { objectErrors } from './validate.ts';

const NO_DEFAULT = 'value without key, but schema does not define a default key';

/** Perl accepts more words for a boolean inside a property string than as a parameter. */
function booleanWord(value: string): string {
  if (/^(?:1|on|yes|true)$/i.test(value)) return '1';
  if (/^(?:0|off|no|false)$/i.test(value)) return '0';
  return value;
}

/**
 * Parses `key=value,key=value` as PVE::JSONSchema::parse_property_string does. Throws ApiError 500 with its texts; all
 * errors of the values come together as `format error`, keyed with `path.`.
 */
export function parsePropertyString(format: Properties, text: string, path = ''): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  const defaultKey = Object.entries(format).find(([, property]) => property.default_key === 1)?.[0];
  for (const part of text.split(',')) {
    if (/^\s*$/.test(part)) continue;
    const [, key, value] = /^([^=]+)=(.+)$/.exec(part) ?? [];
    if (key !== undefined && value !== undefined) {
      if (result[key] !== undefined) throw duplicate(key);
      const name = format[key]?.alias ?? key;
      result[name] = format[name]?.type === 'boolean' ? booleanWord(value) : value;
    } else if (part.includes('=')) {
      throw new ApiError(500, 'missing key in comma-separated list property');
    } else {
      if (defaultKey === undefined) throw new ApiError(500, NO_DEFAULT);
      if (result[defaultKey] !== undefined) throw duplicate(defaultKey);
      result[defaultKey] = part;
    }
  }
  const errors = objectErrors(format, result, { path });
  if (Object.keys(errors).length > 0) throw new ApiError(500, 'format error', { errors });
  return result;
}

function duplicate(key: string): ApiError {
  return new ApiError(500, `duplicate key in comma-separated list property: ${key}`);
}

/** The other way: default key, then what must be there, then the rest by name. */
export function printPropertyString(format: Properties, values: Readonly<Record<string, string | undefined>>): string {
  const rank = (key: string): number => (format[key]?.default_key === 1 ? 0 : format[key]?.optional === 1 ? 2 : 1);
  return Object.keys(values)
    .filter((key) => values[key] !== undefined)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map((key) => (rank(key) === 0 ? String(values[key]) : `${key}=${values[key]}`))
    .join(',');
}
