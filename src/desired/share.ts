import type { Definition } from '../model/definition.ts';
import type { Desired, Share } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import type { Identity } from './identity.ts';
import { problemAt } from './problems.ts';
import type { Mounted } from './storage.ts';

const SMB = /^\/\/([^/]+)\/([^/]+)$/;

/** The site's own: the container of this name serves a share of this name (libs/share). */
export const OWN_SHARE = 'share';

/**
 * What MOUNT=share comes to: the share of the site's own container, or one by SMB that the setting names as `//host/name`.
 * Neither is a directory of the node, so it leaves the mounts, and the container gets FUSE for it. Only where the setting names
 * a directory of the node it stays one.
 */
export function withShare<T extends Mounted & Pick<Desired, 'features'>>(
  mounted: T,
  setting: string | undefined,
): T & Pick<Desired, 'share'> {
  const wanted = mounted.mounts.find(({ kind }) => kind === 'share');
  const source = sourceOf(setting);
  if (wanted === undefined || source === undefined) return mounted;
  return {
    ...mounted,
    mounts: mounted.mounts.filter(({ kind }) => kind !== 'share'),
    features: { ...mounted.features, fuse: true },
    share: { ...source, readOnly: wanted.readOnly ?? false },
  };
}

/** undefined: a directory of the node. */
function sourceOf(setting: string | undefined): Pick<Share, 'from' | 'name'> | undefined {
  if (setting === undefined) return { from: { container: OWN_SHARE }, name: OWN_SHARE };
  const [, host, name] = SMB.exec(setting) ?? [];
  return host === undefined || name === undefined ? undefined : { from: { host }, name };
}

/** It is mounted where an engine runs, and not by the container that serves it. */
export function checkShare(
  { mounts, engine, state }: Pick<Definition, 'mounts' | 'engine' | 'state'>,
  share: Share | undefined,
  identity: Identity,
  problems: Problem[],
): void {
  if (share === undefined || mounts === undefined || state?.value === 'absent') return;
  if ('container' in share.from && share.from.container === identity.name) {
    const fix = 'remove it: what others see as /share lies on its own volume';
    problems.push(problemAt(mounts, 'share is what this container serves itself', fix));
  }
  if (engine !== 'none') return;
  const fix = 'add configure.sh, or take a directory of the node: /host/path:/share';
  problems.push(problemAt(mounts, 'share is mounted by the engine, and this definition has none', fix));
}

/** A container that mounts another one's share comes after it. */
export function dependsOnShare(depends: readonly string[], share: Share | undefined): readonly string[] {
  if (share === undefined || 'host' in share.from || depends.includes(share.from.container)) return depends;
  return [...depends, share.from.container];
}
