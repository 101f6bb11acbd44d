import { BlockList } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Whether an IPv4 address is in a network that this machine has an interface in, so that only its owner answers for it. */
export function isOnLink(address: string): boolean {
  const own = new BlockList();
  for (const entry of Object.values(networkInterfaces()).flat()) {
    if (entry?.family !== 'IPv4' || entry.cidr === null) continue;
    own.addSubnet(entry.address, Number(entry.cidr.split('/')[1]), 'ipv4');
  }
  return own.check(address, 'ipv4');
}
