import { describe, expect, it } from 'vitest';
import { jobOf } from '../../../src/desired/verb.ts';

const trigger = { branch: 'main', mode: '', stage: '', developOverlay: false };

describe('the branch is the verb', () => {
  it.each([
    [{ branch: 'release' }, 'deploy', 'main'],
    [{ branch: 'main' }, 'configure', 'main'],
    [{ branch: 'develop' }, 'plan', 'main'],
    [{ branch: 'develop', developOverlay: true }, 'deploy', 'develop'],
    [{ branch: 'main', developOverlay: true }, 'configure', 'main'],
    [{ branch: 'feature/x' }, 'plan', 'main'],
    [{ branch: 'main', mode: 'deploy' }, 'deploy', 'main'],
    [{ branch: 'release', mode: 'plan' }, 'plan', 'main'],
    [{ branch: 'release', stage: 'test' }, 'deploy', 'test'],
  ])('%o → %s of stage %s', (changes, verb, stage) => {
    expect(jobOf({ ...trigger, ...changes })).toEqual({ verb, stage });
  });

  it.each([{ mode: 'rebuild' }, { branch: 'rollback' }, { mode: 'dploy' }])('%o is refused by name', (changes) => {
    expect(() => jobOf({ ...trigger, ...changes })).toThrow(/Unable to (rebuild|rollback|run mode "dploy")/);
  });
});
