import { describe, expect, it } from 'vitest';
import { autoDeployOf, type Deploy, mergeAll, mergedHere } from '../../../src/controlplane/auto-deploy.ts';

const deploy = (repository: string, number: number): Deploy => ({
  repository,
  pull: { number, url: '', title: '', head: 'main', base: 'release', merged: false },
});
const DEPLOYS = [deploy('srv/config', 1), deploy('srv/apache', 2), deploy('srv/broker', 3)];

describe('autoDeployOf', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['0', false],
    ['false', false],
    ['No', false],
    ['1', true],
    ['true', true],
    ['YES', true],
  ])('%s: %s', (word, wanted) => {
    expect(autoDeployOf(word)).toBe(wanted);
  });

  it('another word is an error', () => {
    expect(() => autoDeployOf('perhaps')).toThrow('expected yes or no');
  });
});

describe('mergedHere', () => {
  it('is all, where all is deployed from here', () => {
    expect(mergedHere(DEPLOYS, false)).toEqual(DEPLOYS);
  });

  it('is the control plane alone, where that deploys itself to another place', () => {
    expect(mergedHere(DEPLOYS, true)).toEqual(DEPLOYS.slice(0, 1));
  });
});

describe('mergeAll', () => {
  async function merge(refused: readonly string[]) {
    const asked: string[] = [];
    const said: string[] = [];
    const forge = {
      async merge(repository: string, number: number): Promise<void> {
        asked.push(`${repository} ${number}`);
        if (refused.includes(repository)) throw new Error('it has conflicts');
      },
    };
    const reporter = { tell: (happening: object) => void said.push(JSON.stringify(happening)) };
    const call = { timeoutMs: 1000, signal: new AbortController().signal };
    const { merged, error } = await mergeAll({ forge, reporter, url: 'http://forge/' }, DEPLOYS, call);
    return { asked, said, merged: merged.map(({ repository }) => repository), error: error?.message };
  }

  it('the control plane comes last: its deploy may restart the forge', async () => {
    const { asked, merged, error, said } = await merge([]);
    expect(asked).toEqual(['srv/apache 2', 'srv/broker 3', 'srv/config 1']);
    expect(merged).toEqual(['srv/apache', 'srv/broker', 'srv/config']);
    expect(error).toBeUndefined();
    expect(said[0]).toContain('http://forge/srv/apache/actions');
  });

  it('one that cannot be merged stops no other, and is named', async () => {
    const { merged, error, said } = await merge(['srv/apache']);
    expect(merged).toEqual(['srv/broker', 'srv/config']);
    expect(error).toBe('Unable to merge srv/apache: their pull requests are open');
    expect(said[0]).toContain('http://forge/srv/apache/pulls/2');
    expect(said[0]).toContain('it has conflicts');
  });
});
