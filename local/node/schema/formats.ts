import { isIPv4, isIPv6 } from 'node:net';
import { KNOWN_PRIVILEGES } from '../auth/roles.ts';
import { FIREWALL_FORMATS } from './firewall-formats.ts';

/** Says what is wrong with a value, in Proxmox VE's words without final newline; undefined: it is fine. */
export type Format = (value: string) => string | undefined;

type Text = string | ((value: string) => string);

const when =
  (good: (value: string) => boolean, text: Text): Format =>
  (value) =>
    good(value) ? undefined : typeof text === 'string' ? text : text(value);

const matches = (pattern: RegExp, text: Text): Format => when((value) => pattern.test(value), text);

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const isDnsName = (value: string): boolean => new RegExp(`^(?:${LABEL}\\.)*${LABEL}$`).test(value);
/** A zone (`%eth0`) is no part of an address here. */
const isSix = (value: string): boolean => isIPv6(value) && !value.includes('%');
const isIp = (value: string): boolean => isIPv4(value) || isSix(value);

/** An address with a prefix longer than seven bits, as PVE::JSONSchema wants it. */
function isCidr(value: string, isAddress: (address: string) => boolean, bits: number): boolean {
  const [, address = '', prefix] = /^(.*)\/(\d+)$/.exec(value) ?? [];
  return isAddress(address) && Number(prefix) > 7 && Number(prefix) <= bits;
}

const isCidr4 = (value: string): boolean => isCidr(value, isIPv4, 32);
const isCidr6 = (value: string): boolean => isCidr(value, isSix, 128);
const isInterface = (value: string): boolean => /^[a-z][a-z0-9_]{1,20}(?:[:.]\d+)?$/i.test(value);

/** zone.tab has places only, spelled as they are; ICU also knows other names and any case. */
function isTimezone(value: string): boolean {
  if (value === 'UTC') return true;
  if (!/^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)\//.test(value))
    return false;
  const known = Intl.supportedValuesOf('timeZone').find((zone) => zone.toLowerCase() === value.toLowerCase());
  if (known !== undefined) return known === value;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).format() !== '';
  } catch {
    return false;
  }
}

const REALM = '[A-Za-z][A-Za-z0-9.\\-_]+';
const USER = new RegExp(`^[^\\s:/]+@${REALM}$`);

const userid: Format = (value) => {
  if (value.length < 3) return `user name '${value}' is too short`;
  if (value.length > 64) return `user name '${value}' is too long (${value.length} > 64)`;
  return USER.test(value) ? undefined : `value '${value}' does not look like a valid user name`;
};

const poolid: Format = (value) => {
  if (value.split('/').length > 3) return `pool name '${value}' nested too deeply (max levels = 3)`;
  const good = /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/.test(value);
  return good ? undefined : `pool name '${value}' contains invalid characters`;
};

const startup = when(
  (value) => value !== '0' && value.split(',').every((part) => /^\s*$|^(?:order=)?\d+$|^up=\d+$|^down=\d+$/.test(part)),
  'unable to parse startup options',
);

const id = (kind: string): Format =>
  matches(/^[a-z][a-z0-9\-_.]*[a-z0-9]$/i, (value) => `${kind} ID '${value}' contains illegal characters`);

const MAIL_USER = '[\\w+\\-~]+(?:\\.[\\w+\\-~]+)*';
const MAIL = `${MAIL_USER}@[a-zA-Z0-9-]+(?:\\.[a-zA-Z0-9-]+)*`;

