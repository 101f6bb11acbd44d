import type { Desired } from '../model/desired.ts';
import type { Mounted } from './storage.ts';

const SMB = /^\/\/([^/]+)\/([^/]+)$/;

/**
 * What MOUNT=share comes to. A setting `//host/name` is a share by SMB, as libs/share serves: no directory of the node, so it
 * leaves the mounts, and the container gets FUSE for it. Else it is a directory of the node, and stays one.
 */
export function withShare<T extends Mounted & Pick<Desired, 'features'>>(
  mounted: T,
  share: string | undefined,
): T & Pick<Desired, 'share'> {
  const [, host, name] = SMB.exec(share ?? '') ?? [];
  const wanted = mounted.mounts.find(({ kind }) => kind === 'share');
  if (host === undefined || name === undefined || wanted === undefined) return mounted;
  return {
    ...mounted,
    mounts: mounted.mounts.filter(({ kind }) => kind !== 'share'),
    features: { ...mounted.features, fuse: true },
    share: { host, name, readOnly: wanted.readOnly ?? false },
  };
}
