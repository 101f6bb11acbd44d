import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { disturbAll, disturbancesOf } from './api-faults.ts';
import { goldenOf } from './golden.ts';
import { kill, momentsOf } from './kills.ts';
import { shuffled } from './sample.ts';
import { SCENARIOS } from './scenarios.ts';
import { Seen } from './seen.ts';
import { type Count, Tally } from './tally.ts';
import { temporaryFolder } from './world.ts';

/**
 * `npm run faults`: every scenario is killed before and after every write and every command, and meets each API fault at
 * each call, on a simulated node in virtual time; run again, it must come to the same end. Ends with 1 when anything is lost.
 * `--scenario NAME` (more than once), `--kind kills` or `--kind 'API faults'`, `--fault 'lock file held'` (more than once), `--sample N`
 * tries of each kind, chosen by `--seed S`, as many of each fault.
 */
const { values: options } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    kind: { type: 'string' },
    fault: { type: 'string', multiple: true },
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    job: { type: 'string' },
  },
});

/** What a process of this program is asked for, and what it tells. */
type Told = { readonly lost: string } | { readonly counts: readonly Count[] };

/** API faults are dealt out to so many processes, each of them every fourth call. */
const PARTS = 4;
const KINDS = ['kills', ...Array.from({ length: PARTS }, (_, part) => `API faults ${part}`)];

async function work(job: string): Promise<void> {
  const [name = '', kind = ''] = job.split(':');
  const scenario = SCENARIOS.find((entry) => entry.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  // Nobody reads where thousands of expected errors came from.
  Error.stackTraceLimit = 0;
  const home = temporaryFolder();
  const tell = (told: Told): void => void process.send?.(told);
  const tally = new Tally((lost) => tell({ lost }));
  const golden = await goldenOf(scenario, home);
  const chosen = <T>(all: readonly T[], kinds = 1): readonly T[] =>
    options.sample === undefined
      ? all
      : shuffled(all, options.seed).slice(0, Math.ceil(Number(options.sample) / kinds));
  const seen = new Seen();
  if (kind === 'kills') for (const moment of chosen(momentsOf(golden))) await kill(golden, moment, tally, seen);
  else {
    const all = disturbancesOf(golden).filter(
      ([one]) => one === undefined || (options.fault?.includes(one.fault.name) ?? true),
    );
    for (const ofFault of all) {
      const due = new Set(chosen(ofFault, all.length));
      const some = ofFault.filter((disturbance, at) => due.has(disturbance) && kind.endsWith(String(at % PARTS)));
      await disturbAll(golden, some, tally, seen);
    }
  }
  for (const folder of [home, golden.start.folder]) rmSync(folder, { recursive: true, force: true });
  tell({ counts: tally.counts() });
  process.disconnect();
  // Dead runs wait for ever.
  process.exit(0);
}

/** Runs one job in a process of its own. */
function start(job: string, tally: Tally): Promise<void> {
  const child = fork(import.meta.filename, [...process.argv.slice(2), '--job', job]);
  child.on('message', (told: Told) => {
    if ('lost' in told) console.log(told.lost);
    else tally.add(told.counts);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`faults of ${job} ended with ${code}`));
    });
  });
}

async function main(): Promise<number> {
  const began = Date.now();
  const tally = new Tally();
  const wanted = SCENARIOS.filter(({ name }) => options.scenario?.includes(name) ?? true);
  const kinds = KINDS.filter((kind) => kind.startsWith(options.kind ?? ''));
  // The longest first: a replace says and does more than all others.
  const queue = wanted.toReversed().flatMap(({ name }) => kinds.toReversed().map((kind) => `${name}:${kind}`));
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const at = Date.now();
      await start(job, tally);
      console.log(`${job}: ${((Date.now() - at) / 1000).toFixed(0)} s`);
    }
  };
  // One more than there are processors, as each of them waits at times.
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker));
  const sample = options.sample === undefined ? 'all' : `a sample by seed ${options.seed}`;
  console.log(`\n${tally.table()}\n${sample}, ${((Date.now() - began) / 1000).toFixed(0)} s`);
  return tally.lostCount > 0 ? 1 : 0;
}

if (options.job === undefined) process.exitCode = await main();
else await work(options.job);
