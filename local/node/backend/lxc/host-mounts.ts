import { mkdir, readFile } from 'node:fs/promises';
import type { HostChanger } from './host-changer.ts';
import { runChecked } from './run-command.ts';

const DEADLINE = 60_000;

export async function isMountPoint(path: string): Promise<boolean> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  return mountinfo.split('\n').some((line) => line.split(' ')[4] === path);
}

/** Makes the mount that the journal then names, unless it is there. `argv` ends before the mount point. */
export async function ensureMount(changer: HostChanger, path: string, argv: readonly string[]): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o711 });
  if (await isMountPoint(path)) return;
  await changer.note({ kind: 'mount', path });
  await runChecked([...argv, path], { timeout: DEADLINE });
}
