import { GitopsError } from '../../model/errors.ts';

/** What a call may carry. Arrays, null and empty strings have meanings of their own on the server, so they are not here. */
export type FormValue = string | number | boolean;

/**
 * Percent-encoded form. An unencoded `=` inside a value is refused by the server; booleans are 1 and 0 (`true` is
 * refused). null, undefined and empty strings would be stored as values (row 226 and its neighbours): a bug of the
 * caller, who wants `delete`.
 */
export function encodeForm(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(formText(key, value))}`)
    .join('&');
}

function formText(key: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'string' && value !== '') return value;
  const shown = typeof value === 'string' ? 'an empty string' : String(value);
  throw new GitopsError('bug', `Unable to send parameter ${key}: ${shown} would be stored as its value; use delete`);
}
