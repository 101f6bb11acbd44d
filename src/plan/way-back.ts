import type { WayBack } from '../model/definition.ts';
import type { Mark } from '../model/mark.ts';
import type { Step } from '../model/plan.ts';
import { observedMounts } from './mounts.ts';

/** How a container would go back to its last good state. `reason` completes "because". */
export type WayBackChoice =
  | { readonly kind: 'snapshot'; readonly reason: string }
  | { readonly kind: 'backup'; readonly storage: string; readonly reason: string }
  /** The last good commit is configured again, with today's volumes. */
  | { readonly kind: 'converge'; readonly commit: string; readonly reason: string }
  | { readonly kind: 'none'; readonly reason: string };

export interface WayBackFacts {
  /** Whether every volume that the config names can be snapshotted. */
  readonly snapshotPossible: boolean;
  /** Where a backup may go; undefined: no storage of the node takes backups. */
  readonly backupStorage: string | undefined;
  /** Bytes used on the root disk; undefined: not known (a stopped container). */
  readonly used: number | undefined;
}

/** Bytes used up to which a backup is taken without being asked for: it takes seconds, not minutes. */
export const BACKUP_LIMIT = 4 * 1024 ** 3;

const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;

/**
 * The way back that fits what the container has. A snapshot covers every volume of the container, so one with kept
 * volumes is never rolled back by itself: writes since then would be lost. Pure.
 */
export function chooseWayBack(
  wish: WayBack,
  config: Readonly<Record<string, string>>,
  goodCommit: string | undefined,
  facts: WayBackFacts,
): WayBackChoice {
  if (wish === 'none') return { kind: 'none', reason: 'the definition says way_back: none' };
  const mounts = observedMounts(config);
  const volumes = mounts.filter((mount) => mount.volume);
  if (volumes.length > 0) {
    const paths = volumes.map((volume) => volume.path).join(', ');
    if (goodCommit === undefined) {
      return { kind: 'none', reason: `${paths} would be taken back with it, and no commit has been good yet` };
    }
    const reason = `the volume at ${paths} keeps what was written since`;
    return { kind: 'converge', commit: goodCommit, reason };
  }
  if (wish !== 'backup' && facts.snapshotPossible) {
    return { kind: 'snapshot', reason: 'its storage can take snapshots' };
  }
  const cannot = facts.snapshotPossible ? 'the definition asks for a backup' : snapshotObstacle(mounts);
  if (wish === 'snapshot') return { kind: 'none', reason: `${cannot}, and the definition asks for a snapshot` };
  // An archive leaves binds and devices out, and only root may put them back.
  if (mounts.length > 0) return { kind: 'none', reason: `${cannot}; only root can restore those` };
  if (facts.backupStorage === undefined) return { kind: 'none', reason: `${cannot}, and no storage takes backups` };
  if (wish === 'backup') return { kind: 'backup', storage: facts.backupStorage, reason: cannot };
  if (facts.used === undefined) return { kind: 'none', reason: `${cannot}, and what it uses is not known` };
  if (facts.used >= BACKUP_LIMIT) {
    return {
      kind: 'none',
      reason: `${cannot}, and it uses ${gib(facts.used)}; way_back: backup takes one all the same`,
    };
  }
  return { kind: 'backup', storage: facts.backupStorage, reason: cannot };
}

function snapshotObstacle(mounts: readonly { readonly path: string }[]): string {
  return mounts.length === 0
    ? 'its storage cannot take snapshots'
    : `${mounts.map((mount) => mount.path).join(', ')} cannot be in a snapshot`;
}

/** How the plan says it. */
export function describeWayBack(choice: WayBackChoice): string {
  switch (choice.kind) {
    case 'snapshot':
      return 'a snapshot';
    case 'backup':
      return `a backup on ${choice.storage} (${choice.reason})`;
    case 'converge':
      return `commit ${choice.commit.slice(0, 12)} configured again (${choice.reason})`;
    case 'none':
      return `none: ${choice.reason}`;
    default:
      return choice satisfies never;
  }
}

/** Good states that stay, beside the present one. */
export const RETAINED = 3;

/** Steps after which a container may not serve any more. */
const RISKY: ReadonlySet<Step['kind']> = new Set(['restart', 'baseline', 'configure']);

/** Steps that a service may not come up with, although it goes on as it is. */
const CHANGING: ReadonlySet<Step['kind']> = new Set(['update', 'resize']);

/** `followed`: what comes after these steps is a stretch of its own, and not known yet: a configuration, or checks. */
export const isRisky = (steps: readonly Step[], followed = false): boolean =>
  steps.some(({ kind }) => RISKY.has(kind) || (followed && CHANGING.has(kind)));

/** A container that was good once and is about to be changed: its state is kept first, unless it is being changed already. */
export function needsWayBack(mark: Mark, steps: readonly Step[], followed = false): boolean {
  return mark.applied.configuration !== undefined && mark.attempt === undefined && isRisky(steps, followed);
}

/** The step that keeps the state, when there is a way to keep it. */
export function keepSteps(choice: WayBackChoice, trying: string | undefined): readonly Step[] {
  if (choice.kind === 'none') return [];
  const way = choice.kind === 'backup' ? { kind: choice.kind, storage: choice.storage } : { kind: choice.kind };
  const reason = 'it is good now, and a change of it can fail';
  return [{ kind: 'keep', way, ...(trying === undefined ? {} : { trying }), reason, disruption: 'none' }];
}

/** `last 3 h ago, commit c0ffee…`, or `none kept yet`. */
export function lastWayBack({ history = [], attempt }: Mark, now: Date): string {
  const last = attempt ?? history[0];
  if (last === undefined) return 'none kept yet';
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(last.at)) / 60_000));
  const age =
    minutes < 120
      ? `${minutes} min`
      : minutes < 2880
        ? `${Math.round(minutes / 60)} h`
        : `${Math.round(minutes / 1440)} days`;
  return `last ${age} ago${last.commit === undefined ? '' : `, commit ${last.commit.slice(0, 12)}`}`;
}
