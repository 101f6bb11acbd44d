import type { Address, Desired, NetworkInterface } from '../model/desired.ts';

/** What a definition comes to, in one line: where, how reached, how large, what configures it. */
export function summaryOf(desired: Desired): string {
  const { name, stage, state, hostname, cores, memory, rootfs, engine, volumes, interfaces, depends } = desired;
  const parts = [
    vmidText(desired),
    hostname === name ? undefined : `host name ${hostname}`,
    ...interfaces.map(interfaceText),
    cores === undefined ? 'all cores' : counted(cores, 'core'),
    `${memory} MiB`,
    `${rootfs.storage}:${rootfs.size}`,
    volumes.length === 0 ? undefined : counted(volumes.length, 'volume'),
    depends.length === 0 ? undefined : `after ${depends.join(', ')}`,
    engine === 'none' ? 'nothing configures it' : `engine ${engine}`,
  ];
  const said = parts.filter((part) => part !== undefined).join(', ');
  return `${name}, stage ${stage}${state === 'absent' ? ', to be absent' : ''}: ${said}`;
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function vmidText({ vmid }: Desired): string {
  if (vmid.kind === 'lowest') return 'lowest free vmid';
  return vmid.id === undefined ? `vmid ${vmid.vmid}` : `vmid ${vmid.vmid} (ID ${vmid.id} + ${vmid.base ?? 0})`;
}

function interfaceText({ name, bridge, vlan, ipv4, ipv6 }: NetworkInterface): string {
  const addresses = [addressText(ipv4), ...(ipv6 === undefined ? [] : [addressText(ipv6)])];
  const at = vlan === undefined ? bridge : `${bridge} VLAN ${vlan}`;
  return `${name} ${addresses.join(' and ')} on ${at}`;
}

function addressText(address: Address | NonNullable<NetworkInterface['ipv6']>): string {
  if (address.kind === 'static') return `${address.address}/${address.prefix}`;
  return address.kind === 'none' ? 'without IPv4' : address.kind;
}
