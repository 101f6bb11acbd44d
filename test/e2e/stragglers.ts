import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processes whose home is the given folder. The runner puts each step in a session of its own and ends only the step
 * itself, so that neither its group nor its children lead to what a cancelled step had started; the environment does.
 */
export function processesAtHome(home: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${home}`);
      } catch {
        return false; // It has ended, or belongs to another account.
      }
    })
    .map(Number);
}

export function endStragglers(home: string): void {
  for (const pid of processesAtHome(home)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}
