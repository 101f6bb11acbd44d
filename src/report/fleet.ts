import type { FleetReport } from '../model/fleet-report.ts';
import { EXIT } from './exit-code.ts';
import { plainLine } from './plain-text.ts';
import { PLAIN, plural, type Style } from './style.ts';

const WORDS: Readonly<Record<string, Readonly<Record<FleetReport['state'], string>>>> = {
  drift: { ok: 'as git says', changed: 'DRIFT', skipped: 'not known', failed: 'FAILED' },
  update: { ok: 'up to date', changed: 'upgraded', skipped: 'left', failed: 'FAILED' },
  backup: { ok: 'backed up', changed: 'backed up', skipped: 'left', failed: 'FAILED' },
  images: { ok: 'left', changed: 'renewed', skipped: 'left', failed: 'FAILED' },
};
/** What a task is about, and what a vmid is of. */
const NOUNS: Readonly<Record<string, readonly [string, string]>> = { images: ['image', 'template'] };

const wordOf = (task: string, state: FleetReport['state']): string => WORDS[task]?.[state] ?? state;
const nounsOf = (task: string): readonly [string, string] => NOUNS[task] ?? ['container', 'container'];
const whoOf = (task: string, { name, stage, vmid }: FleetReport): string =>
  `${name}${stage === 'main' || task === 'images' ? '' : ` (${stage})`}, ${nounsOf(task)[1]} ${vmid}`;

/** One line per container, what it is about below it, and the sum. */
export function renderFleet(task: string, reports: readonly FleetReport[], style: Style = PLAIN): string[] {
  const lines = reports.flatMap((report) => {
    const colour = { ok: style.good, changed: style.warn, skipped: style.dim, failed: style.bad }[report.state];
    const shown =
      report.state === 'ok' ? report.details.filter((line) => line.startsWith('not in it')) : report.details;
    return [
      `${colour(wordOf(task, report.state).padEnd(11))} ${whoOf(task, report)}: ${plainLine(report.text)}`,
      ...shown.map((line) => `    ${plainLine(line)}`),
    ];
  });
  return [...lines, style.bold(fleetLine(task, reports))];
}

export function fleetLine(task: string, reports: readonly FleetReport[]): string {
  const counts = (['ok', 'changed', 'skipped', 'failed'] as const)
    .map((state) => [wordOf(task, state), reports.filter((report) => report.state === state).length] as const)
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`);
  return `${task}: ${plural(reports.length, nounsOf(task)[0])}${counts.length === 0 ? '' : `, ${counts.join(', ')}`}`;
}

/** @param strict a drift ends with 2, so that scripts see it */
export function exitCodeOfFleet(task: string, reports: readonly FleetReport[], strict: boolean): number {
  if (reports.some(({ state }) => state === 'failed')) return EXIT.remote;
  return strict && task === 'drift' && reports.some(({ state }) => state === 'changed') ? EXIT.changes : EXIT.ok;
}

export function fleetMarkdown(task: string, reports: readonly FleetReport[]): string {
  const cell = (text: string): string => plainLine(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');
  const rows = reports.flatMap((report) => [
    `| ${cell(whoOf(task, report))} | ${wordOf(task, report.state)} | ${cell(report.text)} |`,
    ...(task === 'drift' ? report.details.map((line) => `| | | ${cell(line)} |`) : []),
  ]);
  return [`### ${fleetLine(task, reports)}`, '', `| ${nounsOf(task)[0]} | | |`, '|---|---|---|', ...rows, ''].join(
    '\n',
  );
}

export function fleetJson(task: string, reports: readonly FleetReport[], exitCode: number): string {
  return JSON.stringify({ version: 1, kind: task, exitCode, containers: reports });
}
