import { describe, expect, it } from 'vitest';
import { differencesOf } from '../../../src/desired/differences.ts';
import { desired } from '../plan/samples.ts';

describe('two states of a definition', () => {
  it('differ key by key, whatever their commits', () => {
    const before = desired({ commit: 'a'.repeat(40), memory: 512, tags: ['old', 'web'] });
    const { cores: _, ...rest } = desired({ commit: 'b'.repeat(40), memory: 1024, tags: ['web'] });
    expect(differencesOf(before, rest)).toEqual([
      { key: 'cores', from: '2' },
      { key: 'memory', from: '512', to: '1024' },
      { key: 'tags.0', from: 'old', to: 'web' },
      { key: 'tags.1', from: 'web' },
    ]);
    expect(differencesOf(before, { ...before, commit: 'c'.repeat(40) })).toEqual([]);
  });
});
