import { describe, expect, it } from 'vitest';
import { pushesFor } from '../../../src/controlplane/import.ts';

const heads = (branches: Readonly<Record<string, string>>, mainFollows: boolean) =>
  pushesFor({ branches: new Map(Object.entries(branches)), imported: 'new', first: 'first', mainFollows });

const ALL = { upstream: 'old', main: 'old', release: 'r', develop: 'd', snapshot: 's', rollback: 'b' };

describe('pushes of an import', () => {
  it('fills an empty repository, with nothing to deploy on release', () => {
    expect(heads({}, true)).toEqual({
      push: { upstream: 'new', main: 'new', release: 'first', develop: 'new', snapshot: 'first', rollback: 'new' },
      ask: false,
      main: 'new',
    });
  });

  it('moves main along where nobody has committed to it, and no other branch of people’s', () => {
    expect(heads(ALL, true)).toEqual({ push: { upstream: 'new', main: 'new' }, ask: false, main: 'new' });
  });

  it('leaves a main with commits of its own, and asks', () => {
    expect(heads({ ...ALL, main: 'ours' }, false)).toEqual({ push: { upstream: 'new' }, ask: true, main: 'ours' });
  });

  it('moves nothing the second time', () => {
    expect(heads({ ...ALL, upstream: 'new', main: 'new' }, true)).toEqual({ push: {}, ask: false, main: 'new' });
  });

  it('makes a branch that was removed from where main stands', () => {
    const { develop: _, ...rest } = ALL;
    expect(heads({ ...rest, main: 'ours' }, false).push).toEqual({ upstream: 'new', develop: 'ours' });
  });
});
