import type { Ports } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

/**
 * The address that a container has got, waited for; undefined: none in time. IPv4 before IPv6, which is taken only where
 * `ipv6` says so.
 */
export async function leasedAddress(
  { inventory, clock }: Pick<Ports, 'inventory' | 'clock'>,
  { node, vmid, ipv6 = false }: { readonly node: string; readonly vmid: number; readonly ipv6?: boolean },
  signal: AbortSignal,
): Promise<string | undefined> {
  const until = clock.now().getTime() + DEADLINES.reachable;
  for (let wait = 100; clock.now().getTime() < until; wait = Math.min(wait * 2, 2000)) {
    const found = await inventory.addresses(node, vmid, call(DEADLINES.read, signal));
    const address = found.find((entry) => entry.includes('.')) ?? (ipv6 ? found[0] : undefined);
    if (address !== undefined) return address;
    await clock.sleep(wait, signal);
  }
  return undefined;
}
