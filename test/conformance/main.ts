import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadSchema } from '../../local/node/schema/load.ts';
import { type Case, conformanceFolder, readCases } from './case.ts';
import { convert } from './convert.ts';
import { byCall, countKind, isReached, THRESHOLDS } from './figures.ts';
import { playCases, type Result } from './player.ts';
import { readRecording } from './recording.ts';
import { printReport } from './report.ts';

// archives are named after the server's local time
process.env.TZ = 'UTC';

/** row → why it differs, as known when the cases were committed */
type Known = ReadonlyMap<number, string>;

function readKnown(): Known {
  const file = join(conformanceFolder(), 'known-differences.json');
  if (!existsSync(file)) return new Map();
  const list = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly rows: readonly number[];
    readonly reason: string;
  }[];
  return new Map(list.flatMap(({ rows, reason }) => rows.map((row) => [row, reason] as const)));
}

/**
 * Rows of another recording. Of the same server they take their places between the committed ones, told by their numbers;
 * a recording of its own is played alone.
 */
function withAnswers(committed: readonly Case[], file: string): { cases: readonly Case[]; asked: ReadonlySet<number> } {
  const own = convert(readRecording(file), committed);
  const asked = new Set(own.map(({ row }) => row));
  const shared = committed.filter(({ row }) => asked.has(row));
  const same = shared.filter((old) =>
    own.some((row) => row.row === old.row && row.method === old.method && row.path === old.path),
  );
  const isOther = shared.length > own.length / 2 && same.length < shared.length / 2;
  if (isOther || own.length >= committed.length) return { cases: own, asked };
  const between = [...committed.filter(({ row }) => !asked.has(row)), ...own];
  return { cases: between.toSorted((a, b) => a.row - b.row), asked };
}

function newDifferences(results: readonly Result[], known: Known): readonly Result[] {
  return results.filter(({ row, verdict }) => verdict.outcome === 'differs' && !known.has(row.row));
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { answers: { type: 'string' } } });
  const committed = readCases(join(conformanceFolder(), 'cases.jsonl'));
  const known = readKnown();
  const { cases, asked } =
    values.answers === undefined
      ? { cases: committed, asked: new Set(committed.map(({ row }) => row)) }
      : withAnswers(committed, values.answers);
  const played = await playCases(cases);
  const results = played.results.filter(({ row }) => asked.has(row.row));
  const paths = [...new Set(loadSchema('8.4').map(({ path }) => path))];
  printReport(results, byCall(results, paths), known, values.answers === undefined);
  // rows of others need not be many; their share counts all the same
  const least = values.answers === undefined ? 1 : 0;
  const reached = (['refusal', 'other'] as const).every((kind) => {
    const { covered, share } = THRESHOLDS[kind];
    return isReached(countKind(results, kind), { covered: covered * least, share });
  });
  const fresh = values.answers === undefined ? newDifferences(results, known) : [];
  if (fresh.length > 0) {
    console.log(
      `\nNEW DIFFERENCES in rows ${fresh.map(({ row }) => row.row).join(', ')}: these were equal when the cases were committed`,
    );
  }
  for (const failure of played.failures) console.log(`\nCOULD NOT BE DONE beside the API: ${failure}`);
  if (!reached) console.log('\nBELOW THE THRESHOLDS');
  const whole = values.answers !== undefined || (fresh.length === 0 && played.failures.length === 0);
  return reached && whole ? 0 : 1;
}

process.exitCode = await main();
