import type { MountedShare } from './configure/share.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { Ports } from './model/ports.ts';
import type { RunOptions } from './run.ts';
import { siteContainers } from './site-containers.ts';

/** A container of stage develop that has no share of its own may have the one of stage main, as with depends. */
const FALLBACK = 'main';

/** What MOUNT=share is in this run. undefined: there is none, or the container that serves it does not run or has no address. */
export async function siteShare(
  ports: Pick<Ports, 'inventory'>,
  { desired, settings, signal }: Pick<RunOptions, 'desired' | 'settings' | 'signal'>,
): Promise<MountedShare | undefined> {
  const { share, stage } = desired;
  if (share === undefined) return undefined;
  const { from, name, readOnly } = share;
  if ('host' in from) return { host: from.host, name, readOnly };
  const serving = (await siteContainers(ports, settings.site, signal)).filter(
    (container) => container.name === from.container && container.address !== undefined,
  );
  const of = (wanted: string) => serving.find((container) => container.stage === wanted);
  const host = (of(stage) ?? of(FALLBACK))?.address;
  return host === undefined ? undefined : { host, name, readOnly };
}

/** A plan refuses to begin without it; it may have gone since. Throws kind busy. */
export function assertShare(
  { share }: Pick<Desired, 'share'>,
  vmid: number,
  found: MountedShare | undefined,
): MountedShare | undefined {
  if (share === undefined || found !== undefined) return found;
  throw new GitopsError('busy', `Unable to mount the share in container ${vmid}: what serves it is not running`);
}
