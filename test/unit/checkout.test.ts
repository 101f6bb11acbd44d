import { describe, expect, it } from 'vitest';
import { definitionWithin, refOf } from '../../src/checkout.ts';
import type { Source } from '../../src/model/ports.ts';

describe('which branch a workflow names', () => {
  it.each([
    [{ ref: 'main' }, 'main'],
    // A workflow of Proxmox-GitOps says branch; ref has its default then.
    [{ ref: 'main', branch: 'release' }, 'release'],
    [{ ref: 'release', branch: '' }, 'release'],
    [{ ref: '', branch: '' }, undefined],
    [{}, undefined],
  ])('%j → %s', (inputs, ref) => {
    expect(refOf(inputs)).toBe(ref);
  });
});

describe('where the definition is in a checkout', () => {
  const holding = (folders: Readonly<Record<string, readonly string[]>>): Source =>
    ({ list: async (directory: string) => folders[directory] }) as unknown as Source;
  const project = { '/w': ['libs', 'package.json'], '/w/libs/config': ['container.yml', 'control-plane.yml'] };
  it.each([
    ['at its root', { '/w': ['config.env'] }, '', '/w'],
    ['where the workflow says', project, 'libs/apache', '/w/libs/apache'],
    ['of the project’s own repository, the control plane’s', project, '', '/w/libs/config'],
    ['of a container that has such a folder too', { ...project, '/w': ['container.yml', 'libs'] }, '', '/w'],
    ['of a folder of that name without a control plane', { ...project, '/w/libs/config': ['a.rb'] }, '', '/w'],
  ])('%s', async (_, folders, path, wanted) => {
    expect((await definitionWithin(holding(folders), '/w', path)).replace(/\/$/, '')).toBe(wanted);
  });
});
