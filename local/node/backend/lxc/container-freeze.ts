import { ENVIRONMENT } from './container-power.ts';
import type { Layout } from './layout.ts';
import type { CommandResult } from './run-command.ts';
import { CommandError, runCommand } from './run-command.ts';

const DEADLINE = 30_000;

async function lxc(layout: Layout, program: string, vmid: number, ...more: readonly string[]): Promise<CommandResult> {
  const argv = [program, '-P', layout.containers, '-n', String(vmid), ...more];
  return await runCommand(argv, { timeout: DEADLINE, env: ENVIRONMENT });
}

async function thaw(layout: Layout, vmid: number): Promise<void> {
  const result = await lxc(layout, 'lxc-unfreeze', vmid);
  if (result.code !== 0) throw new CommandError(['lxc-unfreeze', '-n', String(vmid)], result);
}

/** Runs the work while every process of a running container stands still. */
export async function whileFrozen<T>(layout: Layout, vmid: number, work: () => Promise<T>): Promise<T> {
  const frozen = await lxc(layout, 'lxc-freeze', vmid);
  if (frozen.code !== 0) {
    // it may have come half-way
    await lxc(layout, 'lxc-unfreeze', vmid);
    throw new CommandError(['lxc-freeze', '-n', String(vmid)], frozen);
  }
  try {
    return await work();
  } finally {
    await thaw(layout, vmid);
  }
}

/** Lets a container go on that a killed node left frozen. */
export async function thawFrozen(layout: Layout, vmid: number, log: (line: string) => void): Promise<void> {
  const state = (await lxc(layout, 'lxc-info', vmid, '-s', '-H')).stdout.trim();
  if (state !== 'FROZEN') return;
  log(`container ${vmid} was left frozen: it goes on`);
  await thaw(layout, vmid);
}
