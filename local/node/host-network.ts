import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Second octets of 10.x.0.0/16 in the order they are tried: those that few others use first. */
const CANDIDATES = [
  91,
  ...Array.from({ length: 160 }, (_, index) => 92 + index),
  ...Array.from({ length: 90 }, (_, i) => i + 1),
];

interface Range {
  readonly first: number;
  readonly last: number;
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

/** An IPv4 destination as `ip` says it; undefined for IPv6 and for the default route. */
export function parseRange(text: string): Range | undefined {
  const [address = '', prefix = '32'] = text.split('/');
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(address)) return undefined;
  const size = 2 ** (32 - Number(prefix));
  const first = Math.floor(toNumber(address) / size) * size;
  return size >= 2 ** 32 ? undefined : { first, last: first + size - 1 };
}

/** The first private /16 that overlaps none of these; undefined: all are taken. */
export function freeNetwork(taken: readonly string[]): string | undefined {
  const ranges = taken.map(parseRange).filter((range) => range !== undefined);
  const octet = CANDIDATES.find((candidate) => {
    const first = toNumber(`10.${candidate}.0.0`);
    return ranges.every((range) => range.last < first || range.first > first + 0xffff);
  });
  return octet === undefined ? undefined : `10.${octet}.0.0/16`;
}

async function ip(...args: readonly string[]): Promise<readonly { readonly [key: string]: unknown }[]> {
  const { stdout } = await run('ip', ['-json', ...args], { timeout: 10_000 });
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as readonly { readonly [key: string]: unknown }[]);
}

/** Destinations of all routes, in every table, and all addresses of the host. */
async function hostRanges(): Promise<readonly string[]> {
  const routes = (await ip('route', 'show', 'table', 'all')).map((route) => String(route.dst ?? ''));
  const links = await ip('address', 'show');
  const addresses = links.flatMap(
    (link) => (link.addr_info ?? []) as readonly { local?: string; prefixlen?: number }[],
  );
  return [...routes, ...addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`)];
}

/** Chooses the private network of the containers. */
export async function choosePrivateNetwork(): Promise<string> {
  const network = freeNetwork(await hostRanges());
  if (network === undefined)
    throw new Error('Unable to choose a private network: every 10.x.0.0/16 is routed on this host');
  return network;
}
