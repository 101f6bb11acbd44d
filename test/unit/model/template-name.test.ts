import { describe, expect, it } from 'vitest';
import {
  compareTemplates,
  compareVersions,
  parseTemplateName,
  parseTemplateVolid,
} from '../../../src/model/template-name.ts';

describe('template names', () => {
  it.each([
    ['debian-12-standard_12.7-1_amd64.tar.zst', 'debian', '12', '12.7-1'],
    ['debian-13-standard_13.1-2_amd64.tar.zst', 'debian', '13', '13.1-2'],
    ['ubuntu-24.04-standard_24.04-2_amd64.tar.zst', 'ubuntu', '24.04', '24.04-2'],
    ['alpine-3.22-default_20250617_amd64.tar.xz', 'alpine', '3.22', '20250617'],
    ['debian-12-turnkey-core_18.1-1_amd64.tar.gz', 'debian', '12', '18.1-1'],
    ['rockylinux-9-default_20240912_arm64.tar', 'rockylinux', '9', '20240912'],
  ])('%s', (name, os, release, version) => {
    expect(parseTemplateName(name)).toEqual({ name, os, release, version });
  });

  it.each(['my-archive.tar.zst', 'debian.tar.gz', 'vzdump-lxc-100-2026_01_01-00_00_00.tar.zst', 'x.iso', ''])(
    '%j is someone’s own',
    (name) => {
      expect(parseTemplateName(name)).toBeUndefined();
    },
  );

  it('volid, row 66', () => {
    const volid = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
    expect(parseTemplateVolid(volid)).toEqual({ volid, os: 'debian', release: '12', version: '12.7-1' });
  });
});

describe('order of versions', () => {
  it.each([
    ['12.7-1', '12.12-1'],
    ['12.7-1', '12.7-2'],
    ['9', '10'],
    ['12', '12.1'],
    ['3.9', '3.22'],
  ])('%s is older than %s', (older, newer) => {
    expect(compareVersions(older, newer)).toBeLessThan(0);
    expect(compareVersions(newer, older)).toBeGreaterThan(0);
  });

  it('equal is equal', () => {
    expect(compareVersions('12.7-1', '12.7-1')).toBe(0);
  });

  it('the release outweighs the version', () => {
    const older = { release: '12', version: '99' };
    expect(compareTemplates(older, { release: '13', version: '1' })).toBeLessThan(0);
  });
});
