import type { Problem } from './errors.ts';
import { isReservedName, SECRET_NAME } from './secret-name.ts';

/** One secret as it stands in a secrets.env: its name in the clear, its value encrypted. */
export interface SealedSecret {
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** An age file, whole. */
  readonly sealed: Uint8Array;
}

export interface SecretsFile {
  /** What values of this file are encrypted for: `age1…`. */
  readonly recipient?: string;
  readonly secrets: readonly SealedSecret[];
  readonly problems: readonly Problem[];
}

/** An age file begins so. */
const MAGIC = 'age-encryption.org/v1\n';
const HEAD = '# pve-gitops secrets, for ';
const LINE = /^([^=\s]+)\s*=\s*(.*)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const RECIPIENT = /^age1[02-9ac-hj-np-z]{58}$/;

/** The files of a stage, later wins name by name. */
export function secretsFiles(stage: string): readonly string[] {
  return ['secrets.env', `secrets.${stage}.env`];
}

/** Reads `NAME=age:BASE64` lines, all problems at once. A value is never quoted in a message: it may stand there in the clear. */
export function parseSecretsFile(file: string, text: string): SecretsFile {
  const problems: Problem[] = [];
  const secrets: SealedSecret[] = [];
  let recipient: string | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    const said = content.startsWith(HEAD) ? content.slice(HEAD.length).trim() : undefined;
    if (said !== undefined && RECIPIENT.test(said)) recipient = said;
    else if (said !== undefined) problems.push({ file, line, message: 'names no age key', fix: 'write age1…' });
    if (content === '' || content.startsWith('#')) continue;
    const [, name, value] = LINE.exec(content) ?? [];
    if (name === undefined || value === undefined) {
      problems.push({ file, line, message: 'expected NAME=age:…', fix: 'pve-gitops secret set NAME writes it' });
      continue;
    }
    const wrong = wrongName(name, secrets) ?? wrongValue(name, value);
    if (wrong !== undefined) problems.push({ file, line, ...(SECRET_NAME.test(name) ? { key: name } : {}), ...wrong });
    else secrets.push({ name, file, line, sealed: Buffer.from(value.slice(4), 'base64') });
  }
  return { ...(recipient === undefined ? {} : { recipient }), secrets, problems };
}

/** Why a secret cannot be called so; undefined: it can. */
export function wrongName(
  name: string,
  before: readonly SealedSecret[] = [],
): Pick<Problem, 'message' | 'fix'> | undefined {
  if (!SECRET_NAME.test(name)) return { message: 'expected a name of upper-case letters, digits and underscores' };
  if (isReservedName(name)) return { message: `${name} is taken already`, fix: `choose another, such as APP_${name}` };
  const first = before.find((secret) => secret.name === name);
  return first === undefined ? undefined : { message: `stands on line ${first.line} already`, fix: 'keep one of them' };
}

function wrongValue(name: string, value: string): Pick<Problem, 'message' | 'fix'> | undefined {
  const fix = `pve-gitops secret set ${name}`;
  if (!value.startsWith('age:')) {
    return {
      message: 'is not encrypted: whoever can read the repository can read it',
      fix: `${fix}, with a new value`,
    };
  }
  const encoded = value.slice(4);
  const whole = BASE64.test(encoded) && Buffer.from(encoded, 'base64').toString('latin1').startsWith(MAGIC);
  return whole ? undefined : { message: 'is damaged: no age file in base64 stands after age:', fix };
}

/** The same text with one secret set, or taken out when `sealed` is undefined. Every other line stays as it is. */
export function editSecretsFile(text: string, name: string, sealed: Uint8Array | undefined): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((line) => LINE.exec(line.trim())?.[1] === name);
  const written = sealed === undefined ? [] : [`${name}=age:${Buffer.from(sealed).toString('base64')}`];
  if (at === -1) lines.push(...written);
  else lines.splice(at, 1, ...written);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The same text, with the first line naming what its values are encrypted for. */
export function nameRecipient(text: string, recipient: string): string {
  const lines = text.split('\n').filter((line) => !line.trim().startsWith(HEAD));
  return [`${HEAD}${recipient}`, ...lines].join('\n').replace(/\n*$/, '\n');
}
