import { GitopsError } from '../../model/errors.ts';
import type { Target } from '../../model/ports.ts';
import { lastLines } from '../process/program-errors.ts';

/** Why ssh made no connection. `not-yet` may pass by itself while a container starts. */
export type ConnectFailure =
  | { readonly kind: 'not-yet'; readonly reason: string }
  | { readonly kind: 'final'; readonly error: GitopsError };

const PASSING =
  /connection refused|connection reset|connection closed|no route to host|host is down|network is unreachable|timed out|exchange_identification|banner|broken pipe|not allowed at this time/i;

/**
 * @param stderr what ssh said, masked
 * @param offered fingerprints that the server showed
 */
export function connectFailure(target: Target, stderr: string, offered: readonly string[]): ConnectFailure {
  const log = lastLines(stderr);
  const said = log.at(-1) ?? 'ssh said nothing';
  const place = `container ${target.vmid} at ${target.address}`;
  const strange = offered.find((fingerprint) => !target.hostKeys.includes(fingerprint));
  if (strange !== undefined) {
    return final('remote', `Unable to connect to ${place}: its host key ${strange} is not the pinned one`, log, [
      `Pinned: ${target.hostKeys.join(', ')}`,
      'Somebody else answers at this address, or the container was made anew outside of pve-gitops. Find out which before anything else',
      'If the container is yours and its key was changed on purpose: pve-gitops adopt pins the new one',
    ]);
  }
  if (/permission denied/i.test(stderr)) {
    return final('remote', `Unable to log in to ${place}: permission denied for root's certificate`, log, [
      "The container trusts the CA of the site that created it: is this machine's state directory that site's?",
      'Certificates hold for minutes: compare the clocks of this machine and of the Proxmox VE node',
      "sshd there must allow root's login by certificate (PermitRootLogin prohibit-password)",
    ]);
  }
  if (/bad configuration option/i.test(stderr)) {
    return final('host', `Unable to connect to ${place}: the ssh of this machine is too old: ${said}`, log, [
      'OpenSSH 8.5 or newer is needed (KnownHostsCommand)',
    ]);
  }
  if (PASSING.test(stderr)) return { kind: 'not-yet', reason: said };
  return final('remote', `Unable to connect to ${place}: ${said}`, log, []);
}

function final(
  kind: 'remote' | 'host',
  message: string,
  log: readonly string[],
  advice: readonly string[],
): ConnectFailure {
  return { kind: 'final', error: new GitopsError(kind, message, { log, advice }) };
}
