/** JSON as it is compared: what differs between two runs of the same call has become a placeholder. */
export type Shape = null | boolean | number | string | readonly Shape[] | { readonly [key: string]: Shape };

/** Numbers and texts that a machine's load, clock, size or identity decides; only their type is compared. */
const VOLATILE = new Set([
  ...['pid', 'pstart', 'starttime', 'endtime', 'uptime', 'ctime', 'snaptime', 'time', 'localtime'],
  ...['cpu', 'cpus', 'maxcpu', 'mem', 'disk', 'maxdisk', 'diskread', 'diskwrite', 'netin', 'netout'],
  ...['used', 'avail', 'free', 'used_fraction', 'size', 'unused', 'mhz', 'idle', 'wait', 'loadavg', 'shared-memory'],
  ...['ssl_fingerprint', 'dns1', 'ticket', 'CSRFPreventionToken', 'digest', 'serverid'],
]);

/** Of a whole machine: the same names mean what was configured when they stand in a guest. */
const MACHINE = new Set([
  ...['maxmem', 'total', 'cores', 'model', 'flags', 'hvm', 'kversion', 'release', 'machine', 'version', 'sysname'],
  ...['mode', 'secureboot', 'cpuinfo', 'sockets', 'user_hz', 'cgroup-mode'],
]);

/** Comma-separated sets in the random order of Perl's hashes. */
const SETS = new Set(['content', 'privs']);

const MAC = /\bBC:24:11(?::[0-9A-F]{2}){3}\b/gi;
const FINGERPRINT = /\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b/g;

export interface NormalizeOptions {
  /** MAC addresses that requests set, upper-case: they are compared as they are. */
  readonly knownMacs: ReadonlySet<string>;
}

export function normalizeText(text: string, { knownMacs }: NormalizeOptions): string {
  return text
    .replace(/UPID:[^:\s]*:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:/g, 'UPID:')
    .replace(FINGERPRINT, '<fingerprint>')
    .replace(MAC, (mac) => (knownMacs.has(mac.toUpperCase()) ? mac : '<mac>'))
    .replace(/\bfe80::[0-9a-f:]+/g, '<link-local>')
    .replace(/\b[0-9a-f]{40}\b/g, '<digest>')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<token secret>')
    .replace(/ at \/usr\/share\/perl5\/\S+ line \d+\.?/g, ' at <perl>')
    .replace(/(\.conf\.tmp\.)\d+/g, '$1<pid>')
    .replace(/(failed to get address info for: [^:]+:) .*/g, '$1 <resolver>');
}

function placeholder(value: unknown): Shape {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map(placeholder);
  if (typeof value !== 'object') return `<${typeof value}>`;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, placeholder(item)]));
}

function isMachine(value: { readonly [key: string]: unknown }): boolean {
  return value.type === 'node' || value.type === 'storage' || 'kversion' in value || 'avail' in value;
}

function field(key: string, value: unknown, machine: boolean, options: NormalizeOptions): Shape {
  if (VOLATILE.has(key) || (machine && MACHINE.has(key))) return placeholder(value);
  if (SETS.has(key) && typeof value === 'string') return value.split(',').sort().join(',');
  return normalize(value, options, machine);
}

/** The same for an answer that was recorded and one that has just come. */
export function normalize(value: unknown, options: NormalizeOptions, machine = false): Shape {
  if (typeof value === 'string') return normalizeText(value, options);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item) => normalize(item, options, machine));
  if (typeof value !== 'object') return null;
  const object = value as { readonly [key: string]: unknown };
  const inner = machine || isMachine(object);
  const keys = Object.keys(object).sort();
  return Object.fromEntries(keys.map((key) => [key, field(key, object[key], inner, options)]));
}

/** The digest that an answer shows, for a later request that sends it back. */
export function digestIn(response: unknown): string | undefined {
  const data = (response as { readonly data?: unknown } | null)?.data;
  const digest = (data as { readonly digest?: unknown } | null | undefined)?.digest;
  return typeof digest === 'string' ? digest : undefined;
}
