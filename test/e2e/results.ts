import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Keeps a text for whoever looks at a failed run, and returns where: below test-results/e2e/, which git ignores. */
export function keepResult(name: string, text: string): string {
  const file = join(import.meta.dirname, '../../test-results/e2e', name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}
