import { call, DEADLINES } from '../apply/deadlines.ts';
import { GitopsError } from '../model/errors.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Ports } from '../model/ports.ts';
import { parseProperties } from '../model/property-string.ts';

/** Where a container answers: the first address of its config, else the one that it got. */
export async function addressOf(
  { inventory, clock }: Ports,
  { config, node, vmid }: ContainerState,
  signal: AbortSignal,
): Promise<string> {
  const nets = Object.keys(config).filter((key) => /^net\d+$/.test(key));
  for (const key of nets.toSorted()) {
    const [address] = (parseProperties(config[key] ?? '').get('ip') ?? '').split('/');
    if (address !== undefined && /^\d+(?:\.\d+){3}$/.test(address)) return address;
  }
  const until = clock.now().getTime() + DEADLINES.reachable;
  for (let wait = 100; clock.now().getTime() < until; wait = Math.min(wait * 2, 2000)) {
    const found = await inventory.addresses(node, vmid, call(DEADLINES.read, signal));
    const address = found.find((entry) => entry.includes('.')) ?? found[0];
    if (address !== undefined) return address;
    await clock.sleep(wait, signal);
  }
  throw new GitopsError('remote', `Unable to reach container ${vmid}: it has no address that is known here`);
}
