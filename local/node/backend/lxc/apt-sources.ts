export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

const COMMENT = /^\s*#/;

/** `deb [options] uri suite component…` lines. */
function oneLineStyle(text: string): readonly AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line);
    const [, uri, suite, components] = match ?? [];
    if (uri === undefined || suite === undefined) return [];
    return [{ uri, suites: [suite], components: (components ?? '').trim().split(/\s+/) }];
  });
}

/** The `.sources` style: paragraphs of fields. */
function paragraphStyle(text: string): readonly AptSource[] {
  const lines = text.split('\n').filter((line) => !COMMENT.test(line));
  return lines
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((paragraph) => {
      const field = (name: string): readonly string[] => {
        const match = new RegExp(`^${name}:(.*(?:\\n[ \\t]+.*)*)`, 'im').exec(paragraph);
        return (match?.[1] ?? '').split(/\s+/).filter((word) => word !== '');
      };
      if (!field('Types').includes('deb') || field('Enabled').includes('no')) return [];
      return field('URIs').map((uri) => ({ uri, suites: field('Suites'), components: field('Components') }));
    });
}

/** Sources of files by name; what is neither `.list` nor `.sources` is nothing. */
export function parseAptSources(name: string, text: string): readonly AptSource[] {
  if (name.endsWith('.sources')) return paragraphStyle(text);
  return name.endsWith('.list') ? oneLineStyle(text) : [];
}

export interface Mirrors {
  readonly archive: string;
  readonly security: string;
}

const DEFAULT: Mirrors = { archive: 'http://deb.debian.org/debian', security: 'http://deb.debian.org/debian-security' };

/** Mirrors of a Debian machine of this release; another suite is taken from the same places. */
export function mirrorsOf(sources: readonly AptSource[], codename: string): Mirrors {
  const find = (suites: readonly string[]): string | undefined =>
    sources.find(
      ({ uri, suites: offered, components }) =>
        /^https?:\/\//.test(uri) && components.includes('main') && offered.some((suite) => suites.includes(suite)),
    )?.uri;
  const trim = (uri: string): string => uri.replace(/\/+$/, '');
  return {
    archive: trim(find([codename]) ?? DEFAULT.archive),
    security: trim(find([`${codename}-security`, `${codename}/updates`]) ?? DEFAULT.security),
  };
}

/** Whether a container can use this address as well: a service on the host's loopback, or a login, stays outside. */
function forContainers(uri: string): boolean {
  return !/^https?:\/\/(?:[^/]*@|localhost\b|127\.|\[::1\])/.test(uri);
}

/** The sources.list of a template: release, updates, security. */
export function templateSources(suite: string, mirrors: Mirrors): string {
  const archive = forContainers(mirrors.archive) ? mirrors.archive : DEFAULT.archive;
  const security = forContainers(mirrors.security) ? mirrors.security : DEFAULT.security;
  return [
    `deb ${archive} ${suite} main`,
    `deb ${archive} ${suite}-updates main`,
    `deb ${security} ${suite}-security main`,
    '',
  ].join('\n');
}

export interface AptProxies {
  readonly http?: string;
  readonly https?: string;
}

/** From `apt-config dump`; `DIRECT` means none. */
export function parseAptProxies(dump: string): AptProxies {
  const value = (scheme: string): string | undefined => {
    const found = new RegExp(`^Acquire::${scheme}::proxy "([^"]*)";`, 'im').exec(dump)?.[1];
    return found === undefined || found === '' || found === 'DIRECT' ? undefined : found;
  };
  const http = value('http');
  const https = value('https');
  return { ...(http === undefined ? {} : { http }), ...(https === undefined ? {} : { https }) };
}

/** apt's settings for containers behind the same proxies; empty when there are none that they can use. */
export function templateProxies({ http, https }: AptProxies): string {
  const line = (scheme: string, uri: string | undefined): string =>
    uri !== undefined && forContainers(uri) ? `Acquire::${scheme}::Proxy "${uri}";\n` : '';
  return `${line('http', http)}${line('https', https)}`;
}
