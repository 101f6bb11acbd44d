import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

/** A real sshd of this machine with a configuration of its own, on a free port of the loopback interface. */
export interface SshDaemon {
  readonly port: number;
  /** SHA-256 fingerprint of each of its host keys. */
  readonly hostKeys: readonly string[];
  readonly directory: string;
  log(): string;
  /** Starts it (again). */
  start(): Promise<void>;
  /** Ends the listener and every connection at once; commands that run over them are left alone. */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

/** @param authority key part of the CA that may sign for root */
export async function createSshDaemon(authority: string): Promise<SshDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'sshd-'));
  const port = await freePort();
  const types = ['ed25519', 'ecdsa'];
  const hostKeys = types.map((type) => makeHostKey(join(directory, `host_${type}`), type));
  const authorized = join(directory, 'authorized_keys');
  writeFileSync(authorized, `cert-authority,principals="root" ${authority}\n`, { mode: 0o600 });
  const config = join(directory, 'sshd_config');
  const log = join(directory, 'log');
  writeFileSync(
    config,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...types.map((type) => `HostKey ${join(directory, `host_${type}`)}`),
      `AuthorizedKeysFile ${authorized}`,
      `PidFile ${join(directory, 'pid')}`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'UsePAM no',
      // What this machine's root does at login is not part of the test.
      `SetEnv HOME=${directory}`,
      // The files are the test's, below a directory that everybody can write to.
      'StrictModes no',
      'LogLevel VERBOSE',
      '',
    ].join('\n'),
  );
  writeFileSync(log, '');
  // A service of the distribution makes it at boot, where there is one.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  let listener: number | undefined;

  const stop = async () => {
    if (listener === undefined) return;
    const all = [listener, ...connectionsOf(listener)];
    listener = undefined;
    for (const pid of all) kill(pid);
    await until(() => !all.some(alive));
  };
  return {
    port,
    hostKeys,
    directory,
    log: () => readFileSync(log, 'utf8'),
    async start() {
      const child = spawn('/usr/sbin/sshd', ['-D', '-f', config, '-E', log], { stdio: 'ignore' });
      listener = child.pid;
      const failed = once(child, 'exit').then(() => {
        throw new Error(`sshd ended: ${readFileSync(log, 'utf8')}`);
      });
      failed.catch(() => undefined);
      await Promise.race([until(() => listening(port)), failed]);
    },
    stop,
    async remove() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeHostKey(path: string, type: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path]);
  return execFileSync('ssh-keygen', ['-l', '-f', path], { encoding: 'utf8' }).split(' ')[1] ?? '';
}

/** Looked up, not tried: a connection that does not log in would be counted against us. */
function listening(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .some((fields) => fields[1]?.endsWith(wanted) === true && fields[3] === '0A');
}

/** Whether this process still works; a zombie only waits for its parent. */
export function alive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

function connectionsOf(listener: number): readonly number[] {
  return readFileSync(`/proc/${listener}/task/${listener}/children`, 'utf8')
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map(Number);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** Asks again until it is so; the limit is a failure, not a pause. */
export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so within ${limitMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
