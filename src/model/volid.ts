/**
 * vmid of the container that a volume belongs to by its name: `local:100/vm-100-disk-0.raw`, `zfs:subvol-100-disk-1`.
 * undefined: the name does not say.
 */
export function vmidOfVolume(volid: string): number | undefined {
  const match = /^[^:]+:(?:.*\/)?(?:vm|subvol|base|basevol)-(\d+)-[^/]+$/.exec(volid);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** `local-lvm` of `local-lvm:vm-100-disk-0`. */
export function storageOfVolume(volid: string): string {
  return volid.split(':')[0] ?? '';
}
