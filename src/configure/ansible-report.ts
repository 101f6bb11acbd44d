/** What a playbook came to, over all hosts of it. */
export interface Recap {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  /** All that were looked at. */
  readonly tasks: number;
  /** A play that is for no host that there is. */
  readonly unmatched?: string;
}

interface Failed {
  readonly task: string;
  readonly message: string;
  readonly file?: string;
  readonly line?: number;
}

interface Entry {
  readonly failed?: Failed;
  readonly stats?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly unmatched?: string;
}

/** Lines of ansible-callback.ts; what is no such line is passed over. */
function entriesOf(report: readonly string[]): readonly Entry[] {
  return report.flatMap((line) => {
    try {
      const entry: unknown = JSON.parse(line);
      return typeof entry === 'object' && entry !== null ? [entry as Entry] : [];
    } catch {
      return [];
    }
  });
}

export function recapOf(report: readonly string[]): Recap {
  const entries = entriesOf(report);
  const hosts = entries.flatMap(({ stats }) => Object.values(stats ?? {}));
  const sum = (...keys: readonly string[]): number =>
    hosts.reduce((total, host) => total + keys.reduce((part, key) => part + Number(host[key] ?? 0), 0), 0);
  const unmatched = entries.find((entry) => entry.unmatched !== undefined)?.unmatched;
  return {
    ok: sum('ok'),
    changed: sum('changed'),
    failed: sum('failures', 'unreachable'),
    tasks: sum('ok', 'failures', 'unreachable', 'skipped', 'rescued', 'ignored'),
    ...(unmatched === undefined ? {} : { unmatched }),
  };
}

/** Enough of a reason; cut here, where secrets are hidden already. */
const LONGEST = 1200;

/** The task that a playbook ended with; undefined: it did not come so far. */
export function explainPlaybook(report: readonly string[]): { readonly reason: string } | undefined {
  const failed = entriesOf(report).findLast((entry) => entry.failed !== undefined)?.failed;
  if (failed === undefined) return undefined;
  const { task, message, file, line } = failed;
  const place = file === undefined ? '' : ` (${file}${line === undefined ? '' : `:${line}`})`;
  const why = String(message).replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST);
  return { reason: `task ${JSON.stringify(String(task))}${place} failed: ${why}` };
}
