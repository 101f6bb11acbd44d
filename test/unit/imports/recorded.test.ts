import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stateOf, take } from './take.ts';

interface Recorded {
  readonly row: number;
  readonly vmid: number;
  readonly config: Readonly<Record<string, string>>;
  readonly pending?: Readonly<Record<string, string | null>>;
}

/** Configs of containers that a real Proxmox VE answered with. */
const RECORDED = readFileSync(new URL('recorded.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** What no definition can say: containers that cannot start, or half made. */
const IMPOSSIBLE: Readonly<Record<number, string>> = {
  185: 'a host name of 66 characters, with which no Linux starts',
  290: 'two interfaces of one name',
};

describe('containers that a server had', () => {
  const possible = RECORDED.filter(({ row, config }) => IMPOSSIBLE[row] === undefined && config.template === undefined);

  it.each(possible)('row $row: nothing would change', ({ vmid, config, pending = {} }) => {
    const { differences, text } = take(stateOf(config, { vmid, pending }));
    expect({ differences, text }).toEqual({ differences: [], text });
  });

  it('those that no definition can say are said so', () => {
    const impossible = RECORDED.filter(({ row }) => IMPOSSIBLE[row] !== undefined);
    expect(impossible).toHaveLength(Object.keys(IMPOSSIBLE).length);
    for (const { vmid, config, pending = {} } of impossible) {
      const { differences } = take(stateOf(config, { vmid, pending }));
      expect(differences.map(({ reason }) => reason)).not.toContain('');
      expect(differences).not.toEqual([]);
    }
  });
});
