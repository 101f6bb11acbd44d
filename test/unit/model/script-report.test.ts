import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/model/ports.ts';
import { listenToScript, summariseScript } from '../../../src/model/script-report.ts';

describe('what a script says of itself', () => {
  it('is sorted into changes, warnings, its error and progress', () => {
    const told: Event[] = [];
    const report = listenToScript((event) => told.push(event));
    for (const line of [
      'Reading',
      ' ',
      'changed: /etc/x',
      'warning: old',
      'error: first',
      'error: last',
      'changed:',
      'unchanged: y',
    ]) {
      report.hear(line);
    }
    expect(report.changed).toEqual(['/etc/x']);
    expect(report.warnings).toEqual(['old']);
    expect(report.error()).toBe('last');
    expect(told.map((event) => (event.kind === 'line' ? event.text : event.kind))).toEqual([
      'Reading',
      'changed: /etc/x',
      'error: first',
      'error: last',
      'changed:',
      'unchanged: y',
    ]);
  });

  it('keeps its last 20 lines, oldest first', () => {
    const report = listenToScript(() => undefined);
    for (let line = 1; line <= 30; line += 1) report.hear(`line ${line}`);
    expect(report.tail).toHaveLength(20);
    expect([report.tail[0], report.tail.at(-1)]).toEqual(['line 11', 'line 30']);
    expect(report.error()).toBeUndefined();
  });

  it.each([
    [[], 'nothing to do'],
    [['a'], '1 change'],
    [['a', 'b'], '2 changes'],
  ])('is summed up', (changed, text) => {
    expect(summariseScript({ changed })).toBe(text);
  });
});
