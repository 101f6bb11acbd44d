import type { ContainerSpec } from '../backend.ts';
import { saveSpec } from './container-prepare.ts';
import { runInGuest, writeInGuest } from './guest-run.ts';
import { hostnameFile } from './guest-text.ts';
import type { HostSession } from './host-session.ts';
import { changeInterfaces } from './live-interfaces.ts';
import { changeLimits } from './live-limits.ts';
import { addMounts } from './live-mounts.ts';
import { runChecked } from './run-command.ts';

const DEADLINE = 10_000;

/** The kernel's name at once and with our own program; the file is for the next login shells. */
async function changeHostname(session: HostSession, pid: number, after: ContainerSpec): Promise<void> {
  const name = hostnameFile(after);
  await runChecked(['nsenter', '-t', String(pid), '-u', 'hostname', name.trim()], { timeout: DEADLINE });
  if (after.ostype === 'unmanaged') return;
  await writeInGuest(session.layout, after.vmid, '/etc/hostname', name);
  // A running systemd-hostnamed keeps the old name in memory.
  await runInGuest(session.layout, after.vmid, 'systemctl try-restart systemd-hostnamed 2>/dev/null || true');
}

/**
 * Applies what differs to a running container. Throws HotplugError for the key that could not be changed; what was
 * applied before it stays, as on Proxmox VE.
 */
export async function changeContainer(
  session: HostSession,
  pid: number,
  before: ContainerSpec,
  after: ContainerSpec,
): Promise<void> {
  await changeLimits(session, pid, before, after);
  if (before.hostname !== after.hostname) await changeHostname(session, pid, after);
  await changeInterfaces(session, pid, before, after);
  await addMounts(session, before, after);
  await saveSpec(session, after);
}
