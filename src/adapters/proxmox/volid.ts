/** `local-lvm:8`, `local:0.7`: a new volume of so many GiB, never an existing one. */
export function isNewVolume(volume: string): boolean {
  return /^[a-z][a-z0-9\-_.]*[a-z0-9]:\d+(\.\d+)?$/i.test(volume);
}

/** A directory or a device of the host. */
export function isHostPath(volume: string): boolean {
  return volume.startsWith('/');
}

/** vmid of the container that a volume belongs to: `local:100/vm-100-disk-0.raw`, `zfs:subvol-100-disk-1`. */
export function ownerOfVolume(volid: string): number | undefined {
  const match = /^[^:]+:(?:.*\/)?(?:vm|subvol|base|basevol)-(\d+)-[^/]+$/.exec(volid);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}
