import { createHash } from 'node:crypto';

/** Interfaces have at most 15 characters in Linux. */
const LONGEST = 15;

/**
 * The host's end of a container's interface. The first node of a machine uses Proxmox VE's name; a second one beside
 * it carries its bridge's number, so that both can have a container 100.
 */
export function hostInterface(bridge: string, vmid: number, index: number): string {
  const number = /(\d+)$/.exec(bridge)?.[1] ?? '0';
  const name = number === '0' ? `veth${vmid}i${index}` : `pg${number}v${vmid}i${index}`;
  if (name.length <= LONGEST) return name;
  return `pg${createHash('sha256')
    .update(name)
    .digest('hex')
    .slice(0, LONGEST - 2)}`;
}

/** A fixed, locally administered address: a bridge without one changes it as containers come and go. */
export function bridgeAddress(id: string, bridge: string): string {
  const bytes = createHash('sha256').update(`${id} ${bridge}`).digest();
  return `02:${[0, 1, 2, 3, 4].map((index) => bytes.subarray(index, index + 1).toString('hex')).join(':')}`;
}
