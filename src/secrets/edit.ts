import { GitopsError, ProblemsError } from '../model/errors.ts';
import type { SecretKeys } from '../model/secret-keys.ts';
import {
  editSecretsFile,
  nameRecipient,
  parseSecretsFile,
  RECIPIENT,
  type SecretsFile,
  wrongName,
} from '../model/secrets-file.ts';

/** A secrets.env as it stands; text undefined: there is none yet. */
export interface Written {
  readonly file: string;
  readonly text: string | undefined;
}

function read({ file, text }: Written): SecretsFile {
  const parsed = parseSecretsFile(file, text ?? '');
  if (parsed.problems.length > 0) throw new ProblemsError(file, parsed.problems);
  return parsed;
}

/**
 * The file with one value set. It is encrypted for `recipient`, else for the key that the file names, else for this machine's
 * site: so whoever has no private key can set a value too. A file is for one key: to change it, every value is set anew.
 */
export async function setSecret(
  keys: SecretKeys,
  before: Written,
  name: string,
  value: string,
  recipient?: string,
): Promise<{ readonly text: string; readonly recipient: string }> {
  assertName(name);
  if (value === '') throw new GitopsError('user', `Unable to set secret ${name}: it is empty`);
  if (value.includes('\0')) throw new GitopsError('user', `Unable to set secret ${name}: it holds a zero byte`);
  if (recipient !== undefined && !RECIPIENT.test(recipient)) {
    throw new GitopsError('user', `Unable to encrypt for ${JSON.stringify(recipient)}: expected a public key, age1…`);
  }
  const { recipient: named, secrets } = read(before);
  const others = secrets.filter((secret) => secret.name !== name);
  if (recipient !== undefined && named !== undefined && recipient !== named && others.length > 0) {
    throw new GitopsError('user', `Unable to set secret ${name}: the values of ${before.file} are for ${named}`, {
      advice: [
        'where both keys are: pve-gitops secret rotate encrypts all of them for the new one',
        `or take the others out of it first: ${others.map((secret) => secret.name).join(', ')}`,
      ],
    });
  }
  const key = recipient ?? named ?? (await keys.recipient());
  const sealed = await keys.seal(value, key);
  return { text: nameRecipient(editSecretsFile(before.text ?? '', name, sealed), key), recipient: key };
}

export function removeSecret(before: Written, name: string): string {
  assertName(name);
  if (read(before).secrets.some((secret) => secret.name === name)) {
    return editSecretsFile(before.text ?? '', name, undefined);
  }
  throw new GitopsError('user', `Unable to remove secret ${name}: ${before.file} does not have it`);
}

/** A secret without its value. */
export interface ListedSecret {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Whether this machine can read it. */
  readonly state: 'open' | 'no key' | 'other key' | 'damaged';
}

export async function listSecrets(keys: SecretKeys, before: Written): Promise<readonly ListedSecret[]> {
  return await Promise.all(
    read(before).secrets.map(async ({ name, file, line, sealed }) => {
      const { kind } = await keys.open(sealed);
      return { name, file, line, state: kind };
    }),
  );
}

/** Every value encrypted for the newest key of the site. Throws with all that this machine cannot read; then nothing is changed. */
export async function rotateFile(
  keys: SecretKeys,
  before: Written,
  recipient: string,
): Promise<{ readonly text: string; readonly count: number }> {
  const { secrets } = read(before);
  let text = before.text ?? '';
  const unreadable: string[] = [];
  for (const { name, sealed, line } of secrets) {
    const opened = await keys.open(sealed);
    if (opened.kind === 'open') text = editSecretsFile(text, name, await keys.seal(opened.value, recipient));
    else unreadable.push(`${before.file}:${line}: ${name}: ${opened.kind}`);
  }
  if (unreadable.length > 0) {
    throw new GitopsError('user', `Unable to encrypt anew: ${unreadable.length} cannot be read here`, {
      log: unreadable,
      advice: ['set them again with pve-gitops secret set, or take them out, then run this again'],
    });
  }
  return { text: nameRecipient(text, recipient), count: secrets.length };
}

function assertName(name: string): void {
  const wrong = wrongName(name);
  if (wrong === undefined) return;
  const advice = wrong.fix === undefined ? [] : [wrong.fix];
  throw new GitopsError('user', `Unable to use ${JSON.stringify(name)} as a secret's name: ${wrong.message}`, {
    advice,
  });
}
