import { apiHost } from './address.ts';
import { listOf, type Parse } from './values.ts';

/** SHA-256 of the certificate, 64 hex digits with or without colons; the value has colons and capitals, as Proxmox VE shows it. */
export const fingerprint: Parse<string> = (text) => {
  const digits = text.replace(PREFIX, '').replaceAll(':', '').toUpperCase();
  if (/^[0-9A-F]{64}$/.test(digits)) return { value: (digits.match(/../g) ?? []).join(':') };
  const fix = 'Proxmox VE shows it under Node > System > Certificates';
  if (/^[0-9A-F]{40}$/.test(digits)) return { wrong: 'this is a SHA-1 fingerprint; expected SHA-256', fix };
  return { wrong: 'expected the SHA-256 fingerprint: 64 hex digits with colons', fix };
};

/** What openssl and people write before the digits. */
const PREFIX = /^sha-?256[:=\s]*(?:fingerprint[:=\s]*)?/i;

/** `fingerprint` or `host=fingerprint`, the value in the same form. */
const pin: Parse<string> = (text) => {
  const bare = text.replace(PREFIX, '');
  const at = bare.lastIndexOf('=');
  if (at === -1) return fingerprint(bare);
  const host = apiHost(bare.slice(0, at).trim());
  if ('wrong' in host) return host;
  const sha256 = fingerprint(bare.slice(at + 1).trim());
  return 'wrong' in sha256 ? sha256 : { value: `${host.value}=${sha256.value}` };
};

/** One for all hosts, one for each host in their order, or `host=fingerprint`. */
export const fingerprints = listOf(',', pin);
