import type { Parameters } from '../../model/plan.ts';
import { parseProperties, volumeOf } from '../../model/property-string.ts';
import type { Identity } from './authentication.ts';
import { isHostPath } from './volid.ts';

/**
 * Which login a create or change needs. Proxmox VE reserves bind and device mounts, device passthrough, hook scripts,
 * features other than nesting, and all features of a privileged container to root@pam's own ticket (facts, 5 and C1).
 */
export function identityFor(parameters: Parameters): Identity {
  const reserved = Object.entries(parameters).some(([key, value]) => isReserved(key, String(value), parameters));
  return reserved ? 'root' : 'default';
}

function isReserved(key: string, value: string, parameters: Parameters): boolean {
  if (/^dev\d+$/.test(key) || key === 'hookscript') return true;
  if (/^mp\d+$/.test(key)) return isHostPath(volumeOf(value));
  if (key !== 'features') return false;
  const unusual = [...parseProperties(value).keys()].some((feature) => feature !== 'nesting');
  return unusual || Number(parameters.unprivileged ?? 1) === 0;
}
