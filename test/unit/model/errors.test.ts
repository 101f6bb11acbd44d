import { describe, expect, it } from 'vitest';
import { formatProblem, GitopsError, isGitopsError, type Problem, ProblemsError } from '../../../src/model/errors.ts';

describe('a problem on one line', () => {
  it.each<[Problem, string]>([
    [{ file: 'config.env', message: 'is empty' }, 'config.env: is empty'],
    [{ file: 'config.env', line: 3, message: 'is odd' }, 'config.env:3: is odd'],
    [
      { file: 'config.env', line: 3, column: 7, key: 'CORES', message: 'is odd', fix: 'write 2' },
      'config.env:3:7: CORES: is odd; write 2',
    ],
    [{ file: 'environment', column: 7, key: 'LOGIN', message: 'is odd' }, 'environment: LOGIN: is odd'],
  ])('%#', (problem, line) => {
    expect(formatProblem(problem)).toBe(line);
  });
});

describe('errors', () => {
  it('keep what is known of the remote side, and nothing else', () => {
    const cause = new Error('socket');
    const error = new GitopsError('remote', 'Unable to x', {
      cause,
      status: 595,
      log: ['a'],
      fields: { vmid: 'taken' },
      uncertain: true,
      advice: ['wait'],
    });
    expect(error.remote).toEqual({ status: 595, fields: { vmid: 'taken' }, log: ['a'], uncertain: true });
    expect([error.cause, error.advice, error.kind]).toEqual([cause, ['wait'], 'remote']);
    expect(new GitopsError('busy', 'x').remote).toEqual({});
    expect(new GitopsError('busy', 'x')).not.toHaveProperty('cause');
  });

  it('of a file name all problems, counted', () => {
    const one: Problem = { file: 'a', message: 'b' };
    const error = new ProblemsError('settings', [one, { file: 'c', line: 1, message: 'd' }]);
    expect(error.message).toBe('Unable to read settings: 2 problems\n  a: b\n  c:1: d');
    expect([error.kind, error.problems.length, isGitopsError(error)]).toEqual(['user', 2, true]);
    expect(new ProblemsError('settings', [one]).message).toContain(': 1 problem\n');
    expect(isGitopsError(new Error('x'))).toBe(false);
  });
});
