import { existsSync } from 'node:fs';
import type { ContainerSpec, NetworkInterface } from '../backend.ts';
import { HotplugError } from '../backend.ts';
import { hostBridge } from './container-prepare.ts';
import { debianInterfaces, networkdUnit } from './debian-network.ts';
import { serveDhcp } from './dnsmasq.ts';
import { inGuestNetwork } from './guest-interfaces.ts';
import { readInGuest, runInGuest, writeInGuest } from './guest-run.ts';
import type { HostSession } from './host-session.ts';
import { hostInterface } from './interface-names.ts';
import { prepareVlans, shapeInterface } from './interface-traffic.ts';
import { runChecked, runCommand } from './run-command.ts';

const DEADLINE = 15_000;

/** What can only change with a new interface. */
function identity(iface: NetworkInterface): string {
  return JSON.stringify([iface.name, iface.hwaddr.toLowerCase(), iface.bridge, iface.tag, iface.mtu]);
}

function addressing(iface: NetworkInterface): string {
  return JSON.stringify([iface.ip, iface.gw, iface.ip6, iface.gw6]);
}

async function remove(session: HostSession, vmid: number, iface: NetworkInterface): Promise<void> {
  const name = hostInterface(session.network.bridge, vmid, iface.index);
  if (!existsSync(`/sys/class/net/${name}`)) return;
  await runChecked(['ip', 'link', 'delete', name], { timeout: DEADLINE });
}

async function add(session: HostSession, pid: number, vmid: number, iface: NetworkInterface): Promise<void> {
  const bridge = hostBridge(session, iface.bridge);
  await prepareVlans(bridge, [iface]);
  await remove(session, vmid, iface);
  const name = hostInterface(bridge, vmid, iface.index);
  const mtu = iface.mtu === undefined ? [] : ['mtu', String(iface.mtu)];
  const ip = (...args: readonly string[]): Promise<string> => runChecked(['ip', ...args], { timeout: DEADLINE });
  // Made in the container's namespace from the start: its name may be one that the host uses.
  const peer = ['peer', 'name', iface.name, 'address', iface.hwaddr, ...mtu, 'netns', String(pid)];
  await ip('link', 'add', name, ...mtu, 'type', 'veth', ...peer);
  try {
    await ip('link', 'set', name, 'master', bridge, 'up');
    if (iface.tag !== undefined) {
      const vlan = ['vid', String(iface.tag), 'dev', name, 'pvid', 'untagged'];
      await runChecked(['bridge', 'vlan', 'add', ...vlan], { timeout: DEADLINE });
      await runChecked(['bridge', 'vlan', 'del', 'vid', '1', 'dev', name], { timeout: DEADLINE });
    }
  } catch (error) {
    await remove(session, vmid, iface);
    throw error;
  }
}

/** Gives a running interface its addresses and routes, with the host's own program. */
async function address(pid: number, iface: NetworkInterface): Promise<void> {
  const { name } = iface;
  const ip = (...args: readonly string[]): Promise<string> =>
    runChecked([...inGuestNetwork(pid), 'ip', ...args], { timeout: DEADLINE });
  await ip('link', 'set', name, 'up');
  for (const [family, value, gateway] of [
    ['-4', iface.ip, iface.gw],
    ['-6', iface.ip6, iface.gw6],
  ] as const) {
    if (value === 'dhcp' || value === 'auto' || (family === '-6' && value === undefined)) continue;
    await ip(family, 'address', 'flush', 'dev', name, 'scope', 'global');
    if (value === undefined || value === 'manual') continue;
    await ip(family, 'address', 'add', value, 'dev', name);
    if (gateway !== undefined) await ip(family, 'route', 'replace', 'default', 'via', gateway, 'dev', name, 'onlink');
  }
}

/** So that the container's own network scripts say the same at its next boot. */
async function writeFiles(session: HostSession, before: ContainerSpec, after: ContainerSpec): Promise<void> {
  const { layout } = session;
  if (after.ostype === 'unmanaged') return;
  const existing = await readInGuest(layout, after.vmid, '/etc/network/interfaces');
  if (existing !== '') {
    const gone = before.interfaces.filter(({ name }) => !after.interfaces.some((iface) => iface.name === name));
    const text = debianInterfaces(
      after.interfaces,
      existing,
      gone.map(({ name }) => name),
    );
    await writeInGuest(layout, after.vmid, '/etc/network/interfaces', text);
    return;
  }
  for (const iface of after.interfaces) {
    const file = `/etc/systemd/network/${iface.name}.network`;
    await writeInGuest(layout, after.vmid, file, networkdUnit(iface)).catch(() => undefined);
  }
}

async function askForLease(session: HostSession, vmid: number, iface: NetworkInterface): Promise<void> {
  if (iface.ip !== 'dhcp') return;
  await runInGuest(session.layout, vmid, 'ifdown --force "$1" 2>/dev/null; ifup "$1"', [iface.name]);
}

async function changeOne(
  session: HostSession,
  pid: number,
  vmid: number,
  old: NetworkInterface | undefined,
  iface: NetworkInterface,
): Promise<boolean> {
  const fresh = old === undefined || identity(old) !== identity(iface);
  if (fresh) await add(session, pid, vmid, iface);
  const addressed = fresh || addressing(old) !== addressing(iface);
  if (addressed) await address(pid, iface);
  await shapeInterface(vmid, session.network.bridge, iface);
  return addressed;
}

/** Adds, changes and removes interfaces of a running container. */
export async function changeInterfaces(
  session: HostSession,
  pid: number,
  before: ContainerSpec,
  after: ContainerSpec,
): Promise<void> {
  const leases: NetworkInterface[] = [];
  await serveDhcp(session.changer, session.layout, session.network, after.interfaces);
  let changed = false;
  for (const old of before.interfaces) {
    if (after.interfaces.some(({ index }) => index === old.index)) continue;
    await remove(session, after.vmid, old);
    changed = true;
  }
  for (const iface of after.interfaces) {
    const old = before.interfaces.find(({ index }) => index === iface.index);
    if (JSON.stringify(old) === JSON.stringify(iface)) continue;
    try {
      if (await changeOne(session, pid, after.vmid, old, iface)) leases.push(iface);
    } catch (error) {
      throw new HotplugError(`net${iface.index}`, error instanceof Error ? error.message : String(error));
    }
    changed = true;
  }
  if (!changed) return;
  await writeFiles(session, before, after);
  for (const iface of leases) await askForLease(session, after.vmid, iface);
}

/** After a start: what lxc's config does not cover. */
export async function finishInterfaces(
  session: HostSession,
  spec: ContainerSpec,
  log: (line: string) => void,
): Promise<void> {
  for (const iface of spec.interfaces) {
    if (iface.rate === undefined && !iface.linkDown) continue;
    for (const warning of await shapeInterface(spec.vmid, session.network.bridge, iface)) log(`WARN: ${warning}`);
  }
}

/** Interfaces that a crash left behind would keep lxc from making them anew. */
export async function removeLeftovers(session: HostSession, spec: ContainerSpec): Promise<void> {
  for (const iface of spec.interfaces) {
    const name = hostInterface(session.network.bridge, spec.vmid, iface.index);
    if (existsSync(`/sys/class/net/${name}`)) await runCommand(['ip', 'link', 'delete', name], { timeout: DEADLINE });
  }
}
