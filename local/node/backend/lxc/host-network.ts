import { readdir, readFile, writeFile } from 'node:fs/promises';
import { makeRule, neededRules } from './firewall-rules.ts';
import type { HostChange } from './host-change.ts';
import type { HostChanger } from './host-changer.ts';
import { bridgeAddress } from './interface-names.ts';
import { runChecked, runCommand } from './run-command.ts';

const DEADLINE = 15_000;
const FIRST_BRIDGE = 'pgobr';
const MOST_BRIDGES = 10;

export interface HostNetwork {
  /** The host's name of the bridge behind the API's `vmbr0`. */
  readonly bridge: string;
  /** The bridge's own address, the containers' gateway, without prefix. */
  readonly gateway: string;
  readonly prefix: number;
  readonly network: string;
}

/** `10.88.0.0/16`: the bridge is its first address. */
export function parseNetwork(network: string): { readonly gateway: string; readonly prefix: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(network);
  const [a, b, c, d, prefix] = (match ?? []).slice(1).map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined || prefix === undefined) {
    throw new Error(`'${network}' is not an IPv4 network`);
  }
  if (prefix < 8 || prefix > 29 || [a, b, c, d].some((part) => part > 255)) {
    throw new Error(`'${network}' is not an IPv4 network`);
  }
  return { gateway: `${a}.${b}.${c}.${d + 1}`, prefix };
}

async function run(...argv: readonly string[]): Promise<string> {
  return await runChecked(argv, { timeout: DEADLINE });
}

async function linkAddress(name: string): Promise<string | undefined> {
  return (await readFile(`/sys/class/net/${name}/address`, 'utf8').catch(() => undefined))?.trim();
}

/** The bridge of an earlier run, else the first name that is free; names are taken by making the bridge. */
async function makeBridge(changer: HostChanger, id: string): Promise<string> {
  const names = Array.from({ length: MOST_BRIDGES }, (_, index) => `${FIRST_BRIDGE}${index}`);
  for (const name of names) {
    if ((await linkAddress(name)) === bridgeAddress(id, name)) return name;
  }
  const known = changer.changes().flatMap((change) => (change.kind === 'link' ? [change.name] : []));
  for (const name of [...known, ...names]) {
    if ((await linkAddress(name)) !== undefined) continue;
    const change: HostChange = { kind: 'link', name, address: bridgeAddress(id, name) };
    await changer.note(change);
    const argv = ['ip', 'link', 'add', name, 'address', change.address, 'type', 'bridge'];
    const result = await runCommand(argv, { timeout: DEADLINE });
    if (result.code === 0) return name;
    await changer.drop(change);
    // Somebody else may have taken the name between the look and the call.
    if ((await linkAddress(name)) === undefined)
      throw new Error(`unable to make bridge '${name}': ${result.stderr.trim()}`);
  }
  throw new Error(`unable to make a bridge: ${FIRST_BRIDGE}0 to ${FIRST_BRIDGE}${MOST_BRIDGES - 1} are taken`);
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** An address range that the host uses elsewhere would cut that network off. */
async function refuseOverlap(network: string, bridge: string): Promise<void> {
  // Inside of it, and around it.
  const within = await run('ip', '-j', 'route', 'show', 'root', network);
  const around = await run('ip', '-j', 'route', 'show', 'match', network);
  const routes = [within, around].flatMap((text) => (text.trim() === '' ? [] : (JSON.parse(text) as readonly Route[])));
  const other = routes.find(({ dst, dev }) => dst !== 'default' && dev !== bridge);
  if (other !== undefined) {
    throw new Error(
      `network ${network} is in use on this machine: ${other.dst} on ${other.dev ?? 'another interface'}`,
    );
  }
}

function nftRules(bridge: string, network: string): string {
  return [
    `table ip ${bridge}`,
    `delete table ip ${bridge}`,
    `table ip ${bridge} {`,
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${network} ip daddr != ${network} masquerade`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifname "${bridge}" accept`,
    `    oifname "${bridge}" ct state established,related accept`,
    '  }',
    '}',
    '',
  ].join('\n');
}

/**
 * How the host looks for a container that is still booting. The kernel's own pace, one question a second, adds up to
 * a second to the first connection; the number of questions grows so that it does not give up sooner.
 */
async function askOften(bridge: string): Promise<void> {
  const folder = `/proc/sys/net/ipv4/neigh/${bridge}`;
  await writeFile(`${folder}/retrans_time_ms`, '50').catch(() => undefined);
  await writeFile(`${folder}/mcast_solicit`, '60').catch(() => undefined);
}

/**
 * Forgets who had these addresses. A container made anew under the address of an old one has another MAC, and the
 * host would talk to the old one for half a minute.
 */
export async function forgetNeighbours(bridge: string, addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    await runCommand(['ip', 'neighbour', 'flush', 'to', address, 'dev', bridge], { timeout: DEADLINE });
  }
}

/** Lets the bridge's traffic through firewalls that came or changed since; cheap, so it is done at every start. */
export async function passFirewalls(changer: HostChanger, bridge: string, log: (line: string) => void): Promise<void> {
  for (const change of await neededRules(bridge, bridge)) {
    await changer.note(change);
    const failed = await makeRule(change, bridge);
    if (failed !== undefined) log(`WARN: a firewall may stop the containers' traffic: ${failed}`);
  }
}

/** Bridge, address, forwarding, masquerade. Everything may be there already. */
export async function openHostNetwork(
  changer: HostChanger,
  id: string,
  network: string,
  log: (line: string) => void,
): Promise<HostNetwork> {
  const { gateway, prefix } = parseNetwork(network);
  await changer.sysctl('/proc/sys/net/ipv4/ip_forward', '1');
  const bridge = await makeBridge(changer, id);
  await refuseOverlap(network, bridge);
  await run('ip', 'address', 'replace', `${gateway}/${prefix}`, 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
  await askOften(bridge);
  await changer.note({ kind: 'nft', family: 'ip', table: bridge });
  await runChecked(['nft', '-f', '-'], { timeout: DEADLINE, input: nftRules(bridge, network) });
  await passFirewalls(changer, bridge, log);
  return { bridge, gateway, prefix, network };
}

/** Interfaces on the bridge; a leftover veth of ours would keep its name taken. */
export async function portsOf(bridge: string): Promise<readonly string[]> {
  return await readdir(`/sys/class/net/${bridge}/brif`).catch(() => []);
}
