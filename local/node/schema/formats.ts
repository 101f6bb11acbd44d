import { isIPv4, isIPv6 } from 'node:net';
import { KNOWN_PRIVILEGES } from '../auth/roles.ts';

/** Says what is wrong with a value, in Proxmox VE's words without final newline; undefined: it is fine. */
type Format = (value: string) => string | undefined;

const matches =
  (pattern: RegExp, text: string | ((value: string) => string)): Format =>
  (value) =>
    pattern.test(value) ? undefined : typeof text === 'string' ? text : text(value);

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const dnsName = matches(new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`), 'value does not look like a valid DNS name');

function cidr4(value: string): boolean {
  const [address, prefix, rest] = value.split('/');
  return (
    rest === undefined &&
    address !== undefined &&
    isIPv4(address) &&
    /^\d{1,2}$/.test(prefix ?? '') &&
    Number(prefix) <= 32
  );
}

function cidr6(value: string): boolean {
  const [address, prefix, rest] = value.split('/');
  return (
    rest === undefined &&
    address !== undefined &&
    isIPv6(address) &&
    /^\d{1,3}$/.test(prefix ?? '') &&
    Number(prefix) <= 128
  );
}

const anyIp: Format = (value) =>
  isIPv4(value) || isIPv6(value) ? undefined : 'value does not look like a valid IP address';

const timezone: Format = (value) => {
  if (value === 'host') return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: value });
    return undefined;
  } catch {
    return `invalid time zone '${value}'`;
  }
};

const mountString: Format = (value) =>
  /\/\.\.?\//.test(value) || /\/\.\.?$/.test(value) || /^\.\.?\//.test(value)
    ? `${value} contains illegal character sequences`
    : undefined;

const startup: Format = (value) =>
  value.split(',').every((part) => part.trim() === '' || /^\s*(?:(?:order=)?\d+|up=\d+|down=\d+)\s*$/.test(part))
    ? undefined
    : 'unable to parse startup options';

const userid = matches(
  /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/,
  (v) => `value '${v}' does not look like a valid user name`,
);

/** Only formats that are used by covered calls; an unknown one is not checked. */
export const FORMATS: Readonly<Record<string, Format>> = {
  'pve-vmid': matches(/^[1-9][0-9]{2,8}$/, 'value does not look like a valid VM ID'),
  'pve-node': matches(new RegExp(`^${LABEL}$`), 'value does not look like a valid node name'),
  'dns-name': dnsName,
  ip: anyIp,
  ipv4: (value) => (isIPv4(value) ? undefined : 'value does not look like a valid IPv4 address'),
  ipv6: (value) => (isIPv6(value) ? undefined : 'value does not look like a valid IPv6 address'),
  'pve-ipv4-config': (value) =>
    value === 'dhcp' || value === 'manual' || cidr4(value)
      ? undefined
      : 'value does not look like a valid ipv4 network configuration',
  'pve-ipv6-config': (value) =>
    value === 'auto' || value === 'dhcp' || value === 'manual' || cidr6(value)
      ? undefined
      : 'value does not look like a valid ipv6 network configuration',
  'lxc-ip-with-ll-iface': (value) => {
    const scoped = /^(fe80:[^%]+)%.+$/i.exec(value)?.[1];
    return scoped !== undefined && isIPv6(scoped) ? undefined : anyIp(value);
  },
  'mac-addr': matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    'value does not look like a valid unicast MAC address',
  ),
  'pve-tag': matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, 'invalid characters in tag'),
  'pve-configid': matches(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`),
  'pve-storage-id': matches(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, (v) => `storage ID '${v}' contains illegal characters`),
  'pve-storage-content': matches(
    /^(?:backup|images|import|iso|none|rootdir|snippets|vztmpl)$/,
    (value) => `invalid content type '${value}'`,
  ),
  'pve-startup-order': startup,
  'pve-lxc-mp-string': mountString,
  'pve-lxc-dev-string': (value) => (value.startsWith('/dev/') ? mountString(value) : `${value} must start with /dev/`),
  'pve-ct-timezone': timezone,
  'pve-volume-id': (value) =>
    /^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i.test(value) ? undefined : `unable to parse volume ID '${value}'`,
  'pve-poolid': matches(
    /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){0,2}$/,
    (v) => `pool name '${v}' contains invalid characters`,
  ),
  'pve-userid': userid,
  'pve-roleid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `role name '${value}' contains invalid characters`),
  'pve-groupid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `group name '${value}' contains invalid characters`),
  'pve-tokenid': matches(
    /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+![A-Za-z][A-Za-z0-9.\-_]+$/,
    (value) => `value '${value}' does not look like a valid token ID`,
  ),
  'pve-priv': (value) => (KNOWN_PRIVILEGES.has(value) ? undefined : `invalid privilege '${value}'`),
  'disk-size': matches(/^\d+(?:\.\d+)?[KMGT]?$/, 'value does not look like a valid disk size'),
};
