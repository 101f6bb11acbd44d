import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Milliseconds until a program prints its first byte, or ends. */
function firstOutput(file: string, environment: Readonly<Record<string, string>>): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    let first: number | undefined;
    const seen = (): void => {
      first ??= performance.now() - began;
    };
    child.stdout.on('data', seen);
    child.stderr.on('data', seen);
    child.on('error', reject);
    child.on('close', () => resolve(first ?? performance.now() - began));
  });
}

export interface Startup {
  readonly action: string;
  readonly bytes: number;
  readonly milliseconds: number;
  /** Over an empty file that imports zod. */
  readonly ratio: number;
}

/** Start of each committed bundle until its first word, in turn with a file that only imports zod. */
export async function measureStartup(root: string, runs: number): Promise<readonly Startup[]> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-bench-'));
  try {
    const base = join(folder, 'zod.mjs');
    writeFileSync(
      base,
      `import ${JSON.stringify(join(root, 'node_modules', 'zod', 'index.js'))};\nconsole.log('up');\n`,
    );
    const actions = ['container-init', 'container-default', 'container-configuration'];
    const files = [base, ...actions.map((action) => join(root, 'actions', action, 'dist', 'index.js'))];
    const times = files.map((): number[] => []);
    for (let run = 0; run <= runs; run += 1) {
      for (const [index, file] of files.entries()) {
        const time = await firstOutput(file, { HOME: folder });
        // The first round warms the disk cache.
        if (run > 0) times[index]?.push(time);
      }
    }
    const floor = median(times[0] ?? []);
    return actions.map((action, index) => {
      const milliseconds = median(times[index + 1] ?? []);
      const bytes = statSync(join(root, 'actions', action, 'dist', 'bundle.js')).size;
      return { action, bytes, milliseconds, ratio: milliseconds / floor };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
