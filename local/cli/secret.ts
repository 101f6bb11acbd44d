import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectMask, connectSecretKeys, type Mask } from '../../src/connect.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { SecretKeys } from '../../src/model/secret-keys.ts';
import { listSecrets, removeSecret, rotateFile, setSecret, type Written } from '../../src/secrets/edit.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { type CommonOptions, readText, sourcesOf } from './context.ts';
import { askSecret } from './secret-prompt.ts';
import { stateDirectory } from './state.ts';
import { openTerminal, type Terminal } from './terminal.ts';

export interface SecretOptions extends CommonOptions {
  /** The definition's directory; the working directory when not given. */
  readonly dir?: string;
  /** A public key, `age1…`. */
  readonly key?: string;
  /** Of a rotation: every repository has been done. */
  readonly done?: boolean;
}

interface Session {
  readonly keys: SecretKeys;
  readonly terminal: Terminal;
  readonly mask: Mask;
}

/** Asks no server; of the settings only the state directory counts. */
function open(options: SecretOptions): Session {
  const mask = connectMask();
  const { settings, secrets } = resolveSettings(sourcesOf(options.settings), {
    stateDirectory: stateDirectory(),
    read: readText,
    connectionOptional: true,
  });
  for (const secret of secrets) mask.mask(secret);
  const terminal = openTerminal({ json: options.json === true, verbose: false, mask: (text) => mask.apply(text) });
  return { keys: connectSecretKeys(settings.stateDirectory), terminal, mask };
}

/** `secrets.env`, or with --stage that of a stage. */
function writtenOf(options: SecretOptions): Written & { readonly path: string } {
  const directory = directoryOf(options.dir ?? '.');
  const file = options.stage === undefined ? 'secrets.env' : `secrets.${options.stage}.env`;
  const path = join(directory, file);
  return { file, path, text: readText(path) };
}

function directoryOf(given: string): string {
  const directory = resolve(given);
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true) return directory;
  throw new GitopsError('user', `Unable to use ${given}: no such directory`);
}

/** Sets a secret; its value comes from a prompt, or from standard input where that is no terminal. */
export async function secretSet(name: string, options: SecretOptions): Promise<number> {
  const { keys, terminal, mask } = open(options);
  const before = writtenOf(options);
  const value = await enteredValue(name);
  mask.mask(value);
  const { text, recipient } = await setSecret(keys, before, name, value, options.key);
  writeText(before.path, text);
  const own = (await keys.recipients()).includes(recipient);
  say(options, terminal, { kind: 'secret set', name, file: before.file, recipient, readable: own }, [
    `${before.file}: ${name} is encrypted for ${recipient}`,
    ...(own ? [] : ['this machine cannot read it: that key is another site’s']),
  ]);
  return 0;
}

export async function secretRemove(name: string, options: SecretOptions): Promise<number> {
  const { terminal } = open(options);
  const before = writtenOf(options);
  writeText(before.path, removeSecret(before, name));
  say(options, terminal, { kind: 'secret removed', name, file: before.file }, [`${before.file}: ${name} is gone`]);
  return 0;
}

const STATES = {
  open: 'can be read here',
  'no key': 'this machine has no key for secrets',
  'other key': 'encrypted for another key than this machine has',
  damaged: 'damaged',
} as const;

/** Names, never values, of all stages. */
export async function secretList(options: SecretOptions): Promise<number> {
  const { keys, terminal } = open(options);
  const directory = directoryOf(options.dir ?? '.');
  const lists = await Promise.all(filesOf(directory).map((written) => listSecrets(keys, written)));
  const secrets = lists.flat();
  const lines = secrets.map(({ file, line, name, state }) => `${file}:${line}  ${name}  ${STATES[state]}`);
  say(options, terminal, { kind: 'secrets', secrets }, lines.length === 0 ? ['no secrets'] : lines);
  return 0;
}

/**
 * A new key for the site: every value of the directories is encrypted for it, and older keys go on reading those of other
 * repositories until `--done` says that there are none.
 */
export async function secretRotate(directories: readonly string[], options: SecretOptions): Promise<number> {
  const { keys, terminal } = open(options);
  const found = [...(options.dir === undefined ? [] : [options.dir]), ...directories].map(directoryOf);
  const files = found.flatMap((directory) => filesOf(directory));
  const recipient = options.done === true ? await keys.recipient() : await keys.renew();
  const done: string[] = [];
  for (const written of files) {
    const { text, count } = await rotateFile(keys, written, recipient);
    writeText(written.path, text);
    done.push(`${written.path}: ${count} ${count === 1 ? 'value' : 'values'} for ${recipient}`);
  }
  const forgotten = options.done === true ? await keys.forgetOld() : 0;
  const old = (await keys.recipients()).length - 1;
  say(options, terminal, { kind: 'secrets rotated', recipient, files: done.length, forgotten, old }, [
    `key of the site: ${recipient}`,
    ...done,
    ...(forgotten > 0 ? [`older keys are gone: ${forgotten}`] : []),
    ...(old > 0
      ? [
          'the older key still reads: run this with every other directory that has secrets, deploy them, then',
          'pve-gitops secret rotate --done',
        ]
      : []),
  ]);
  return 0;
}

/** The public key, for people who set secrets without the private one. */
export async function secretKey(options: SecretOptions): Promise<number> {
  const { keys, terminal } = open(options);
  const recipient = await keys.recipient();
  say(options, terminal, { kind: 'secret key', recipient }, [recipient]);
  return 0;
}

function filesOf(directory: string): (Written & { readonly path: string })[] {
  const names = readdirSync(directory).filter((name) => /^secrets(\.[^/]+)?\.env$/.test(name));
  return names.toSorted().map((file) => ({ file, path: join(directory, file), text: readText(join(directory, file)) }));
}

function say(options: SecretOptions, terminal: Terminal, result: object, lines: readonly string[]): void {
  if (options.json === true) terminal.json(JSON.stringify({ version: 1, ...result }));
  else terminal.print(lines);
}

const MAX_BYTES = 64 * 1024;

async function enteredValue(name: string): Promise<string> {
  if (process.stdin.isTTY === true) return await askSecret(name, []);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > MAX_BYTES) throw new GitopsError('user', `Unable to set secret ${name}: it is longer than 64 KiB`);
  }
  // The line end that echo and editors add is no part of it; those of a key in several lines are.
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** Whole or not at all, and readable by whoever could read it: it is part of the repository. */
function writeText(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const mode = existsSync(path) ? statSync(path).mode & 0o777 : 0o644;
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    renameSync(fresh, path);
  } finally {
    rmSync(fresh, { force: true });
  }
}
