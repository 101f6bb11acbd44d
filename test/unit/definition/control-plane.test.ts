import { describe, expect, it } from 'vitest';
import { parseControlPlane } from '../../../src/definition/control-plane.ts';

describe('control-plane.yml', () => {
  it('has defaults for what it does not say', () => {
    expect(parseControlPlane('c.yml', undefined)).toEqual({ organisation: 'srv', repositories: [] });
  });

  it('names organisation and paths', () => {
    const text = 'organisation: home\nrepositories: [services/wiki, more/mail]\n';
    expect(parseControlPlane('c.yml', text)).toEqual({
      organisation: 'home',
      repositories: ['services/wiki', 'more/mail'],
    });
  });

  it('says everything that is wrong, with lines', () => {
    const text = 'organistion: home\nrepositories:\n  - ../elsewhere\n  - /etc\n';
    expect(() => parseControlPlane('c.yml', text)).toThrow(
      /c\.yml:1: .*write organisation[\s\S]*c\.yml:3: [\s\S]*c\.yml:4: /,
    );
  });
});
