import { call, DEADLINES } from '../apply/deadlines.ts';
import { leasedAddress } from '../apply/leased-address.ts';
import type { Desired } from '../model/desired.ts';
import type { Ports, Source } from '../model/ports.ts';
import { ContainerRun, type RunOptions } from '../run.ts';

type Options = Pick<RunOptions, 'settings' | 'desired' | 'signal'>;

export const isControlPlane = async (source: Source, definition: string): Promise<boolean> =>
  (await source.list(definition))?.includes('control-plane.yml') === true;

/** Those that the definition says. */
export function fixedAddresses({ interfaces }: Desired): readonly string[] {
  return interfaces.flatMap(({ ipv4 }) => (ipv4.kind === 'static' ? [ipv4.address] : []));
}

/** Addresses that the node sees the container have now; one that has just been started is waited for. Empty: it does not run. */
export async function addressesNow(
  ports: Ports,
  options: Options,
  { wait }: { readonly wait: boolean },
): Promise<readonly string[]> {
  const { signal } = options;
  const run = new ContainerRun(ports, { ...options, scope: 'plan' });
  try {
    const seen = await run.observe();
    if (seen.kind === 'absent' || !seen.state.running) return [];
    const { node, vmid } = seen.state;
    if (!wait) return await ports.inventory.addresses(node, vmid, call(DEADLINES.read, signal));
    const address = await leasedAddress(ports, { node, vmid, ipv6: true }, signal);
    return address === undefined ? [] : [address];
  } finally {
    await run.close();
  }
}
