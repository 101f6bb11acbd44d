import type { InterfaceState, NetworkInterface } from '../backend.ts';

export const LOOPBACK: InterfaceState = {
  name: 'lo',
  hwaddr: '00:00:00:00:00:00',
  addresses: [
    { address: '127.0.0.1', prefix: 8, family: 'inet' },
    { address: '::1', prefix: 128, family: 'inet6' },
  ],
};

/** Static addresses as given, DHCP ones made up from the vmid, and the link-local one that follows from the MAC. */
export function interfaceState(vmid: number, net: NetworkInterface): InterfaceState {
  const [address, prefix] = net.ip?.includes('/') === true ? net.ip.split('/') : [];
  const dhcp = net.ip === 'dhcp' ? `10.0.${Math.floor(vmid / 250) % 250}.${(vmid % 250) + 2}` : undefined;
  const inet = address ?? dhcp;
  return {
    name: net.name,
    hwaddr: net.hwaddr.toLowerCase(),
    addresses: [
      ...(inet === undefined ? [] : [{ address: inet, prefix: Number(prefix ?? 24), family: 'inet' as const }]),
      { address: linkLocal(net.hwaddr), prefix: 64, family: 'inet6' },
    ],
  };
}

function linkLocal(mac: string): string {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16));
  bytes[0] = (bytes[0] ?? 0) ^ 2;
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  const word = (high: number, low: number): string => ((high << 8) | low).toString(16);
  return `fe80::${word(a, b)}:${word(c, 0xff)}:${word(0xfe, d)}:${word(e, f)}`;
}
