import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ContainerSpec, TaskLog } from '../backend.ts';
import { debianInterfaces, networkdUnit } from './debian-network.ts';
import type { GuestFiles } from './guest-files.ts';
import type { Resolver } from './guest-text.ts';
import { guestResolver, hostnameFile, hostsFile, resolvConf, shadowWithRootPassword } from './guest-text.ts';
import { sha512Crypt } from './sha512-crypt.ts';

const DAY = 86_400_000;

async function hostText(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/** The container's fixed IPv4 addresses, without prefix. */
export function fixedAddresses(spec: ContainerSpec): readonly string[] {
  return spec.interfaces.flatMap(({ ip }) => {
    const address = ip === undefined || ip === 'dhcp' || ip === 'manual' ? undefined : ip.split('/')[0];
    return address === undefined ? [] : [address];
  });
}

/**
 * What Proxmox VE writes into a container at every start: name, addresses, resolver, time zone. Containers of type
 * `unmanaged` are left as they are.
 */
export async function writeSettings(files: GuestFiles, spec: ContainerSpec, host: Resolver): Promise<void> {
  if (spec.ostype === 'unmanaged') return;
  await files.makeDirectory('/etc', { mode: 0o755 });
  await files.write('/etc/hostname', hostnameFile(spec));
  const hosts = (await files.read('/etc/hosts')) ?? '127.0.0.1 localhost\n';
  await files.write('/etc/hosts', hostsFile(hosts, spec, fixedAddresses(spec)[0]));
  await files.write('/etc/resolv.conf', resolvConf(guestResolver(spec.nameserver, spec.searchdomain, host)));
  await writeNetwork(files, spec);
  if (spec.timezone !== undefined) await writeTimezone(files, spec.timezone);
}

/** ifupdown where the template has it, else systemd-networkd. */
async function writeNetwork(files: GuestFiles, spec: ContainerSpec): Promise<void> {
  if (await files.exists('/etc/network')) {
    const existing = await files.read('/etc/network/interfaces');
    await files.write('/etc/network/interfaces', debianInterfaces(spec.interfaces, existing));
    return;
  }
  if (!(await files.exists('/etc/systemd'))) return;
  await files.makeDirectory('/etc/systemd/network', { mode: 0o755 });
  for (const iface of spec.interfaces) {
    await files.write(`/etc/systemd/network/${iface.name}.network`, networkdUnit(iface));
  }
}

/** `host`: the machine's own zone. A zone that the template does not know is left out, as Proxmox VE does. */
async function writeTimezone(files: GuestFiles, timezone: string): Promise<void> {
  const zone = timezone === 'host' ? (await hostText('/etc/timezone')).trim() : timezone;
  if (zone === '' || zone.includes('..')) return;
  if (!(await files.exists(`/usr/share/zoneinfo/${zone}`))) return;
  await files.link('/etc/localtime', `/usr/share/zoneinfo/${zone}`);
  if (await files.exists('/etc/timezone')) await files.write('/etc/timezone', `${zone}\n`);
}

export interface FirstSettings {
  readonly password?: string;
  readonly sshPublicKeys?: string;
}

/** What is done once, when a container is made from a template. */
export async function writeFirstSettings(files: GuestFiles, options: FirstSettings): Promise<void> {
  // Two containers with one machine id would get the same DHCP lease; systemd makes a new one at boot.
  await files.remove('/etc/machine-id');
  await files.remove('/var/lib/dbus/machine-id');
  if (options.password !== undefined) {
    const shadow = await files.read('/etc/shadow');
    if (shadow === undefined) throw new Error('unable to set the root password: the template has no /etc/shadow');
    const hash = sha512Crypt(options.password, randomBytes(12).toString('base64').replaceAll('+', '.'));
    const text = shadowWithRootPassword(shadow, hash, Math.floor(Date.now() / DAY));
    await files.write('/etc/shadow', text, { mode: 0o640, gid: await shadowGroup(files) });
  }
  if (options.sshPublicKeys !== undefined) {
    await files.makeDirectory('/root/.ssh', { mode: 0o700 });
    await files.write('/root/.ssh/authorized_keys', `${options.sshPublicKeys.trimEnd()}\n`, { mode: 0o600 });
  }
}

/**
 * A copy gets a machine id of its own at its next boot. The file stays, empty: without it systemd would take the boot
 * for the first one and apply presets over what was configured.
 */
export async function clearMachineId(files: GuestFiles, spec: ContainerSpec): Promise<void> {
  if (spec.ostype === 'unmanaged') return;
  if (await files.exists('/etc/machine-id')) await files.write('/etc/machine-id', '');
  await files.remove('/var/lib/dbus/machine-id');
}

async function shadowGroup(files: GuestFiles): Promise<number> {
  const match = /^shadow:[^:]*:(\d+):/m.exec((await files.read('/etc/group')) ?? '');
  return Number(match?.[1] ?? 0);
}

const MACHINES: Readonly<Record<number, string>> = {
  62: 'amd64',
  183: 'arm64',
  40: 'armhf',
  3: 'i386',
  243: 'riscv64',
};

/** Proxmox VE's line about a template's architecture, from the header of its shell. */
export function architectureLine(header: Buffer, log: TaskLog): void {
  if (header.length < 20 || header.toString('latin1', 0, 4) !== '\x7fELF') return;
  const arch = MACHINES[header.readUInt16LE(18)];
  if (arch !== undefined) log(`Detected container architecture: ${arch}`);
}
