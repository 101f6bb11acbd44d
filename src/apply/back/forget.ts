import type { Mark, PastState, Way } from '../../model/mark.ts';

/**
 * The mark of a container some of whose snapshots are about to go: what they held can be had from git alone then, by the
 * commit. Written before they go, so that no mark ever names one that is not there.
 */
export function withoutSnapshots(mark: Mark, names: readonly string[]): Mark {
  const { attempt, history, ...rest } = mark;
  const states = history?.flatMap((state): PastState[] => {
    const way = wayWithout(state, names);
    return way.kind === 'none' ? [] : [{ ...state, way }];
  });
  return {
    ...rest,
    ...(attempt === undefined ? {} : { attempt: { ...attempt, way: wayWithout(attempt, names) } }),
    ...(states === undefined || states.length === 0 ? {} : { history: states }),
  };
}

function wayWithout({ way, commit }: PastState, names: readonly string[]): Way {
  if (way.kind !== 'snapshot' || !names.includes(way.name)) return way;
  return commit === undefined ? { kind: 'none' } : { kind: 'converge' };
}
