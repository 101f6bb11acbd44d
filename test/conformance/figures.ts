import { type Kind, kindOf } from './case.ts';
import type { Result } from './player.ts';

export interface Count {
  readonly rows: number;
  readonly covered: number;
  readonly equal: number;
}

function emptyCount(): { rows: number; covered: number; equal: number } {
  return { rows: 0, covered: 0, equal: 0 };
}

function countOf(results: readonly Result[]): Count {
  const count = emptyCount();
  for (const { verdict } of results) {
    count.rows += 1;
    if (verdict.outcome !== 'left out') count.covered += 1;
    if (verdict.outcome === 'equal') count.equal += 1;
  }
  return count;
}

export function countKind(results: readonly Result[], kind: Kind): Count {
  return countOf(results.filter(({ row }) => kindOf(row) === kind));
}

/** What the issue asks for: how many rows at least, and which share of them equal. */
export const THRESHOLDS: Readonly<Record<'refusal' | 'other', { readonly covered: number; readonly share: number }>> = {
  refusal: { covered: 200, share: 0.95 },
  other: { covered: 350, share: 0.95 },
};

export function isReached(count: Count, wanted: { readonly covered: number; readonly share: number }): boolean {
  return count.covered >= wanted.covered && count.equal >= count.covered * wanted.share;
}

export interface CallFigures {
  readonly call: string;
  readonly count: Count;
  readonly differing: number;
  /** reason → rows */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** Path templates of the API description, the longest first, as patterns. */
function patterns(paths: readonly string[]): readonly (readonly [RegExp, string])[] {
  return paths
    .toSorted((a, b) => Number(a.includes('{')) - Number(b.includes('{')) || b.length - a.length)
    .map((path) => [new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`), path] as const);
}

/** Figures by method and path template, polls of tasks not among them. `paths`: templates of the API description. */
export function byCall(results: readonly Result[], paths: readonly string[]): readonly CallFigures[] {
  const known = patterns(paths);
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const { row } = result;
    if (kindOf(row) === 'poll') continue;
    const path = row.raw === undefined ? known.find(([pattern]) => pattern.test(row.path))?.[1] : undefined;
    const name = row.raw === undefined ? `${row.method} ${path ?? row.path}` : 'protocol, by raw request';
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([call, all]) => {
      const leftOut = new Map<string, number>();
      for (const { verdict } of all) {
        if (verdict.outcome === 'left out') leftOut.set(verdict.reason, (leftOut.get(verdict.reason) ?? 0) + 1);
      }
      const count = countOf(all);
      return { call, count, differing: count.covered - count.equal, leftOut };
    });
}
