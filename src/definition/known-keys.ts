import { nearest } from '../model/nearest.ts';

/** What Proxmox VE and others call our keys. */
const ALSO: ReadonlyMap<string, string> = new Map([
  ...pairs('ip', 'address', 'ipv4', 'ip4'),
  ...pairs('ip6', 'address6', 'ipv6'),
  ...pairs('gateway', 'gw'),
  ...pairs('gateway6', 'gw6'),
  ...pairs('vlan', 'tag', 'vlan_id'),
  ...pairs('mac', 'hwaddr', 'mac_address'),
  ...pairs('connected', 'link_down'),
  ...pairs('interfaces', 'net0', 'net', 'network', 'networks'),
  ...pairs('volumes', 'mp0', 'disks'),
  ...pairs('mount', 'bind'),
  ...pairs('devices', 'dev0'),
  ...pairs('disk', 'rootfs'),
  ...pairs('path', 'mp', 'target', 'container_path'),
  ...pairs('host', 'source', 'host_path'),
  ...pairs('read_only', 'ro', 'readonly'),
  ...pairs('options', 'mountoptions', 'mount_options'),
  ...pairs('boot', 'onboot'),
  ...pairs('cores', 'cpus', 'cpu'),
  ...pairs('memory', 'ram'),
  ...pairs('cpu_limit', 'cpulimit'),
  ...pairs('cpu_units', 'cpuunits'),
  ...pairs('template', 'ostemplate', 'image'),
  ...pairs('hostname', 'name'),
  ...pairs('nameserver', 'dns'),
  ...pairs('depends', 'depends_on', 'needs'),
  ...pairs('description', 'notes'),
  ...pairs('health', 'healthcheck', 'checks'),
]);

function pairs(key: string, ...words: readonly string[]): [string, string][] {
  return words.map((word) => [word, key]);
}

/** How to mend a key that nobody knows: the one that was meant, or all that there are. */
export function unknownKeyFix(word: string, known: readonly string[]): string {
  const there = new Map(known.map((key) => [key.toLowerCase(), key]));
  const words = [...there.keys(), ...[...ALSO].flatMap(([other, key]) => (there.has(key) ? [other] : []))];
  const near = nearest(word, words);
  const meant = near === undefined ? undefined : (there.get(near) ?? there.get(ALSO.get(near) ?? ''));
  return meant === undefined ? `known keys: ${known.join(', ')}` : `did you mean ${meant}?`;
}
