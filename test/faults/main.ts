import { rmSync } from 'node:fs';
import { goldenOf } from './golden.ts';
import { kill, momentsOf } from './kills.ts';
import { SCENARIOS } from './scenarios.ts';
import { Tally } from './tally.ts';
import { temporaryFolder } from './world.ts';

const began = Date.now();
const home = temporaryFolder();
const tally = new Tally((text) => console.log(text));
for (const scenario of SCENARIOS) {
  const golden = await goldenOf(scenario, home);
  const moments = momentsOf(golden);
  console.log(`${scenario.name}: ${golden.exchanges.length} exchanges, ${moments.length} moments`);
  for (const moment of moments) await kill(golden, moment, tally);
  rmSync(golden.start.folder, { recursive: true, force: true });
}
rmSync(home, { recursive: true, force: true });
console.log(`\n${tally.table()}\n${((Date.now() - began) / 1000).toFixed(1)} s`);
// Dead runs wait for ever.
process.exit(tally.lostCount > 0 ? 1 : 0);
