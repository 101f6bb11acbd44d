import type { TaskLog } from '../backend.ts';

const FIRST_LINES = 50;
const LAST_LINES = 10;

/** The first lines and the last: a full disk makes tar complain about each of ten thousand files. */
export function limitedLog(log: TaskLog): { readonly add: TaskLog; readonly end: () => void } {
  const last: string[] = [];
  let count = 0;
  return {
    add(line) {
      count += 1;
      if (count <= FIRST_LINES) {
        log(line);
        return;
      }
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    },
    end() {
      const left = count - FIRST_LINES - last.length;
      if (left > 0) log(`... ${left} more lines ...`);
      for (const line of last) log(line);
    },
  };
}
