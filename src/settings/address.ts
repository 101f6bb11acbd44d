import type { Parse } from './values.ts';
import { isIpv4 } from './values.ts';

const LABELS = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i;
const ACCEPTED = 'expected pve.example.net, pve.example.net:8006 or https://pve.example.net:8006';

/**
 * One API host as people write it: `host`, `host:port`, `https://host:port/`. The value is `host` or `host:port`; IPv6 in
 * brackets.
 */
export const apiHost: Parse<string> = (text) => {
  if (text.includes('@'))
    return { wrong: 'a host holds no user and no password', fix: 'give them as settings of their own' };
  if (/^http:/i.test(text))
    return { wrong: 'Proxmox VE answers on https only', fix: 'write https:// or the host alone' };
  const match = /^(?:https:\/\/)?(\[[0-9a-f:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?(\/.*)?$/i.exec(text);
  const [, host = '', port, path = '/'] = match ?? [];
  if (match === null || !isHost(host)) return { wrong: ACCEPTED };
  if (path !== '/') return { wrong: 'a host has no path', fix: `write ${host}` };
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535))
    return { wrong: 'the port is not from 1 to 65535' };
  return { value: port === undefined ? host : `${host}:${port}` };
};

function isHost(host: string): boolean {
  if (host.startsWith('[')) return URL.canParse(`https://${host}/`);
  // Only digits and dots: an address, and then a right one.
  return /^[\d.]+$/.test(host) ? isIpv4(host) : LABELS.test(host);
}

/** `user@realm`; Proxmox VE has no user without a realm. */
export const user: Parse<string> = (text) => {
  if (text.includes('!')) return { wrong: 'this names a token', fix: 'give it as the token id' };
  if (/^[^\s@:/!]{1,64}@[A-Za-z][\w.-]+$/.test(text)) return { value: text };
  return /^[^\s@:/!]+$/.test(text)
    ? { wrong: 'the realm is missing', fix: `write ${text}@pam or ${text}@pve` }
    : { wrong: 'expected user@realm, such as root@pam' };
};

/** `user@realm!name`. Never quoted in a message: a whole `id=secret` is often pasted here. */
export const tokenId: Parse<string> = (text) => {
  if (text.includes('=')) return { wrong: 'a secret follows the id', fix: 'give id and secret as two settings' };
  if (/^[^\s@:/!]{1,64}@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/.test(text)) return { value: text };
  return { wrong: 'expected user@realm!name, such as root@pam!gitops' };
};
