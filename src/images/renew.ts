import { GitopsError } from '../model/errors.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import type { Ports } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { type Built, buildImages } from './build.ts';
import { type Pruned, pruneImages } from './prune.ts';

/** As `image prune` has it. */
const OLDER_THAN_DAYS = 7;

/**
 * Builds anew what has grown old, with today's security updates, and removes what nobody needs any more. A report for each
 * image; no container is touched.
 */
export async function renewImages(ports: Ports, settings: Settings, signal: AbortSignal): Promise<FleetReport[]> {
  if (settings.images === undefined)
    throw new GitopsError('user', 'Unable to renew images: the setting images is off', {
      advice: ['set images to build or use, or take this task off the schedule'],
    });
  const built = await buildImages(ports, settings, { force: false }, signal);
  const pruned = await pruneImages(ports, settings, { olderThanDays: OLDER_THAN_DAYS, dry: false }, signal);
  const known = new Set(built.map(({ image }) => image.state.vmid));
  return [...built.map(ofBuilt), ...pruned.filter(({ vmid }) => !known.has(vmid)).map(ofPruned)];
}

function ofBuilt({ image, kept }: Built): FleetReport {
  const { name, state } = image;
  const text = kept ? `new enough on ${state.node}` : `built on ${state.node}`;
  return { name, stage: 'image', vmid: state.vmid, state: kept ? 'ok' : 'changed', text, details: [] };
}

function ofPruned({ name, vmid, fate, reason }: Pruned): FleetReport {
  const state = fate === 'removed' ? 'changed' : 'ok';
  return { name, stage: 'image', vmid, state, text: `${fate}: ${reason}`, details: [] };
}
