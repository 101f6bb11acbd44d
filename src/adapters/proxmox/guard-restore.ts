import type { Parameters } from '../../model/plan.ts';
import { volumeOf } from '../../model/property-string.ts';
import { guardDescription } from './guard-parameters.ts';
import { refuse } from './guard-volumes.ts';
import { isHostPath, isNewVolume } from './volid.ts';

/**
 * The same dangers as with a create: a rootfs or mpN that names a volume is unpacked over it, `lock` can never be
 * removed. Without a description the archive's would be taken, and with it the mark of another container. `unprivileged`
 * must be said, as its default differs between versions. Throws kind bug.
 */
export function guardRestore(what: string, vmid: number, archive: string, parameters: Parameters): void {
  if (!/^[a-z][a-z0-9\-_.]*:backup\/./i.test(archive)) refuse(what, `${archive} is no backup on a storage`);
  for (const key of ['restore', 'force', 'vmid', 'node', 'ostemplate', 'storage', 'lock']) {
    if (key in parameters) refuse(what, `${key} is not the caller's`);
  }
  for (const key of ['unprivileged', 'description']) if (!(key in parameters)) refuse(what, `${key} is missing`);
  guardDescription(vmid, String(parameters.description));
  for (const [key, value] of Object.entries(parameters)) {
    if (typeof value === 'string' && value.trim() === '') refuse(what, `${key} has no value`);
    if (!/^(rootfs|(mp|unused)\d+)$/.test(key)) continue;
    const volume = volumeOf(String(value));
    if (!isNewVolume(volume) && !(key.startsWith('mp') && isHostPath(volume))) {
      refuse(what, `${key} must be storage:SIZE; ${value} names a volume`);
    }
  }
}
