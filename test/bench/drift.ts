import { join } from 'node:path';
import { fleetLine, measureFleet } from './fleet.ts';

/** `node build/test/bench/drift.js [containers] [runs]`: that part of the benchmark alone, which needs no root. */

const [containers = 1000, runs = 3] = process.argv.slice(2).map(Number);
console.log(fleetLine(containers, await measureFleet(join(import.meta.dirname, '..', '..', '..'), containers, runs)));
