import { loadavg } from 'node:os';
import { join } from 'node:path';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { total } from './by-hand.ts';
import { measureDeploys, type Run } from './deploy.ts';
import { fleetLine, measureFleet } from './fleet.ts';
import { measureStartup } from './startup.ts';

/**
 * `npm run bench [runs]`: medians, and ratios to what the same calls and commands cost by hand in the same run. The
 * budgets of the design are printed with what became of them; the exit code is 0 whatever that is.
 */

const root = join(import.meta.dirname, '..', '..', '..');
const runs = Number(process.argv[2] ?? 3);
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
const budgets: string[] = [];
/** Of the plan that the design has a budget for. */
const CONTAINERS = 1000;

function budget(what: string, value: number, limit: number, unit: string): void {
  const verdict = value <= limit ? 'pass' : 'FAIL';
  budgets.push(`${verdict}  ${what}: ${value.toFixed(2)}${unit}, budget ${limit}${unit}`);
}

function tell(what: string, { milliseconds, apiCalls, sshRuns }: Run, more = ''): void {
  console.log(`${what}: ${seconds(milliseconds)}, ${apiCalls} API calls, ${sshRuns} runs of ssh${more}`);
}

console.log(`medians of ${runs} runs; load of this machine ${loadavg()[0]?.toFixed(1)}`);
for (const { action, bytes, milliseconds, ratio } of await measureStartup(root, runs)) {
  console.log(
    `${action}: ${(bytes / 1000).toFixed(0)} kB, first word after ${milliseconds.toFixed(0)} ms, ${ratio.toFixed(2)} x a file that imports zod`,
  );
  budget(`start of ${action} over a file that imports zod`, ratio, 2, '');
  budget(`bundle of ${action}`, bytes / 1e6, 1.5, ' MB');
}
const missing = await checkHost();
if (missing.length > 0) {
  console.log(
    `LEFT OUT: deploys to real containers: ${missing.map(({ what, reason }) => `${what}: ${reason}`).join('; ')}`,
  );
} else {
  const found = await measureDeploys(root, runs, (text) => console.error(text));
  for (const [name, steps] of [
    ['from the template', found.created],
    ['from the image', found.cloned],
  ] as const) {
    console.log(`by hand ${name}: ${seconds(total(steps))}`);
    console.log(
      `  ${Object.entries(steps)
        .map(([step, time]) => `${step} ${seconds(time)}`)
        .join(', ')}`,
    );
  }
  tell('first deploy, from the template', found.first, `, ${found.firstRatio.toFixed(2)} x by hand`);
  tell('first deploy of a node, which builds the image (once)', found.building);
  tell('warm deploy, from the image', found.warm, `, ${found.warmRatio.toFixed(2)} x by hand`);
  tell('deploy again, nothing to change', found.again);
  tell('configure only', found.configure);
  if (found.ansible === undefined)
    console.log('LEFT OUT: Ansible: it failed, or there is no python3 with venv from 3.11');
  else {
    const { fresh, again } = found.ansible;
    console.log(`Ansible, new container: ${seconds(fresh.milliseconds)}, ${fresh.apiCalls} API calls`);
    console.log(
      `Ansible again: ${seconds(again.milliseconds)}, ${again.apiCalls} API calls, ${again.changed} tasks say changed`,
    );
    const times = (slow: number, fast: number): string => `${(slow / fast).toFixed(1)} x`;
    console.log(
      `Ansible over ours: new ${times(fresh.milliseconds, found.warm.milliseconds)} (warm), ${times(fresh.milliseconds, found.first.milliseconds)} (from the template); again ${times(again.milliseconds, found.again.milliseconds)}`,
    );
  }
  console.log(`what the last warm deploy said:\n${found.told.replaceAll(/^/gm, '  ').trimEnd()}`);
  budget('warm deploy of libs/apache over its floor', found.warmRatio, 1.15, '');
  budget('deploy again', found.again.milliseconds / 1000, 1, ' s');
  budget('deploy again', found.again.apiCalls, 6, ' API calls');
}
const fleet = await measureFleet(root, CONTAINERS, runs);
const each = fleet.apiCalls / CONTAINERS;
console.log(fleetLine(CONTAINERS, fleet));
budget(`drift of ${CONTAINERS} containers`, fleet.milliseconds / 1000, 2, ' s');
budget(`drift of ${CONTAINERS} containers, each`, each, 1.01, ' API calls');
console.log(`budgets:\n  ${budgets.join('\n  ')}`);
