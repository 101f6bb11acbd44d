import { expect, it } from 'vitest';
import { withShare } from '../../../src/desired/share.ts';
import type { Mounted } from '../../../src/desired/storage.ts';

const FEATURES = { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] };
const BIND = { kind: 'bind', host: '/mnt/a', path: '/a' } as const;
const given = (mounts: Mounted['mounts']) => ({
  volumes: [],
  deletedVolumes: [],
  mounts,
  devices: [],
  features: FEATURES,
});

it('takes a share by SMB from within the container, with FUSE and without a directory of the node', () => {
  expect(withShare(given([{ kind: 'share', readOnly: true }, BIND]), '//share.home/files')).toEqual({
    ...given([BIND]),
    features: { ...FEATURES, fuse: true },
    share: { from: { host: 'share.home' }, name: 'files', readOnly: true },
  });
});

it('takes that of the site’s own container where no setting says another', () => {
  expect(withShare(given([{ kind: 'share' }, BIND]), undefined)).toEqual({
    ...given([BIND]),
    features: { ...FEATURES, fuse: true },
    share: { from: { container: 'share' }, name: 'share', readOnly: false },
  });
});

it.each([
  ['a directory of the node', [{ kind: 'share' } as const], '/tank/share'],
  ['a definition that wants none', [BIND], '//share.home/files'],
  ['a definition that wants none, without a setting', [BIND], undefined],
])('leaves %s as it is', (_, mounts, share) => {
  expect(withShare(given(mounts), share)).toEqual(given(mounts));
});
