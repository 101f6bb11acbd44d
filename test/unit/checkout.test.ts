import { describe, expect, it } from 'vitest';
import { refOf } from '../../src/checkout.ts';

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
