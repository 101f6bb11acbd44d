import type { InterfaceState } from '../backend.ts';
import { runCommand } from './run-command.ts';

const DEADLINE = 10_000;

interface IpAddressOutput {
  readonly ifname?: string;
  readonly address?: string;
  readonly addr_info?: readonly { readonly family?: string; readonly local?: string; readonly prefixlen?: number }[];
}

/** What `ip -j address` says. Interfaces without a name, as the kernel's leftovers print, are passed over. */
export function parseInterfaces(text: string): readonly InterfaceState[] {
  return (JSON.parse(text) as readonly IpAddressOutput[]).flatMap(({ ifname, address, addr_info: info }) => {
    if (ifname === undefined) return [];
    const addresses = (info ?? []).flatMap(({ family, local, prefixlen }) =>
      (family === 'inet' || family === 'inet6') && local !== undefined && prefixlen !== undefined
        ? [{ address: local, prefix: prefixlen, family: family as 'inet' | 'inet6' }]
        : [],
    );
    return [{ name: ifname, hwaddr: address ?? '00:00:00:00:00:00', addresses }];
  });
}

/** The host's own `ip` in the container's network namespace: no program of the container runs. */
export function inGuestNetwork(pid: number): readonly string[] {
  return ['nsenter', '-t', String(pid), '-n'];
}

/** Interfaces as the container has them now; none when it ended meanwhile. */
export async function guestInterfaces(pid: number): Promise<readonly InterfaceState[]> {
  const result = await runCommand([...inGuestNetwork(pid), 'ip', '-j', 'address'], { timeout: DEADLINE });
  return result.code === 0 ? parseInterfaces(result.stdout) : [];
}
