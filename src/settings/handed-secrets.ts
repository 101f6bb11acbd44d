import { GitopsError } from '../model/errors.ts';

/** What a definition's secrets are called in the environment of a run; nothing else of a workflow's secrets is used. */
const FORM = /^SECRET_[A-Za-z0-9_]+$/;

/**
 * Secrets that a workflow hands over with `secrets: ${{ toJSON(secrets) }}`, by the names of the environment. Throws kind user
 * when the text is no JSON object; the text itself is never quoted.
 */
export function handedSecrets(text: string): Readonly<Record<string, string>> {
  if (text.trim() === '' || text.trim() === 'null') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new GitopsError('user', 'Unable to read the input secrets: it is no JSON object of names and values', {
      advice: ['write secrets: ${{ toJSON(secrets) }}'],
    });
  }
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(
    entries.flatMap(([name, text]) =>
      FORM.test(name) && typeof text === 'string' && text !== '' ? [[name, text]] : [],
    ),
  );
}