/** Names without `-list` and `-opt`. One that is not here is not checked; a test names those. */
export const FORMATS: Readonly<Record<string, Format>> = {
  ...FIREWALL_FORMATS,
  'pve-vmid': matches(/^[1-9][0-9]{2,8}$/, 'value does not look like a valid VM ID'),
  'pve-node': matches(new RegExp(`^${LABEL}$`), 'value does not look like a valid node name'),
  'dns-name': when(isDnsName, 'value does not look like a valid DNS name'),
  ip: when(isIp, 'value does not look like a valid IP address'),
  ipv4: when(isIPv4, 'value does not look like a valid IPv4 address'),
  ipv6: when(isSix, 'value does not look like a valid IPv6 address'),
  ipv4mask: when((value) => isNetmask(value), 'value does not look like a valid IP netmask'),
  CIDR: when((value) => isCidr4(value) || isCidr6(value), 'value does not look like a valid CIDR network'),
  CIDRv4: when(isCidr4, 'value does not look like a valid IPv4 CIDR network'),
  CIDRv6: when(isCidr6, 'value does not look like a valid IPv6 CIDR network'),
  address: when(
    (value) => isIp(value) || isDnsName(value),
    (value) => `value does not look like a valid address: ${value}`,
  ),
  'pve-ipv4-config': when(
    (value) => value === 'dhcp' || value === 'manual' || isCidr4(value),
    'value does not look like a valid ipv4 network configuration',
  ),
  'pve-ipv6-config': when(
    (value) => ['auto', 'dhcp', 'manual'].includes(value) || isCidr6(value),
    'value does not look like a valid ipv6 network configuration',
  ),
  'lxc-ip-with-ll-iface': when((value) => {
    const [, address, zone] = /^(fe80:[^%]+)%(.*)$/.exec(value) ?? [];
    return isIp(value) || (address !== undefined && isIp(address) && isInterface(zone ?? ''));
  }, 'value does not look like a valid IP address'),
  'mac-addr': matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i,
    'value does not look like a valid unicast MAC address',
  ),
  'mac-prefix': matches(
    /^[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?$/i,
    'value is not a valid unicast MAC address prefix',
  ),
  'pve-iface': when(isInterface, (value) => `invalid network interface name '${value}'`),
  'pve-bridge-id': matches(/^[-_.\w]+$/, (value) => `invalid bridge ID '${value}'`),
  'pve-tag': matches(/^[a-z0-9_][a-z0-9_\-+.]*$/i, 'invalid characters in tag'),
  'pve-configid': matches(/^[a-z][a-z0-9_-]+$/i, (value) => `invalid configuration ID '${value}'`),
  'pve-storage-id': id('storage'),
  'pve-storage-content': matches(
    /^(?:backup|images|import|iso|none|rootdir|snippets|vztmpl)$/,
    (value) => `invalid content type '${value}'`,
  ),
  'pve-storage-path': matches(/^\/[^;()]+/, 'value does not look like a valid absolute path'),
  'pve-startup-order': startup,
  'pve-lxc-mp-string': when(
    (value) => !/\/\.\.?\/|\/\.\.?$|^\.\.\//.test(value),
    (value) => `${value} contains illegal character sequences`,
  ),
  'pve-lxc-dev-string': when(
    (value) => value.startsWith('/dev/') && !/\/\.\.?(?:\/|$)/.test(value),
    (value) => `${value} is not a valid device path`,
  ),
  'pve-ct-timezone': when(
    (value) => value === 'host' || isTimezone(value),
    (value) => `invalid time zone '${value}'`,
  ),
  'pve-volume-id': matches(/^[a-z][a-z0-9\-_.]*[a-z0-9]:.+$/i, (value) => `unable to parse volume ID '${value}'`),
  'pve-poolid': poolid,
  'pve-userid': userid,
  'pve-realm': matches(new RegExp(`^${REALM}$`), 'value does not look like a valid realm'),
  'pve-roleid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `role name '${value}' contains invalid characters`),
  'pve-groupid': matches(/^[A-Za-z0-9.\-_]+$/, (value) => `group name '${value}' contains invalid characters`),
  'pve-tokenid': matches(
    new RegExp(`^[^\\s:/]+@${REALM}!${REALM}$`),
    (value) => `value '${value}' does not look like a valid token ID`,
  ),
  'pve-priv': when(
    (value) => KNOWN_PRIVILEGES.has(value),
    (value) => `invalid privilege '${value}'`,
  ),
  'pve-task-status-type': matches(/^(?:ok|error|warning|unknown)$/i, (value) => `invalid status '${value}'`),
  'pve-ha-resource-id': matches(/^[a-z]+:\S+$/, 'value does not look like a valid ha resource id'),
  'pve-ha-resource-or-vm-id': matches(/^(?:[a-z]+:\S+|\d+)$/, 'value does not look like a valid ha resource id'),
  'pve-ha-node': matches(new RegExp(`^${LABEL}(?::\\d+)?$`), 'value does not look like a valid ha node'),
  'pve-ha-group-node': matches(new RegExp(`^${LABEL}(?::\\d+)?$`), 'value does not look like a valid ha group node'),
  'disk-size': matches(/^\d+(?:\.\d+)?[KMGT]?$/, (value) => `value does not look like a valid disk size: ${value}`),
  email: matches(new RegExp(`^${MAIL}$`), 'value does not look like a valid email address'),
  'email-or-username': matches(
    new RegExp(`^(?:${MAIL}|${MAIL_USER})$`),
    'value does not look like a valid email address or user name',
  ),
  urlencoded: matches(/^[-%a-zA-Z0-9_.!~*'()]*$/, (value) => `invalid urlencoded string: ${value}`),
};

function isNetmask(value: string): boolean {
  if (!isIPv4(value)) return false;
  const bits = value.split('.').map((part) => Number(part).toString(2).padStart(8, '0'));
  return /^1*0*$/.test(bits.join(''));
}
