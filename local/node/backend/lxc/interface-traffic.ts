import type { NetworkInterface } from '../backend.ts';
import { hostInterface } from './interface-names.ts';
import { runCommand } from './run-command.ts';

const DEADLINE = 10_000;

async function attempt(...argv: readonly string[]): Promise<string | undefined> {
  const result = await runCommand(argv, { timeout: DEADLINE });
  return result.code === 0 ? undefined : result.stderr.trim();
}

/**
 * What lxc's config cannot say about the host's end: a rate, a VLAN, a link that is down. Returns warnings, because a
 * kernel may lack the one part that polices what a container sends.
 */
export async function shapeInterface(
  vmid: number,
  bridge: string,
  iface: NetworkInterface,
): Promise<readonly string[]> {
  const name = hostInterface(bridge, vmid, iface.index);
  const warnings: string[] = [];
  const warn = (what: string, reason: string | undefined): void => {
    if (reason !== undefined) warnings.push(`net${iface.index}: ${what}: ${reason}`);
  };
  warn('unable to set the link', await attempt('ip', 'link', 'set', name, iface.linkDown ? 'down' : 'up'));
  await attempt('tc', 'qdisc', 'delete', 'dev', name, 'root');
  await attempt('tc', 'qdisc', 'delete', 'dev', name, 'ingress');
  if (iface.rate === undefined || iface.rate === 0) return warnings;
  const rate = ['rate', `${Math.round(iface.rate * 8 * 1000)}kbit`, 'burst', '1mb'];
  warn(
    'unable to limit the rate',
    await attempt('tc', 'qdisc', 'replace', 'dev', name, 'root', 'tbf', ...rate, 'latency', '100ms'),
  );
  const ingress = await attempt('tc', 'qdisc', 'add', 'dev', name, 'handle', 'ffff:', 'ingress');
  const filter = ['tc', 'filter', 'add', 'dev', name, 'parent', 'ffff:', 'matchall', 'action', 'police'];
  warn('unable to limit what it sends', ingress ?? (await attempt(...filter, ...rate, 'conform-exceed', 'drop')));
  return warnings;
}

/** VLANs need a bridge that knows them; ours learns it with the first interface that has a tag. */
export async function prepareVlans(bridge: string, interfaces: readonly NetworkInterface[]): Promise<void> {
  if (interfaces.every(({ tag }) => tag === undefined)) return;
  const failed = await attempt('ip', 'link', 'set', bridge, 'type', 'bridge', 'vlan_filtering', '1');
  if (failed !== undefined) throw new Error("bridge 'vmbr0' has no VLANs: this machine's kernel does not support them");
}
