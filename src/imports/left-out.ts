import type { Config, Note } from './part.ts';

export interface Surroundings {
  readonly node: string;
  /** Raw `lxc.*` lines. */
  readonly rawLines: readonly string[];
  /** Names. */
  readonly snapshots: readonly string[];
}

/** Keys that the themes of this folder read, and those that say nothing about the container itself. */
const READ =
  /^(?:hostname|cores|cpulimit|cpuunits|memory|swap|rootfs|net\d+|nameserver|searchdomain|onboot|startup|unprivileged|features|tags|description|protection|mp\d+|dev\d+|template|lock|digest|parent|snaptime)$/;

/** Values that are Proxmox VE's own where a key is not set. */
const DEFAULTS: Readonly<Record<string, string>> = {
  arch: 'amd64',
  cmode: 'tty',
  console: '1',
  debug: '0',
  ostype: 'debian',
  tty: '2',
  entrypoint: '/sbin/init',
};

const HINTS: Readonly<Record<string, string>> = {
  hookscript: 'no key says it; only root@pam may change it',
  timezone: 'the baseline sets the time zone of the settings inside',
};

/** What a definition has no key for. A plan leaves all of it as it is; a container made anew would be without it. */
export function leftOutOf(config: Config, { node, rawLines, snapshots }: Surroundings): readonly Note[] {
  const keys = Object.keys(config).filter((key) => !READ.test(key) && config[key] !== DEFAULTS[key]);
  return [
    { key: 'node', text: `it stands on ${node}; write node: ${node} to keep it there` },
    ...keys.toSorted().map((key) => ({ key, text: textOf(key, config[key] ?? '') })),
    ...rawLines.map((line) => ({ key: 'lxc', text: `${line}: a raw line, which no key says` })),
    ...(snapshots.length === 0 ? [] : [{ key: 'snapshots', text: `${snapshots.join(', ')}: they stay` }]),
  ];
}

function textOf(key: string, value: string): string {
  if (key === 'ostype') return `${value}: the baseline knows Debian and Alpine`;
  if (/^unused\d+$/.test(key)) return `${value}: a volume that is not mounted; it stays`;
  return `${value}: ${HINTS[key] ?? 'no key says it; it stays as it is'}`;
}
