import { GitopsError } from '../../model/errors.ts';

/** One API server. */
export interface Endpoint {
  /** Name or address, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

const WRITTEN =
  /^(?:https:\/\/)?(?:\[([0-9a-f:.]+)\]|([^[\]:/\s]+)|([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))(?::(\d{1,5}))?\/?$/i;

/** Reads `host`, `host:port`, `[address]:port` or an address of https. Throws kind user for anything else. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint {
  const match = WRITTEN.exec(text.trim());
  const host = match?.[1] ?? match?.[2] ?? match?.[3];
  const port = match?.[4] === undefined ? defaultPort : Number(match[4]);
  if (host === undefined || port < 1 || port > 65535) {
    throw new GitopsError('user', `Unable to use Proxmox VE host ${JSON.stringify(text)}: expected host or host:port`, {
      advice: ['Write the name or address of a Proxmox VE node, for example pve.example.org or 192.168.1.10:8006.'],
    });
  }
  return { host, port };
}

/** `host:port`, as messages show it. */
export function showEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
