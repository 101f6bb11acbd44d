import { describe, expect, it } from 'vitest';
import { historyBefore } from '../../../../src/apply/back/settle.ts';
import type { PastState } from '../../../../src/model/mark.ts';

const state = (commit: string, second: number): PastState => ({
  commit,
  at: `2026-01-01T00:00:0${second}.000Z`,
  way: { kind: 'converge' },
});

describe('what is kept from before a state that was gone back to', () => {
  const history = [state('d', 3), state('c', 3), state('b', 3), state('a', 1)];
  it.each([
    ['the newest', state('d', 3), ['c', 'b', 'a']],
    ['one in the middle, of the second of its neighbours', state('c', 3), ['b', 'a']],
    ['the oldest', state('a', 1), []],
    ['an attempt, which is in no history', state('e', 3), ['d', 'c', 'b', 'a']],
    ['a state from between them, by a mark that was restored', state('x', 2), ['a']],
    ['a commit that nothing is known of', { ...state('y', 0), at: new Date(0).toISOString() }, []],
  ] as const)('%s', (_, past, left) => {
    expect(historyBefore(history, past).map(({ commit }) => commit)).toEqual(left);
  });
});
