import type { VolumeSlot } from '../../model/container-ports.ts';
import { GitopsError } from '../../model/errors.ts';

const KEY = /^(mp|unused)\d+$/;

/** A root file system is moved to a storage as well; it is never detached or given away. Throws kind bug. */
export function guardSlot(what: string, { key, digest }: VolumeSlot): void {
  if (digest === '') refuse(what, 'the digest is missing');
  if (!KEY.test(key) && key !== 'rootfs') refuse(what, `${key} holds no volume`);
}

/** What the server would refuse, and what it would take although it makes no sense. */
export function guardReassign(what: string, from: VolumeSlot, to: VolumeSlot): void {
  for (const slot of [from, to]) {
    if (slot.digest === '') refuse(what, `the digest of container ${slot.vmid} is missing`);
    if (!KEY.test(slot.key)) refuse(what, `${slot.key} cannot be given away or taken`);
  }
  if (from.vmid === to.vmid) refuse(what, 'it is the same container');
  if (from.key.startsWith('unused') !== to.key.startsWith('unused')) {
    refuse(what, 'an unused volume goes to unusedN and a mount point to mpN');
  }
}

export function refuse(what: string, reason: string): never {
  throw new GitopsError('bug', `Unable to ${what}: ${reason}`);
}
