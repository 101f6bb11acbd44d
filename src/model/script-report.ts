import type { StepResult } from './outcome.ts';
import type { Event } from './ports.ts';

/** Lines of a script's output that are kept to explain a failure. */
const TAIL = 20;

/**
 * What a script in a container says of itself. A line `changed: …` names something it changed, `warning: …` something
 * a person should look at, `error: …` why it gave up; every other line is progress.
 */
export interface ScriptReport {
  /** To be called with each complete line. */
  hear(line: string): void;
  readonly changed: readonly string[];
  readonly warnings: readonly string[];
  /** The last `error: …`, when there was one. */
  error(): string | undefined;
  /** The last lines, oldest first. */
  readonly tail: readonly string[];
}

/** Tells every line but warnings as it comes; those are in the step's result, which its runner tells. */
export function listenToScript(tell: (event: Event) => void): ScriptReport {
  const changed: string[] = [];
  const warnings: string[] = [];
  const tail: string[] = [];
  let error: string | undefined;
  return {
    changed,
    warnings,
    tail,
    error: () => error,
    hear(line) {
      if (line.trim() === '') return;
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
      const said = /^(changed|warning|error): (.+)$/.exec(line);
      const text = said?.[2] ?? line;
      if (said?.[1] === 'changed') changed.push(text);
      if (said?.[1] === 'error') error = text;
      if (said?.[1] === 'warning') warnings.push(text);
      else tell({ kind: 'line', text: line });
    },
  };
}

/** Sums up what a script changed: `nothing to do`, `2 changes`. */
export function summariseScript(report: Pick<StepResult, 'changed'>): string {
  const count = report.changed.length;
  return count === 0 ? 'nothing to do' : `${count} ${count === 1 ? 'change' : 'changes'}`;
}
