import type { PermissionsByPath } from '../model/inspection.ts';
import type { Need, Verb } from './needs.ts';

/** A privilege that an identity lacks, and all that it would be needed for. */
export interface Missing {
  readonly path: string;
  readonly privilege: string;
  /** `deploy` when a deploy needs it, whatever else does. */
  readonly verbs: readonly Verb[];
  readonly reasons: readonly string[];
}

/** Each lacking privilege once per path. One of several that would do is named only when no other one is named there. */
export function missingPrivileges(needs: readonly Need[], held: PermissionsByPath): readonly Missing[] {
  const lacking = needs.filter(
    ({ paths, privileges }) => !paths.some((path) => privileges.some((name) => held.get(path)?.has(name) === true)),
  );
  const found = new Map<string, { path: string; privilege: string; verbs: Set<Verb>; reasons: Set<string> }>();
  for (const need of lacking.toSorted((a, b) => a.privileges.length - b.privileges.length)) {
    const path = need.paths[0] ?? '/';
    const named = need.privileges.find((privilege) => found.has(`${path} ${privilege}`)) ?? need.privileges[0] ?? '';
    const key = `${path} ${named}`;
    const entry = found.get(key) ?? { path, privilege: named, verbs: new Set<Verb>(), reasons: new Set<string>() };
    entry.verbs.add(need.verb);
    entry.reasons.add(need.reason);
    found.set(key, entry);
  }
  return [...found.values()].map(({ path, privilege, verbs, reasons }) => ({
    path,
    privilege,
    verbs: [...verbs],
    reasons: [...reasons],
  }));
}
