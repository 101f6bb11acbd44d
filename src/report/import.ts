import type { Change } from '../model/plan.ts';
import { changeText } from './plan.ts';
import { PLAIN, type Style } from './style.ts';

/** What an import came to, as far as people are told. */
export interface ImportReport {
  readonly vmid: number;
  readonly node: string;
  readonly hostname: string;
  /** Of the definition, as a person would name it. */
  readonly file: string;
  readonly written: boolean;
  readonly notes: readonly { readonly key: string; readonly text: string }[];
  readonly differences: readonly (Change & { readonly reason: string })[];
  readonly due: readonly { readonly step: string; readonly reason: string }[];
  readonly owner?: { readonly owner: string; readonly site: string; readonly stage: string; readonly same: boolean };
  readonly next: readonly string[];
}

export function renderImport(report: ImportReport, style: Style = PLAIN): string[] {
  const { vmid, node, hostname, file, written, notes, differences, due, owner, next } = report;
  const to = written ? ` → ${file}` : '';
  const lines = [style.bold(`container ${vmid}${hostname === '' ? '' : ` (${hostname})`} on node ${node}${to}`)];
  if (owner !== undefined) {
    const whose = `${owner.owner} (site ${owner.site}, stage ${owner.stage})`;
    lines.push(`  ${style.dim('note:')} ${owner.same ? `it is ours already: ${whose}` : `it belongs to ${whose}`}`);
  }
  for (const { key, text } of notes) lines.push(`  ${style.dim('not taken over:')} ${key}: ${text}`);
  for (const { reason, ...change } of differences) {
    lines.push(`  ${style.warn('a deploy would change')} ${changeText({ ...without(change) })}: ${reason}`);
  }
  for (const { step, reason } of due)
    lines.push(`  ${style.dim('due at the first deploy:')} ${step}, because ${reason}`);
  lines.push(`  ${style.bold(verdictOf(differences.length))}`, 'next:', ...next.map((command) => `  ${command}`));
  return lines;
}

/** The reason says what the note says. */
function without({ note: _, ...change }: Change): Change {
  return change;
}

function verdictOf(differences: number): string {
  if (differences === 0) return 'the definition says what is there: nothing of its resources would change';
  return `${differences} ${differences === 1 ? 'value' : 'values'} would change; say them in the definition as you want them`;
}
