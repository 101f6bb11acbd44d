import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from '../../local/node/api/router.ts';
import { ROUTES } from '../../local/node/api/routes.ts';
import { loadSchema } from '../../local/node/schema/load.ts';
import { conformanceFolder } from './case.ts';
import { convert } from './convert.ts';
import { readRecording } from './recording.ts';

/** Writes cases.jsonl from the recordings beside the repository: `node build/test/conformance/generate.js [FILE]`. */
const folder = conformanceFolder();
const source = process.argv[2] ?? join(folder, '..', '..', '..', 'shared', 'proxmox', 'answers.jsonl');
if (existsSync(source)) {
  const router = new Router(loadSchema('8.4'), ROUTES);
  const lines = convert(readRecording(source)).map((row) => {
    const offered = row.raw !== undefined || router.find(row.method, decodeURIComponent(row.path)) !== undefined;
    const { body, ...rest } = row;
    // of a call that is not offered the answer is nobody's business
    return JSON.stringify(offered || body === undefined || row.status !== 200 ? row : rest);
  });
  writeFileSync(join(folder, 'cases.jsonl'), `${lines.join('\n')}\n`);
  console.log(`${lines.length} cases`);
} else {
  console.error(`Unable to write the cases: no recording at ${source}`);
  process.exitCode = 3;
}
