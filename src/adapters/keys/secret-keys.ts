import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { GitopsError } from '../../model/errors.ts';
import type { SecretKeys } from '../../model/secret-keys.ts';
import { ensurePrivateFile, readPrivateFile } from './private-file.ts';
import { openValue, sealValue } from './sealed-values.ts';

/** A control plane's, for runners that do not keep the state: read, never written. */
const SHARED = '/etc/pve-gitops/secrets-key';
const IDENTITY = /^AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}$/;

export interface SecretKeysOptions {
  /** Holds `ca/secrets-key`, 0600: an identity file as the age program takes it, newest first. */
  readonly stateDirectory: string;
  readonly shared?: string;
}

export function createSecretKeys({ stateDirectory, shared = SHARED }: SecretKeysOptions): SecretKeys {
  const own = join(stateDirectory, 'ca', 'secrets-key');
  const all = async () => [...new Set([...(await read(own, readOwn)), ...(await read(shared, readShared))])];
  const ensure = async (): Promise<string> => {
    const [known] = await all();
    if (known !== undefined) return known;
    await ensurePrivateFile(own, async (path) => write(path, [await generateX25519Identity()]));
    const [made] = await read(own, readOwn);
    if (made === undefined) throw unusable(own, 'it was removed while it was made');
    return made;
  };

  return {
    recipient: async () => identityToRecipient(await ensure()),
    recipients: async () => Promise.all((await all()).map(identityToRecipient)),
    seal: sealValue,
    open: async (sealed) => openValue(sealed, await all()),
    async renew() {
      await ensure();
      const before = await owned(own, shared);
      const after = before.length > 1 ? before : [await generateX25519Identity(), ...before];
      if (after !== before) await replace(own, after);
      return await identityToRecipient(after[0] ?? '');
    },
    async forgetOld() {
      await ensure();
      const [newest = '', ...old] = await owned(own, shared);
      if (old.length > 0) await replace(own, [newest]);
      return old.length;
    },
  };
}

/** Keys that can be changed here. */
async function owned(own: string, shared: string): Promise<readonly string[]> {
  const keys = await read(own, readOwn);
  if (keys.length > 0) return keys;
  throw new GitopsError('user', `Unable to change the key for secrets: this machine only reads it, from ${shared}`, {
    advice: ['do this where the state directory of the site is: on the control plane'],
  });
}

/** Identities of a file; none where there is no file. */
async function read(path: string, readText: (path: string) => Promise<Buffer>): Promise<readonly string[]> {
  const text = await readText(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error instanceof GitopsError ? error : unusable(path, String(error), error);
  });
  if (text === undefined) return [];
  const lines = text.toString('utf8').split('\n');
  const found: string[] = [];
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    // Never quoted: a slip of one letter leaves a key that can be guessed.
    if (!IDENTITY.test(line)) throw unusable(path, `line ${index + 1} is no AGE-SECRET-KEY-1…`);
    found.push(line);
  }
  if (found.length === 0) throw unusable(path, 'it holds no AGE-SECRET-KEY-1…');
  return found;
}

const readOwn = readPrivateFile;

/** Like the settings file: its group, the runner's, may read it; nobody else, and only root changes it. */
async function readShared(path: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { mode, uid } = await file.stat();
    if ((mode & 0o027) !== 0) throw unusable(path, 'others can read or change it', undefined, [`chmod 640 ${path}`]);
    if (uid !== 0 && uid !== process.geteuid?.()) throw unusable(path, `it belongs to user ${uid}, not to root`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function write(path: string, identities: readonly string[]): Promise<void> {
  const entries = await Promise.all(
    identities.map(async (identity) => `# public key: ${await identityToRecipient(identity)}\n${identity}\n`),
  );
  await writeFile(path, entries.join(''), { mode: 0o600, flag: 'wx', flush: true });
}

/** Whole or not at all: without its key a secret cannot be read again. */
async function replace(path: string, identities: readonly string[]): Promise<void> {
  const next = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    await write(next, identities);
    await rename(next, path);
  } finally {
    await rm(next, { force: true });
  }
}

function unusable(path: string, reason: string, cause?: unknown, advice: readonly string[] = []): GitopsError {
  return new GitopsError('user', `Unable to use key ${path}: ${reason}`, { cause, advice });
}
