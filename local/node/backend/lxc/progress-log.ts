import type { TaskLog } from '../backend.ts';

const AT_MOST_EVERY = 2000;
const AT_LEAST_EVERY = 8000;

export interface ProgressLog {
  /** What goes on now; logged only now and then. */
  step(line: string): void;
  end(): void;
}

/** Turns a program's many lines into a few, and into more than none: a silent task looks like a dead one. `doing`: said while there are none. */
export function progressLog(log: TaskLog, doing: string | (() => string) = 'working'): ProgressLog {
  const started = Date.now();
  let latest = '';
  let loggedAt = started;
  const say = (line: string): void => {
    loggedAt = Date.now();
    log(line);
  };
  const timer = setInterval(() => {
    if (Date.now() - loggedAt < AT_LEAST_EVERY) return;
    const now = typeof doing === 'string' ? doing : doing();
    say(`${latest === '' ? now : latest} (${Math.round((Date.now() - started) / 1000)} s)`);
  }, 1000);
  return {
    step(line) {
      latest = line;
      if (Date.now() - loggedAt >= AT_MOST_EVERY) say(line);
    },
    end() {
      clearInterval(timer);
    },
  };
}
