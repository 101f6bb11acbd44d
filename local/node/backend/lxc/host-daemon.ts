import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE = 10_000;
const POLL = 20;

/**
 * Starts a program that outlives this process, as containers do that need it. Returns when `ready` says so; its
 * output goes to a file.
 */
export async function startDaemon(
  argv: readonly string[],
  logFile: string,
  ready: () => Promise<boolean>,
): Promise<void> {
  const [program = '', ...args] = argv;
  const output = openSync(logFile, 'w', 0o600);
  let failed: string | undefined;
  try {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', output, output], cwd: '/' });
    child.on('error', (error) => {
      failed = error.message;
    });
    child.on('exit', (code) => {
      if (code !== 0) failed = `it ended with ${code ?? 'a signal'}`;
    });
    child.unref();
  } finally {
    closeSync(output);
  }
  const end = Date.now() + DEADLINE;
  while (!(await ready())) {
    if (failed !== undefined) throw new Error(`unable to start ${program}: ${failed} (${logFile})`);
    if (Date.now() > end) throw new Error(`unable to start ${program}: got timeout (${logFile})`);
    await delay(POLL);
  }
}
