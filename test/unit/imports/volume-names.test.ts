import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VOLUME } from '../../../src/definition/forms.ts';
import { volumeNames } from '../../../src/imports/volume-names.ts';

describe('names of volumes', () => {
  it.each([
    [['/srv/data'], ['data']],
    [
      ['/srv/data', '/backup/data', '/data'],
      ['data', 'backup-data', 'data-2'],
    ],
    [['/var/lib/My_Data.db'], ['my-data-db']],
    [
      ['/', '/ü'],
      ['volume', 'volume-2'],
    ],
    [
      [`/srv/${'x'.repeat(40)}`, `/opt/${'x'.repeat(40)}`],
      ['x'.repeat(32), `${'x'.repeat(30)}-2`],
    ],
  ])('%j', (paths, names) => {
    expect(volumeNames(paths)).toEqual(names);
  });

  it('leave those that are taken', () => {
    expect(volumeNames(['/srv/data'], ['data'])).toEqual(['srv-data']);
  });

  it('differ from each other and are names, whatever the paths are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 50 }), { maxLength: 8 }), (paths) => {
        const names = volumeNames(paths);
        expect(new Set(names).size).toBe(paths.length);
        expect(names.filter((name) => !VOLUME.test(name))).toEqual([]);
      }),
    );
  });
});
