import { join } from 'node:path';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { measureDeploys } from './deploy.ts';
import { measureStartup } from './startup.ts';

/** `npm run bench [runs]`: figures as ratios of one run; nothing here passes or fails. */

const root = join(import.meta.dirname, '..', '..', '..');
const runs = Number(process.argv[2] ?? 5);
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;

console.log(`medians of ${runs} runs`);
for (const { action, bytes, milliseconds, ratio } of await measureStartup(root, runs)) {
  console.log(
    `${action}: ${(bytes / 1000).toFixed(0)} kB, first word after ${milliseconds.toFixed(0)} ms, ${ratio.toFixed(2)} x a file that imports zod`,
  );
}
const missing = await checkHost();
if (missing.length > 0) {
  console.log(
    `LEFT OUT: deploys to real containers: ${missing.map(({ what, reason }) => `${what}: ${reason}`).join('; ')}`,
  );
} else {
  const { floor, deploy, again, calls, steps } = await measureDeploys(root, runs);
  console.log(`by hand (API create and start, apt-get install apache2, the page): ${seconds(floor)}`);
  for (const [name, time] of Object.entries(steps)) console.log(`  of it ${name}: ${seconds(time)}`);
  console.log(`first deploy of libs/apache: ${seconds(deploy)}, ${(deploy / floor).toFixed(2)} x by hand`);
  console.log(`deploy again, nothing to change: ${seconds(again)}, ${calls} API calls`);
}
