/** Text of the files that a container is set up with. Pure: what is written follows from the config alone. */

const BEGIN = '# --- BEGIN PVE ---';
const END = '# --- END PVE ---';

/** Replaces our section of a file, or puts it where it belongs; what people wrote around it stays. */
export function replaceSection(text: string, section: readonly string[], where: 'start' | 'end'): string {
  const lines = text.replace(/\n+$/, '').split('\n');
  const begin = lines.indexOf(BEGIN);
  const end = lines.indexOf(END);
  const own = section.length === 0 ? [] : [BEGIN, ...section, END];
  if (begin >= 0 && end > begin) lines.splice(begin, end - begin + 1, ...own);
  else if (where === 'start') lines.unshift(...own);
  else lines.push(...own);
  return `${lines.filter((line, index) => line !== '' || index > 0).join('\n')}\n`;
}

export interface HostName {
  readonly hostname: string;
  readonly searchdomain?: string;
}

/** `web.example.org` and its first label, or the first label with the search domain. */
function names({ hostname, searchdomain }: HostName): { readonly short: string; readonly full: string | undefined } {
  const short = hostname.split('.')[0] ?? hostname;
  if (short !== hostname) return { short, full: hostname };
  const domain = searchdomain?.trim().split(/[\s,;]+/)[0];
  return { short, full: domain === undefined || domain === '' ? undefined : `${short}.${domain}` };
}

export function hostnameFile(name: HostName): string {
  return `${names(name).short}\n`;
}

/** `address`: the container's first fixed address, without prefix. */
export function hostsFile(existing: string, name: HostName, address: string | undefined): string {
  const { short, full } = names(name);
  const own = `${address ?? '127.0.1.1'} ${full === undefined ? short : `${full} ${short}`}`;
  return replaceSection(existing, [own], 'end');
}

export interface Resolver {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
}

/**
 * What the host's resolv.conf offers a container: a resolver on the host's own loopback is out of reach in there.
 * `fallback` is /run/systemd/resolve/resolv.conf, which names the servers behind systemd-resolved's stub.
 */
export function usableResolver(text: string, fallback: string): Resolver {
  const parse = (source: string): Resolver => {
    const words = source.split('\n').map((line) => line.trim().split(/\s+/));
    const all = words.flatMap(([key, value]) => (key === 'nameserver' && value !== undefined ? [value] : []));
    const search = words.flatMap(([key, ...values]) => (key === 'search' || key === 'domain' ? values : []));
    return { nameservers: all.filter((server) => !/^(?:127\.|::1$|0\.0\.0\.0$|fe80:)/i.test(server)), search };
  };
  const own = parse(text);
  return own.nameservers.length > 0 ? own : parse(fallback);
}

export function resolvConf(resolver: Resolver): string {
  const lines = [
    ...(resolver.search.length === 0 ? [] : [`search ${resolver.search.join(' ')}`]),
    ...resolver.nameservers.map((server) => `nameserver ${server}`),
  ];
  return `${[BEGIN, ...lines, END].join('\n')}\n`;
}

/** The config's nameserver and searchdomain, each where given, over what the host has. */
export function guestResolver(
  nameserver: string | undefined,
  searchdomain: string | undefined,
  host: Resolver,
): Resolver {
  const list = (value: string | undefined): readonly string[] =>
    (value ?? '').split(/[\s,;]+/).filter((part) => part !== '');
  const servers = list(nameserver);
  const search = list(searchdomain);
  return {
    nameservers: servers.length > 0 ? servers : host.nameservers,
    search: search.length > 0 ? search : host.search,
  };
}

/** /etc/shadow with another hash for root. `today`: days since 1970. */
export function shadowWithRootPassword(shadow: string, hash: string, today: number): string {
  const lines = shadow.split('\n');
  const index = lines.findIndex((line) => line.startsWith('root:'));
  const fields = (lines[index] ?? 'root:*:0:0:99999:7:::').split(':');
  fields[1] = hash;
  fields[2] = String(today);
  if (index >= 0) lines[index] = fields.join(':');
  else lines.unshift(fields.join(':'));
  return lines.join('\n');
}
