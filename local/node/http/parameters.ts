import { ApiError } from './answer.ts';

/**
 * Parameters as Perl sees them: texts. `null` is JSON's null or a form key without `=`, a list a repeated form key or a
 * JSON array, `hash` a JSON object, `boolean` JSON's own. JSON numbers have become texts.
 */
export type Value = string | null | readonly string[] | { readonly hash: true } | { readonly boolean: boolean };
export type Parameters = Readonly<Record<string, Value>>;

const PARSER = '/usr/share/perl5/PVE/APIServer/AnyEvent.pm';

function fromJson(value: unknown): Value {
  if (value === null) return null;
  if (typeof value === 'boolean') return { boolean: value };
  if (Array.isArray(value)) return value.map((item) => String(item));
  if (typeof value === 'object') return { hash: true };
  return String(value);
}

function decode(text: string): string {
  const bytes = text
    .replace(/\+/g, ' ')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // written as UTF-8 or with %XX: Perl sees bytes either way
  const isBytes = [...bytes].every((character) => character.charCodeAt(0) < 256);
  return isBytes ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
}

/**
 * Form fields as PVE::APIServer::AnyEvent reads them: `;` separates as `&` does, a second `=` ends the value, a key
 * without `=` has none, a repeated key becomes a list.
 */
export function parseForm(text: string): Parameters {
  const result: Record<string, Value> = {};
  for (const field of text.split(/[&;]/)) {
    const [name = '', value] = field.split('=');
    if (name === '') continue;
    const key = decode(name);
    const before = result[key];
    if (value === undefined) result[key] = null;
    else if (typeof before === 'string') result[key] = [before, decode(value)];
    else result[key] = Array.isArray(before) ? [...before, decode(value)] : decode(value);
  }
  return result;
}

function parseJson(text: string): Parameters {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    const at = text.startsWith('{') ? 1 : 0;
    const rest = text.slice(at);
    throw new PlainError(
      500,
      `'"' expected, at character offset ${at} (before "${rest.replace(/}$/, '')}") at ${PARSER} line 917.`,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new PlainError(500, `Not a HASH reference at ${PARSER} line 957.`);
  }
  return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, fromJson(value)]));
}

/** An error that is answered as text/plain, before the API proper is reached. */
export class PlainError extends ApiError {}

/** The body's parameters. A body without content type is a form, as curl's and many clients' empty posts are. */
export function parseBody(contentType: string | undefined, body: Buffer): Parameters {
  if (body.length === 0) return {};
  const kind = contentType?.split(';')[0]?.trim().toLowerCase() ?? 'application/x-www-form-urlencoded';
  if (kind === 'application/x-www-form-urlencoded') return parseForm(body.toString('utf8'));
  if (kind === 'application/json') return parseJson(body.toString('utf8'));
  throw new PlainError(506, `upload 'Content-Type '${contentType}' not implemented`, { bare: true });
}
