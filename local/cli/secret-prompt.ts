import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { GitopsError } from '../../src/model/errors.ts';

/** Asks for a secret without showing it. Throws kind user where nobody can be asked; `otherwise` says what to do then. */
export async function askSecret(question: string, otherwise: readonly string[]): Promise<string> {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) {
    throw new GitopsError('user', `Unable to ask for the ${question}: this is not a terminal`, { advice: otherwise });
  }
  process.stdout.write(`${question}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stdout.write('\n');
  }
}
