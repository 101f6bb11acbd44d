import { kindOf } from './case.ts';
import { type CallFigures, type Count, countKind, isReached, THRESHOLDS } from './figures.ts';
import type { Result } from './player.ts';

const percent = ({ covered, equal }: Count): string =>
  covered === 0 ? '-' : `${((equal / covered) * 100).toFixed(1)} %`;

function printCalls(figures: readonly CallFigures[]): void {
  const width = Math.max(...figures.map(({ call }) => call.length));
  console.log(`${'call'.padEnd(width)}  rows  covered  equal  differing  left out`);
  for (const { call, count, differing, leftOut } of figures) {
    const reasons = [...leftOut].map(([reason, rows]) => `${rows}: ${reason}`).join('; ');
    const numbers = [
      String(count.rows).padStart(4),
      String(count.covered).padStart(7),
      String(count.equal).padStart(5),
      (differing === 0 ? '' : String(differing)).padStart(9),
    ].join('  ');
    console.log(`${call.padEnd(width)}  ${numbers}  ${reasons}`.trimEnd());
  }
}

function printDifferences(results: readonly Result[], known: ReadonlyMap<number, string>): void {
  const differing = results.filter(({ verdict }) => verdict.outcome === 'differs');
  console.log(`\n${differing.length === 0 ? 'No differences' : 'Differences'}`);
  for (const { row, verdict } of differing) {
    if (verdict.outcome !== 'differs') continue;
    const params = row.params === undefined ? '' : ` ${JSON.stringify(row.params).slice(0, 160)}`;
    const poll = kindOf(row) === 'poll' ? ' (poll of a task)' : '';
    console.log(`\nrow ${row.row}${poll}: ${row.as} ${row.method} ${row.path}${params}`);
    for (const line of verdict.differences.slice(0, 8)) console.log(`  ${line}`);
    if (verdict.differences.length > 8) console.log(`  and ${verdict.differences.length - 8} more`);
    console.log(`  reason: ${known.get(row.row) ?? 'NOT KNOWN'}`);
  }
}

function printSummary(results: readonly Result[], thresholds: boolean): void {
  const polls = countKind(results, 'poll');
  const line = (name: string, count: Count): string =>
    `${name}: ${count.rows} rows, ${count.covered} covered, ${count.equal} equal (${percent(count)})`;
  console.log(`\n${line('polls of tasks, counted apart', polls)}`);
  for (const [kind, name] of [
    ['refusal', 'refusals (400, 403, 500, 501)'],
    ['other', 'other answers'],
  ] as const) {
    const count = countKind(results, kind);
    const wanted = THRESHOLDS[kind];
    const verdict = isReached(count, wanted) ? 'reached' : 'NOT REACHED';
    const aim = `; wanted: ${wanted.covered} covered, ${wanted.share * 100} % equal: ${verdict}`;
    console.log(`${line(name, count)}${thresholds ? aim : ''}`);
  }
}

/** Everything to standard output: by call, every difference with its reason, the two figures, with `thresholds` beside. */
export function printReport(
  results: readonly Result[],
  figures: readonly CallFigures[],
  known: ReadonlyMap<number, string>,
  thresholds: boolean,
): void {
  printCalls(figures);
  printDifferences(results, known);
  const gone = results.filter(({ row, verdict }) => verdict.outcome === 'equal' && known.has(row.row));
  if (gone.length > 0) {
    const rows = gone.map(({ row }) => row.row).join(', ');
    console.log(`\nNo longer different, to be taken off the list of known differences: rows ${rows}`);
  }
  printSummary(results, thresholds);
}
