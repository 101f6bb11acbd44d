import { createInterface } from 'node:readline/promises';
import { GitopsError } from '../../src/model/errors.ts';

/** Asks on a terminal; elsewhere the answer has to be given as --yes. Throws kind user on anything but yes. */
export async function confirm(question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw new GitopsError('user', 'Unable to ask: this is not a terminal', { advice: ['say it with --yes'] });
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await lines.question(`${question} Type yes: `);
    if (answer.trim() !== 'yes') throw new GitopsError('user', 'Nothing was done');
  } finally {
    lines.close();
  }
}
