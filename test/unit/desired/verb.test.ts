import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../src/desired/verb.ts';

const trigger = { branch: 'main', event: 'push', mode: '', stage: '', developOverlay: false };

describe('the branch is the verb', () => {
  it.each([
    [{ branch: 'release' }, 'deploy', 'main'],
    [{ branch: 'main' }, 'configure', 'main'],
    [{ branch: 'develop' }, 'plan', 'main'],
    [{ branch: 'develop', developOverlay: true }, 'deploy', 'develop'],
    [{ branch: 'main', developOverlay: true }, 'configure', 'main'],
    [{ branch: 'feature/x' }, 'plan', 'main'],
    [{ branch: 'snapshot' }, 'snapshot', 'main'],
    [{ branch: 'rollback', event: 'workflow_dispatch' }, 'rollback', 'main'],
    [{ branch: 'main', mode: 'deploy' }, 'deploy', 'main'],
    [{ branch: 'main', mode: 'rebuild' }, 'rebuild', 'main'],
    [{ branch: 'release', mode: 'plan' }, 'plan', 'main'],
    [{ branch: 'release', stage: 'test' }, 'deploy', 'test'],
    [{ branch: 'release', event: 'workflow_dispatch', mode: 'destroy' }, 'destroy', 'main'],
  ])('%o → %s of stage %s', (changes, verb, stage) => {
    expect(jobOf({ ...trigger, ...changes })).toEqual({ verb, stage });
  });

  it.each([{ mode: 'dploy' }, { mode: 'constructor' }])('%o is refused by name', (changes) => {
    expect(() => jobOf({ ...trigger, ...changes })).toThrow(/Unable to run mode "(dploy|constructor)"/);
  });
});

describe('a pull request', () => {
  const pull = { ...trigger, event: 'pull_request' };

  it.each(['release', 'main', 'develop', 'snapshot', 'rollback', 'x'])('into %s is only planned', (branch) => {
    expect(jobOf({ ...pull, branch, developOverlay: true }).verb).toBe('plan');
  });

  it.each(['deploy', 'destroy', 'rollback', 'configure'])('cannot ask for %s', (mode) => {
    expect(() => jobOf({ ...pull, mode })).toThrow(`Unable to ${mode} for a pull request`);
    expect(() => jobOf({ ...pull, event: 'pull_request_target', mode })).toThrow(/only planned/);
  });
});

it.each(['push', 'schedule', ''])('destroy is never done on %j: somebody has to ask', (event) => {
  expect(() => jobOf({ ...trigger, event, mode: 'destroy' })).toThrow(/Unable to destroy on/);
});
