import { chmod, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { detectCgroups, parseCgroupMounts } from './cgroups.ts';
import { foreignRules } from './firewall-rules.ts';
import type { HostChange } from './host-change.ts';
import { stopProcess } from './pid-file.ts';
import { runCommand } from './run-command.ts';

const DEADLINE = 30_000;

async function quiet(argv: readonly string[]): Promise<{ readonly ok: boolean; readonly text: string }> {
  const result = await runCommand(argv, { timeout: DEADLINE }).catch(() => undefined);
  return { ok: result?.code === 0, text: `${result?.stdout ?? ''}${result?.stderr ?? ''}` };
}

/** Takes one change back. Nothing to do is success; what cannot be taken back is an error that names it. */
export async function undoHostChange(change: HostChange): Promise<void> {
  switch (change.kind) {
    case 'directory':
      await removeDirectory(change.path);
      // The folder of all nodes' folders goes with the last of them.
      await rmdir(dirname(change.path)).catch(() => undefined);
      return;
    case 'shared-directory':
      return await removeDirectory(change.path);
    case 'mount':
      return await unmount(change.path);
    case 'link':
      return await removeLink(change.name, change.address);
    case 'nft':
      await quiet(['nft', 'delete', 'table', change.family, change.table]);
      if ((await quiet(['nft', 'list', 'table', change.family, change.table])).ok) {
        throw new Error(`unable to delete nft table '${change.family} ${change.table}'`);
      }
      return;
    case 'nft-rule':
      for (const handle of await foreignRules(change)) {
        await quiet(['nft', 'delete', 'rule', change.family, change.table, change.chain, 'handle', String(handle)]);
      }
      return;
    case 'iptables':
      // A crash between writing down and inserting may have led to two of them.
      while ((await quiet(['iptables', '-w', '-D', change.chain, ...change.rule])).ok);
      return;
    case 'firewalld':
      await quiet(['firewall-cmd', '--zone=trusted', `--remove-interface=${change.name}`]);
      return;
    case 'process':
      return await stopProcess(change.pidFile, change.mark);
    case 'cgroup':
      return await removeCgroups(change.name);
    case 'sysctl':
      if ((await readFile(change.path, 'utf8')).trim() === change.after) await writeFile(change.path, change.before);
      return;
    case 'line':
      return await removeLine(change.file, change.line, change.existed);
    default:
      change satisfies never;
  }
}

/** Only empty folders go: below them volumes are mounted, and one that could not be unmounted must not be emptied. */
async function removeDirectory(path: string): Promise<void> {
  await unmountBelow(path);
  await removeTree(path);
  if (await stat(path).catch(() => undefined)) throw new Error(`unable to remove '${path}': it is not empty`);
}

function isMounted(mountinfo: string, path: string): boolean {
  return mountinfo.split('\n').some((line) => line.split(' ')[4] === path);
}

/** Mounts inside a folder of ours that a crash left: they would keep it busy. */
async function unmountBelow(path: string): Promise<void> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const below = lines.map((line) => line.split(' ')[4] ?? '').filter((target) => target.startsWith(`${path}/`));
  for (const target of below.sort((a, b) => b.length - a.length)) await quiet(['umount', target]);
}

async function unmount(path: string): Promise<void> {
  await unmountBelow(path);
  for (let left = 8; left > 0; left -= 1) {
    if (!isMounted(await readFile('/proc/self/mountinfo', 'utf8'), path)) return;
    const { ok, text } = await quiet(['umount', path]);
    if (!ok) throw new Error(`unable to unmount '${path}': ${text.trim()}`);
  }
}

async function removeLink(name: string, address: string): Promise<void> {
  const found = await readFile(`/sys/class/net/${name}/address`, 'utf8').catch(() => undefined);
  if (found?.trim() !== address) return;
  const { ok, text } = await quiet(['ip', 'link', 'delete', name]);
  if (!ok) throw new Error(`unable to delete interface '${name}': ${text.trim()}`);
}

/** lxc leaves the folders above a container's own group; empty ones can go, a busy one stays with its processes. */
async function removeCgroups(name: string): Promise<void> {
  const { unified, controllers } = parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  const roots = new Set([...controllers.values(), ...(unified === undefined ? [] : [unified])]);
  if (detectCgroups() === undefined) return;
  for (const root of roots) {
    for (const top of ['lxc', 'lxc.monitor']) {
      await removeTree(join(root, top, name));
      await rmdir(join(root, top)).catch(() => undefined);
    }
  }
}

async function removeTree(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  await rmdir(path).catch(() => undefined);
}

async function removeLine(file: string, line: string, existed: boolean): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.split('\n');
  const index = lines.indexOf(line);
  if (index < 0) return;
  lines.splice(index, 1);
  const rest = lines.join('\n');
  if (rest === '' && !existed) {
    await rm(file, { force: true });
    return;
  }
  const temporary = `${file}.pve-gitops`;
  await writeFile(temporary, rest);
  await chmod(temporary, (await stat(file)).mode & 0o7777);
  await rename(temporary, file);
}
