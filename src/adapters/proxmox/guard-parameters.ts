import { GitopsError } from '../../model/errors.ts';
import type { Parameters } from '../../model/plan.ts';
import { volumeOf } from '../../model/property-string.ts';
import { isHostPath, isNewVolume, ownerOfVolume } from './volid.ts';

/** Characters that Proxmox VE takes for a description. */
const DESCRIPTION_LIMIT = 8192;

/**
 * What must never be sent with a create, each measured on a real server (design, section 6): a rootfs or mpN that names
 * a volume is unpacked over it, whoever's it is; `lock` can be set and never be removed; restore replaces what is there.
 * `unprivileged` must be said, as its default differs between versions. Throws kind bug.
 */
export function guardCreate(vmid: number, parameters: Parameters): void {
  const what = `create container ${vmid}`;
  guardCommon(what, parameters);
  for (const key of ['restore', 'force', 'unique', 'vmid', 'node']) {
    if (key in parameters) refuse(what, `${key} is not sent with a create`);
  }
  if (!('unprivileged' in parameters))
    refuse(what, 'unprivileged is missing, and its default differs between versions');
  for (const [key, value] of Object.entries(parameters)) {
    if (key === 'rootfs' && !isNewVolume(volumeOf(String(value)))) {
      refuse(what, `rootfs must be storage:SIZE; ${value} would be unpacked over`);
    }
    if (/^(mp|unused)\d+$/.test(key) && !isNewVolume(volumeOf(String(value))) && !isHostPath(volumeOf(String(value)))) {
      refuse(what, `${key} must be storage:SIZE or a path of the host; ${value} names a volume`);
    }
  }
}

/** The same for a change: a PUT of rootfs makes the container unusable; only volumes of its own may be named. */
export function guardUpdate(vmid: number, set: Parameters, remove: readonly string[], digest: string): void {
  const what = `change container ${vmid}`;
  guardCommon(what, set);
  if (digest === '') refuse(what, 'the digest is missing');
  if (Object.keys(set).length === 0 && remove.length === 0) refuse(what, 'nothing to change');
  for (const key of [...Object.keys(set), ...remove]) {
    if (key === 'rootfs' || key === 'lock') refuse(what, `${key} is never changed by a config call`);
    if (!/^[a-z][a-z0-9-]*$/.test(key)) refuse(what, `${JSON.stringify(key)} is not a key`);
  }
  for (const key of remove) if (key in set) refuse(what, `${key} is both set and removed`);
  for (const [key, value] of Object.entries(set)) {
    const volume = volumeOf(String(value));
    const own = isNewVolume(volume) || isHostPath(volume) || ownerOfVolume(volume) === vmid;
    if (/^(mp|unused)\d+$/.test(key) && !own) refuse(what, `${key} names a volume of another container: ${volume}`);
  }
}

/** Throws kind user, as the person's own text is most of it. */
export function guardDescription(vmid: number, description: string): void {
  const length = [...description].length;
  if (length <= DESCRIPTION_LIMIT) return;
  const reason = `${length} characters, and Proxmox VE takes ${DESCRIPTION_LIMIT}`;
  throw new GitopsError('user', `Unable to write the description of container ${vmid}: ${reason}`, {
    advice: ['Shorten the description; about 4000 characters of it are ours.'],
  });
}

function guardCommon(what: string, parameters: Parameters): void {
  if ('lock' in parameters) refuse(what, 'lock can be set by the API and not be removed by it');
  for (const [key, value] of Object.entries(parameters)) {
    const good = typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && value.trim() !== '';
    if (!good) refuse(what, `${key} has no value; an empty one would be stored: use remove`);
  }
}

function refuse(what: string, reason: string): never {
  throw new GitopsError('bug', `Unable to ${what}: ${reason}`);
}
