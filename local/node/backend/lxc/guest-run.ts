import type { Layout } from './layout.ts';
import { CommandError, runCommand } from './run-command.ts';

const DEADLINE = 30_000;

/**
 * Runs a shell script inside a running container, as its root and with its limits. Values go in as arguments, never
 * into the script's text. What it prints is the container's word: nothing to act upon.
 */
export async function runInGuest(
  layout: Layout,
  vmid: number,
  script: string,
  args: readonly string[] = [],
  input?: string,
): Promise<void> {
  const attach = ['lxc-attach', '-P', layout.containers, '-n', String(vmid), '--clear-env'];
  const argv = [...attach, '--', '/bin/sh', '-c', script, 'sh', ...args];
  const result = await runCommand(argv, { timeout: DEADLINE, ...(input === undefined ? {} : { input }) });
  if (result.code !== 0 || result.ended !== undefined) {
    throw new Error(result.stderr.trim().split('\n').at(-1) || new CommandError(argv, result).message);
  }
}

/** Replaces a file of a running container; a stopped one's files are written from outside. */
export async function writeInGuest(layout: Layout, vmid: number, path: string, content: string): Promise<void> {
  await runInGuest(layout, vmid, 'umask 022; cat > "$1.pve-gitops" && mv -f "$1.pve-gitops" "$1"', [path], content);
}

/** Text of a file of a running container; empty when it cannot be read. */
export async function readInGuest(layout: Layout, vmid: number, path: string): Promise<string> {
  const argv = ['lxc-attach', '-P', layout.containers, '-n', String(vmid), '--clear-env', '--', '/bin/cat', path];
  return (await runCommand(argv, { timeout: DEADLINE })).stdout;
}
