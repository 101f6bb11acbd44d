import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, TaskLog } from '../backend.ts';
import type { GuestFiles } from './guest-files.ts';
import { runChecked } from './run-command.ts';

const KINDS = ['rsa', 'ecdsa', 'ed25519'] as const;

/** The comment that Proxmox VE gives host keys: the name that was asked for, else `localhost`. */
export function hostKeyComment(spec: Pick<ContainerSpec, 'hostname' | 'vmid'>): string {
  const name = spec.hostname === `CT${spec.vmid}` ? 'localhost' : spec.hostname.split('.')[0];
  return `root@${name}`;
}

/** `SHA256:…` of a public key line, as ssh prints it. */
export function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/**
 * Makes the SSH host keys on the host and puts them into a container that has an SSH server, each with the two log
 * lines from which clients pin it. In there, trixie's own unit would make them on a first boot only.
 */
export async function writeHostKeys(
  files: GuestFiles,
  spec: ContainerSpec,
  workDirectory: string,
  log: TaskLog,
  signal: AbortSignal,
): Promise<void> {
  if (!(await files.exists('/etc/ssh'))) return;
  const comment = hostKeyComment(spec);
  const directory = await mkdtemp(join(workDirectory, 'host-keys-'));
  try {
    const made = KINDS.map((kind) =>
      runChecked(['ssh-keygen', '-q', '-t', kind, '-N', '', '-C', comment, '-f', join(directory, kind)], {
        timeout: 60_000,
        signal,
      }),
    );
    // All at once, but logged one after the other; a failed one must not leave others running.
    await Promise.allSettled(made);
    for (const [index, kind] of KINDS.entries()) {
      const name = `ssh_host_${kind}_key`;
      log(`Creating SSH host key '${name}' - this may take some time ...`);
      await made[index];
      const publicKey = await readFile(join(directory, `${kind}.pub`), 'utf8');
      await files.write(`/etc/ssh/${name}`, await readFile(join(directory, kind), 'utf8'), { mode: 0o600 });
      await files.write(`/etc/ssh/${name}.pub`, publicKey, { mode: 0o644 });
      log(`done: ${fingerprint(publicKey)} ${comment}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
