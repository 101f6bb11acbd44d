import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stale, written } from '../../../actions/describe.ts';
import { ACTIONS, COMMON, SETTING_INPUTS } from '../../../actions/interface.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

describe('what is written from the interfaces', () => {
  it('is up to date (npm run docs)', async () => {
    expect(await stale()).toEqual([]);
  });

  it('the forge finds the same composite as stands in workflows/', () => {
    expect(text('.gitea/workflows/action.yml')).toBe(text('workflows/action.yml'));
  });

  it('every own input of an action is read by its entry, and the other way round', () => {
    for (const { name, inputs } of ACTIONS) {
      const entry = text(`actions/${name}/main.ts`);
      const own = Object.keys(inputs).filter((input) => !(input in SETTING_INPUTS || input in COMMON));
      const list = /\[((?:\s*'[^']+',?)+\s*)\]/.exec(entry)?.[1] ?? '';
      expect([...list.matchAll(/'([^']+)'/g)].map((match) => match[1])).toEqual(own);
    }
  });

  it('the composite hands every setting to every action', () => {
    const composite = written().get('workflows/action.yml') ?? '';
    for (const input of Object.keys({ ...COMMON, ...SETTING_INPUTS })) {
      expect(composite.split(`        ${input}: \${{ inputs.${input} }}`)).toHaveLength(ACTIONS.length + 1);
    }
  });

  it('the README shows the short form that a container repository copies, verbatim', () => {
    expect(text('README.md')).toContain(text('workflows/templates/container.yml'));
  });
});
