import type { HealthCheck } from '../model/definition.ts';
import type { Call, Shell } from '../model/ports.ts';

/** TCP ports that take connections from outside the container, ascending; one round trip, no package needed. */
export async function listeningPorts(shell: Shell, call: Call): Promise<readonly number[]> {
  const argv = ['cat', '/proc/net/tcp', '/proc/net/tcp6'];
  // Where IPv6 is off the second file is missing and cat fails, having shown the first.
  const { stdout } = await shell.run({ name: 'listening ports', argv }, call);
  return readListening(stdout);
}

/** Exported for its tests. Columns of /proc/net/tcp: number, local address:port in hex, remote, state (0A: LISTEN). */
export function readListening(table: string): readonly number[] {
  const ports = new Set<number>();
  for (const line of table.split('\n')) {
    const match = /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ 0A /.exec(line);
    if (match === null || isLoopback(match[1] ?? '')) continue;
    ports.add(Number.parseInt(match[2] ?? '', 16));
  }
  return [...ports].sort((a, b) => a - b);
}

/** Words of an address stand in the machine's byte order: little-endian on every platform of Proxmox VE. */
function isLoopback(address: string): boolean {
  const ipv4 = address.length === 8 ? address : /^0{16}FFFF0000(.{8})$/.exec(address)?.[1];
  return ipv4?.endsWith('7F') ?? /^0{24}01000000$/.test(address);
}

const WEB: readonly (readonly [number, 'http' | 'https'])[] = [
  [80, 'http'],
  [443, 'https'],
  [8080, 'http'],
];

/** Addresses to try: those of the http checks, and of web ports that are open though no check names them. */
export function serviceUrls(
  address: string,
  checks: readonly HealthCheck[],
  ports: readonly number[],
): readonly string[] {
  const named = checks.flatMap((check) => (check.kind === 'http' ? [publicUrl(address, check.url)] : []));
  const open = WEB.filter(([port]) => ports.includes(port)).map(
    ([port, scheme]) => `${scheme}://${host(address)}:${port}/`,
  );
  const urls = [...named, ...open.map(publicForm)];
  const origin = (url: string) => /^[^/]+\/\/[^/]+/.exec(url)?.[0];
  return urls.filter((url, index) => urls.findIndex((other) => origin(other) === origin(url)) === index);
}

function publicUrl(address: string, url: string): string {
  return publicForm(url.replace(/^(https?:\/\/)(?:localhost|127\.0\.0\.1)?(?=[:/]|$)/, `$1${host(address)}`));
}

/** Without the port that goes without saying. */
function publicForm(url: string): string {
  return url.replace(/^(http:\/\/[^/]+):80(?=\/|$)/, '$1').replace(/^(https:\/\/[^/]+):443(?=\/|$)/, '$1');
}

function host(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
