import { describe, expect, it } from 'vitest';
import type { Event } from '../../../src/model/ports.ts';
import { listenToScript, summariseScript } from '../../../src/model/script-report.ts';

describe('listenToScript', () => {
  it('sorts lines by their word, and takes words only at the beginning of a line', () => {
    const told: Event[] = [];
    const report = listenToScript((event) => told.push(event));
    const lines = ['changed: a', ' changed: b', 'unchanged: c', 'warning: d', 'error: e', 'error: f', 'changed: '];
    for (const line of lines) report.hear(line);
    expect(report.changed).toEqual(['a']);
    expect(report.warnings).toEqual(['d']);
    expect(report.error()).toBe('f');
    expect(report.tail).toEqual(lines);
    expect(told.map((event) => (event.kind === 'line' ? event.text : event.kind))).toEqual(
      lines.filter((line) => line !== 'warning: d'),
    );
  });

  it('passes over empty lines', () => {
    const report = listenToScript(() => expect.unreachable());
    report.hear('   ');
    expect(report.tail).toEqual([]);
  });
});

describe('summariseScript', () => {
  it.each([
    [0, 'nothing to do'],
    [1, '1 change'],
    [2, '2 changes'],
  ])('%i: %s', (count, text) => {
    expect(summariseScript({ changed: Array.from({ length: count }, () => 'x') })).toBe(text);
  });
});
