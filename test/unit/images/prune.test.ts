import { expect, it } from 'vitest';
import type { ListedImage } from '../../../src/images/list.ts';
import { whyKept } from '../../../src/images/prune.ts';

const listed = (changes: Partial<ListedImage> = {}, lock?: string): ListedImage => ({
  image: {
    state: {
      vmid: 800_000,
      node: 'pve',
      running: false,
      config: {},
      pending: {},
      digest: 'd',
      ...(lock === undefined ? {} : { lock }),
    },
    name: 'debian-13-abc',
    key: 'abc',
    kind: 'debian-13',
    template: 'local:vztmpl/x',
    hostKeys: [],
    upgraded: true,
    storage: 'local-lvm',
    size: 2,
  },
  state: 'old',
  ageDays: 30,
  neededBy: [],
  ...changes,
});

it.each([
  ['old and needed by nobody', listed(), undefined],
  ['never finished', listed({ state: 'unfinished', ageDays: 0 }), undefined],
  ['current', listed({ state: 'current' }), 'new containers are cloned from it'],
  ['needed by a clone', listed({ neededBy: [1042, 1043] }), '1042, 1043 cannot be without it'],
  ['never finished and needed all the same', listed({ state: 'unfinished', neededBy: [7] }), '7 cannot be without it'],
  ['locked', listed({}, 'disk'), 'it is locked (disk)'],
  ['young', listed({ ageDays: 3 }), 'it is 3 days old, and kept until it is 7'],
])('%s', (_, image, reason) => expect(whyKept(image, 7)).toBe(reason));
