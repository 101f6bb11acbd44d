import { createHmac, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Call, Keys } from '../../model/ports.ts';
import { printable } from '../process/printable.ts';
import { makePrivateDirectory, removePrivateDirectory } from '../process/private-directory.ts';
import { lastLines } from '../process/program-errors.ts';
import { runProcess } from '../process/run-process.ts';
import { ensurePrivateFile, readPrivateFile } from './private-file.ts';

/** Making or reading a key is a matter of milliseconds. */
const KEYGEN_TIMEOUT_MS = 20_000;

export interface SiteKeysOptions {
  /** Holds `ca/user-ca` (the SSH CA's private key) and `ca/seal` (the key for hashes), both 0600. */
  readonly stateDirectory: string;
  /** Named in every certificate, so that a container's log tells which run logged in. */
  readonly run: string;
}

/** A throw-away key pair with its certificate. */
export interface Certificate {
  readonly identityFile: string;
  readonly certificateFile: string;
  /** Removes both. */
  close(): Promise<void>;
}

export interface SiteKeys extends Keys {
  /** For a login as `principal`, valid from one minute ago for so many minutes. */
  certificate(principal: string, minutes: number, call: Call): Promise<Certificate>;
}

/** The keys of one installation; each is made on first use and never again. */
export function createKeys(options: SiteKeysOptions): SiteKeys {
  const ca = join(options.stateDirectory, 'ca', 'user-ca');
  const sealKey = join(options.stateDirectory, 'ca', 'seal');
  const own: Call = { timeoutMs: KEYGEN_TIMEOUT_MS, signal: new AbortController().signal };
  let authority: Promise<string> | undefined;
  let seal: Promise<Buffer> | undefined;

  const ensureAuthority = () =>
    ensurePrivateFile(ca, async (path) => {
      await keygen(['-t', 'ed25519', '-N', '', '-C', 'pve-gitops', '-f', path], 'making of the SSH CA', own);
    });

  return {
    authority() {
      authority ??= forgetFailure(readAuthority(ca, ensureAuthority, own), () => {
        authority = undefined;
      });
      return authority;
    },
    async seal(parts) {
      seal ??= forgetFailure(readSeal(sealKey), () => {
        seal = undefined;
      });
      const hmac = createHmac('sha256', await seal);
      // With their lengths, so that no two lists of parts look the same.
      for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part);
      return hmac.digest('hex');
    },
    async certificate(principal, minutes, call) {
      await ensureAuthority();
      return await sign(ca, options.run, { principal, minutes }, call);
    },
    async login(principal, { minutes, from }, call) {
      await ensureAuthority();
      const { identityFile, certificateFile, close } = await sign(ca, options.run, { principal, minutes, from }, call);
      try {
        const [privateKey, certificate] = await Promise.all([
          readFile(identityFile, 'utf8'),
          readFile(certificateFile, 'utf8'),
        ]);
        return { privateKey, certificate };
      } finally {
        await close();
      }
    },
  };
}

async function readAuthority(ca: string, ensure: () => Promise<void>, call: Call): Promise<string> {
  await ensure();
  // The private key is the truth: a public half beside it could be another one's.
  const line = await keygen(['-y', '-P', '', '-f', ca], `reading of the SSH CA ${ca}`, call);
  const [type, key] = line.trim().split(/\s+/);
  if (type !== 'ssh-ed25519' || key === undefined) {
    throw new GitopsError('user', `Unable to use key ${ca}: it is not an ed25519 key`);
  }
  return `${type} ${key}`;
}

async function readSeal(path: string): Promise<Buffer> {
  await ensurePrivateFile(path, (made) => writeFile(made, randomBytes(32), { mode: 0o600, flag: 'wx' }));
  return await readPrivateFile(path);
}

interface Rights {
  readonly principal: string;
  readonly minutes: number;
  /** The only address that the login may come from. */
  readonly from?: string;
}

async function sign(ca: string, run: string, { principal, minutes, from }: Rights, call: Call): Promise<Certificate> {
  if (from !== undefined && !isIPv4(from) && !isIPv6(from)) {
    throw new GitopsError('bug', `Unable to sign a certificate for logins from ${printable(from)}: no address`);
  }
  if (!/^[a-z_][\w-]*$/.test(principal) || !Number.isInteger(minutes) || minutes < 1) {
    throw new GitopsError('bug', `Unable to sign a certificate for ${printable(principal)}: bad principal or minutes`);
  }
  const directory = await makePrivateDirectory();
  const close = () => removePrivateDirectory(directory);
  const identityFile = join(directory, 'id');
  const keyId = `pve-gitops ${run.replace(/[^\w.:@/-]/g, '_')}`;
  // No forwarding, no terminal, no rc file: commands are all that a run needs.
  const rights = [
    '-O',
    'clear',
    ...(from === undefined ? [] : ['-O', `source-address=${from}/${isIPv4(from) ? 32 : 128}`]),
  ];
  const validity = ['-V', `-1m:+${minutes}m`];
  try {
    await keygen(['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', identityFile], 'making of a key', call);
    const args = [
      '-q',
      '-s',
      ca,
      '-P',
      '',
      '-I',
      keyId,
      '-n',
      principal,
      ...rights,
      ...validity,
      `${identityFile}.pub`,
    ];
    await keygen(args, 'signing of a certificate', call);
    return { identityFile, certificateFile: `${identityFile}-cert.pub`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function keygen(args: readonly string[], name: string, call: Call): Promise<string> {
  const result = await runProcess({ name, file: 'ssh-keygen', args, ...call });
  if (result.exitCode === 0) return result.stdout;
  const log = lastLines(result.stderr || result.stdout);
  throw new GitopsError('host', `Unable to finish ${name}: ssh-keygen ended with ${result.exitCode}: ${log.at(-1)}`, {
    log,
  });
}

/** A failure is the answer to this call, not to all later ones. */
function forgetFailure<T>(promise: Promise<T>, forget: () => void): Promise<T> {
  promise.catch(forget);
  return promise;
}
