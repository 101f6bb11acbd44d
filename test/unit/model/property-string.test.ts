import { describe, expect, it } from 'vitest';
import { formatProperties, parseProperties, parseSize, volumeOf } from '../../../src/model/property-string.ts';

describe('property strings', () => {
  it('keep a first part that has no key under the empty one', () => {
    expect([...parseProperties('local-lvm:8,mountoptions=noatime;nodev,acl=1')]).toEqual([
      ['', 'local-lvm:8'],
      ['mountoptions', 'noatime;nodev'],
      ['acl', '1'],
    ]);
  });

  it('come back as they were', () => {
    const text = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:C0:D0:2F';
    expect(formatProperties(parseProperties(text))).toBe(text);
  });

  it.each([
    ['mp=/data,volume=local:8', 'local:8'],
    ['local:8,mp=/data', 'local:8'],
    ['mp=/data', ''],
  ])('%s names volume %j', (text, volume) => {
    expect(volumeOf(text)).toBe(volume);
  });

  it.each([
    ['8G', 8 * 1024 ** 3],
    ['716M', 716 * 1024 ** 2],
    ['0T', 0],
    ['1024', 1024],
    ['8 GiB', undefined],
    [undefined, undefined],
  ])('a size of %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });
});
