import { GitopsError } from '../model/errors.ts';
import type { Secrets } from '../model/ports.ts';

/** Only variables with this prefix are read: a repository can never name a credential of ours. */
export const SECRET_PREFIX = 'SECRET_';

export function missingSecrets(names: readonly string[], secrets: Pick<Secrets, 'value'>): readonly string[] {
  return names.filter((name) => secrets.value(SECRET_PREFIX + name) === undefined);
}

/** Values by name, masked from now on. Throws kind user with the name of every one that is missing. */
export function readSecrets(
  names: readonly string[],
  secrets: Pick<Secrets, 'value'>,
): Readonly<Record<string, string>> {
  const missing = missingSecrets(names, secrets);
  if (missing.length === 0) {
    return Object.fromEntries(names.map((name) => [name, secrets.value(SECRET_PREFIX + name) ?? '']));
  }
  throw new GitopsError('user', `Unable to configure: no value for ${missing.join(', ')}`, {
    advice: [
      `set ${missing.map((name) => SECRET_PREFIX + name).join(', ')} in the environment of the run`,
      `in a workflow: env: {${SECRET_PREFIX}${missing[0]}: \${{ secrets.${missing[0]} }}}`,
    ],
  });
}
