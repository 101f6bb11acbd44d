import type { Desired } from '../model/desired.ts';
import type { Finding } from '../model/finding.ts';
import type { Shells } from '../model/ports.ts';
import type { Connection } from '../model/settings.ts';
import { ok, problem } from './findings.ts';
import { answering } from './look.ts';

/** Whether the addresses of a new container are free. */
export async function examineAddresses(
  shells: Shells,
  { interfaces }: Pick<Desired, 'interfaces'>,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const found = interfaces.map(async ({ ipv4, index }): Promise<Finding[]> => {
    if (ipv4.kind !== 'static') return [];
    const taken = await shells.answers(ipv4.address, answering(signal));
    if (!taken) return [ok('container', `address ${ipv4.address} is free (net${index})`)];
    const fix = ['another machine has it; choose another IP in the definition'];
    return [problem('container', 'user', `address ${ipv4.address} (net${index}) answers already`, fix)];
  });
  return (await Promise.all(found)).flat();
}

/** What Proxmox VE reserves to a login of root@pam, whatever a token may do (facts, 5). */
export function examineReserved(
  desired: Pick<Desired, 'mounts' | 'devices' | 'features'>,
  { user, password }: Connection,
): readonly Finding[] {
  const { keyctl, fuse, mknod, mount } = desired.features;
  const reserved = [
    ...(desired.mounts.length > 0 ? ['directories of the host'] : []),
    ...(desired.devices.length > 0 ? ['devices'] : []),
    ...(keyctl || fuse || mknod || mount.length > 0 ? ['features other than nesting'] : []),
  ];
  if (reserved.length === 0) return [];
  const what = reserved.join(', ');
  if (user === 'root@pam' && password !== undefined) return [ok('container', `${what}: root@pam's own login is there`)];
  return [
    problem('container', 'user', `${what}: Proxmox VE reserves these to a login of root@pam, no token will do`, [
      'give proxmox.user root@pam and its password (PROXMOX_USER, PROXMOX_PASSWORD) beside the token',
    ]),
  ];
}
