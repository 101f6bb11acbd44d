import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/model/ports.ts';
import { createProgress, type ProgressOptions } from '../../../src/report/progress.ts';

function harness(options: Partial<ProgressOptions> = {}) {
  const lines: string[] = [];
  let time = 0;
  let tick: () => void = () => undefined;
  let stopped = false;
  const progress = createProgress({
    line: (text) => lines.push(text),
    now: () => time,
    every: (_, callback) => {
      tick = callback;
      return () => {
        stopped = true;
      };
    },
    verbose: true,
    ...options,
  });
  const tell = (...events: Event[]): void => {
    for (const event of events) progress.tell(event);
  };
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      time += 1000;
      tick();
    }
  };
  return { lines, tell, pass, close: () => progress.close(), stopped: () => stopped };
}

describe('a part of a step', () => {
  const outer: Event = { kind: 'started', what: 'configure' };
  const inner: Event = { kind: 'started', what: 'verify' };

  it('has its own time, and the step goes on after it', () => {
    const { lines, tell, pass } = harness();
    tell(outer);
    pass(5);
    tell(inner);
    pass(3);
    tell({ kind: 'finished', what: 'verify' });
    pass(25);
    tell({ kind: 'finished', what: 'configure' });
    expect(lines).toEqual(['  ok verify (3.0 s)', '  ... configure, 28 s', '  ok configure (33 s)']);
  });

  it('that never ended goes with its step', () => {
    const { lines, tell, pass } = harness();
    tell(outer, inner);
    pass(2);
    tell({ kind: 'failed', what: 'configure', message: 'x' });
    pass(60);
    expect(lines).toEqual(['  failed configure (2.0 s)']);
  });

  it('of which nobody knew is told all the same', () => {
    const { lines, tell } = harness();
    tell({ kind: 'finished', what: 'elsewhere' });
    expect(lines).toEqual(['  ok elsewhere']);
  });

  it('tells how it ended, with its time', () => {
    const { lines, tell } = harness();
    tell({ kind: 'started', what: 'web' });
    tell({ kind: 'finished', what: 'web', text: 'as its definition says' });
    expect(lines).toEqual(['  ok web: as its definition says (0.0 s)']);
  });
});

describe('the end of a step', () => {
  it.each([
    ['baseline', '  ok baseline: 2 changes (0.0 s)'],
    ['configure', '  ok configure: 2 changes (0.0 s)'],
    ['start', '  ok 2 changes (0.0 s)'],
  ] as const)('%s', (kind, line) => {
    const { lines, tell } = harness();
    const result = { kind, summary: '2 changes', changes: [], changed: [], warnings: [], milliseconds: 0 };
    tell({ kind: 'started', what: kind }, { kind: 'finished', what: kind, result });
    expect(lines).toEqual([line]);
  });
});

describe('the heartbeat', () => {
  it('is due 20 s after the last line, whatever it was', () => {
    const { lines, tell, pass } = harness();
    tell({ kind: 'started', what: 'baseline' });
    pass(19);
    tell({ kind: 'line', text: 'Unpacking' });
    pass(19);
    expect(lines).toEqual(['    │ Unpacking']);
    pass(1);
    expect(lines.at(-1)).toBe('  ... baseline, 39 s: Unpacking');
  });

  it('never leaves more than 30 s between two lines', () => {
    let last = 0;
    let widest = 0;
    const { tell, pass, lines } = harness();
    tell({ kind: 'started', what: 'baseline' });
    for (let second = 1; second <= 300; second += 1) {
      const before = lines.length;
      pass(1);
      if (lines.length === before) continue;
      widest = Math.max(widest, second - last);
      last = second;
    }
    expect(300 - last).toBeLessThanOrEqual(30);
    expect(widest).toBeLessThanOrEqual(30);
  });

  it('is looked after every second, a terminal five times', () => {
    const periods: number[] = [];
    const every = (milliseconds: number) => {
      periods.push(milliseconds);
      return () => undefined;
    };
    harness({ every });
    harness({ every, status: () => undefined });
    expect(periods).toEqual([1000, 200]);
  });

  it('says at most 100 letters of what was said last', () => {
    const { lines, tell, pass } = harness({ verbose: false });
    tell({ kind: 'started', what: 'baseline' }, { kind: 'line', text: 'x'.repeat(200) });
    pass(20);
    expect(lines).toEqual([`  ... baseline, 20 s: ${'x'.repeat(100)}`]);
  });

  it('stops with the run', () => {
    const { stopped, close } = harness();
    close();
    expect(stopped()).toBe(true);
  });
});

describe('what scripts wrote', () => {
  it('cannot command the runner nor rewrite the log, wherever it is shown', () => {
    const { lines, tell } = harness();
    const evil = '\u001b[2K\r::add-mask::x';
    tell(
      { kind: 'line', text: evil },
      { kind: 'note', text: evil },
      { kind: 'warning', text: evil },
      { kind: 'check', result: { check: 'http', ok: false, detail: `got\n${evil}` } },
      {
        kind: 'finished',
        what: 'configure',
        result: { kind: 'configure', summary: evil, changes: [], changed: [evil], warnings: [], milliseconds: 0 },
      },
    );
    expect(lines).toHaveLength(6);
    for (const line of lines) {
      expect(line).not.toMatch(/^\s*(?:::|##\[)/);
      expect(line).not.toMatch(/\p{Cc}/u);
    }
  });

  it('is left out unless asked for', () => {
    const { lines, tell } = harness({ verbose: false });
    tell({ kind: 'line', text: 'x' });
    expect(lines).toEqual([]);
  });
});

describe('groups of a forge', () => {
  it('open with a stage, close before the next one and at the end, once', () => {
    const calls: string[] = [];
    const { tell, close } = harness({
      group: { open: (title) => calls.push(title), close: () => calls.push('close') },
    });
    tell({ kind: 'stage', title: 'plan' }, { kind: 'stage', title: 'apply' });
    close();
    close();
    expect(calls).toEqual(['plan', 'close', 'apply', 'close']);
  });
});
