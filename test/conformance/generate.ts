import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conformanceFolder } from './case.ts';
import { convert } from './convert.ts';
import { readRecording } from './recording.ts';

/** Writes cases.jsonl from the recordings beside the repository: `node build/test/conformance/generate.js [FILE]`. */
const folder = conformanceFolder();
const source = process.argv[2] ?? join(folder, '..', '..', '..', 'shared', 'proxmox', 'answers.jsonl');
if (existsSync(source)) {
  const cases = convert(readRecording(source));
  const lines = cases.map((row) => JSON.stringify(row));
  writeFileSync(join(folder, 'cases.jsonl'), `${lines.join('\n')}\n`);
  console.log(`${cases.length} cases`);
} else {
  console.error(`Unable to write the cases: no recording at ${source}`);
  process.exitCode = 3;
}
