import type { Applied } from './mark.ts';

/**
 * A state that a container can go back to, as it is written beside the thing that holds the state: in the description
 * of a snapshot or in the notes of a backup. What has neither was never ours to use or to prune.
 */
export interface WayPoint {
  readonly site: string;
  readonly owner: string;
  readonly name: string;
  readonly stage: string;
  readonly vmid: number;
  /** Commit whose state it holds; absent outside git. */
  readonly commit?: string;
  /** When it was taken, the server's time, ISO 8601. */
  readonly at: string;
  /** What had been applied to the container by then. */
  readonly applied: Applied;
}

const OPEN = 'pve-gitops:1 ';
/** Proxmox VE takes some 1000 characters of notes. */
export const WAY_POINT_LIMIT = 900;

/** A readable line, then ours. Throws RangeError beyond the limit. */
export function formatWayPoint(point: WayPoint): string {
  const commit = point.commit === undefined ? 'its state' : `commit ${point.commit.slice(0, 12)}`;
  const text = `${point.owner} as of ${commit}, a way back of pve-gitops\n${OPEN}${JSON.stringify(point)}`;
  if (text.length > WAY_POINT_LIMIT) throw new RangeError(`notes of ${text.length} characters`);
  return text;
}

/** undefined: not ours, or damaged; it is left alone then. */
export function parseWayPoint(text: string | undefined): WayPoint | undefined {
  const line = (text ?? '').split('\n').find((entry) => entry.startsWith(OPEN));
  if (line === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line.slice(OPEN.length));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const point = value as Partial<Record<keyof WayPoint, unknown>>;
  const texts = [point.site, point.owner, point.name, point.stage, point.at].every((part) => typeof part === 'string');
  if (!texts || typeof point.vmid !== 'number' || Number.isNaN(Date.parse(String(point.at)))) return undefined;
  const applied = typeof point.applied === 'object' && point.applied !== null ? point.applied : {};
  return { ...(value as WayPoint), applied };
}

/** Whether a way point is of this container of ours: only such are used and pruned. */
export function isWayPointOf(
  point: WayPoint,
  mark: Pick<WayPoint, 'site' | 'owner' | 'name' | 'stage' | 'vmid'>,
): boolean {
  return (
    point.site === mark.site &&
    point.owner === mark.owner &&
    point.name === mark.name &&
    point.stage === mark.stage &&
    point.vmid === mark.vmid
  );
}

/** Name of a snapshot of ours: Proxmox VE takes letters, digits and underscores, 40 at most. */
export function snapshotName(at: Date): string {
  return `pgo_${at.toISOString().replace(/[-:]/g, '').replace(/\..*$/, '').replace('T', '_')}`;
}
