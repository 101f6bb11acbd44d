import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostChanger } from './host-changer.ts';
import { startDaemon } from './host-daemon.ts';
import { isMountPoint } from './host-mounts.ts';
import { undoHostChange } from './host-undo.ts';
import type { Layout } from './layout.ts';
import { hasProgram } from './programs.ts';

/** Where the distribution's own service mounts it; lxc's configuration then uses that by itself. */
const SYSTEM = '/var/lib/lxcfs';

/**
 * Lets `free` and `nproc` show a container's own numbers. Returns where it is mounted; undefined: the system's runs
 * already, or there is none, and then containers see the machine's numbers.
 */
export async function openLxcfs(
  changer: HostChanger,
  layout: Layout,
  log: (line: string) => void,
): Promise<string | undefined> {
  if ((await isMountPoint(SYSTEM)) || !hasProgram('lxcfs') || !existsSync('/dev/fuse')) return undefined;
  const path = join(layout.run, 'lxcfs');
  const pidFile = join(layout.state, 'lxcfs.pid');
  const mount = { kind: 'mount', path } as const;
  const process = { kind: 'process', pidFile, mark: path } as const;
  if ((await isMountPoint(path)) && existsSync(join(path, 'proc/meminfo'))) return path;
  try {
    // One whose process died leaves a mount that answers nothing.
    await undoHostChange(mount);
    await mkdir(path, { recursive: true, mode: 0o711 });
    await changer.note(mount);
    await changer.leavesDirectory('/run/lxcfs');
    await changer.note(process);
    const ready = async (): Promise<boolean> => existsSync(join(path, 'proc/meminfo'));
    await startDaemon(['lxcfs', '-f', '-p', pidFile, path], join(layout.state, 'lxcfs.log'), ready);
    return path;
  } catch (error) {
    log(`containers see this machine's memory and cores: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
