import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatWayPoint,
  isWayPointOf,
  parseWayPoint,
  snapshotName,
  WAY_POINT_LIMIT,
  type WayPoint,
} from '../../../src/model/way-point.ts';

const point: WayPoint = {
  site: 'site-1',
  owner: 'srv/apache',
  name: 'apache',
  stage: 'main',
  vmid: 1042,
  commit: 'c'.repeat(40),
  at: '2026-11-21T15:00:00.000Z',
  applied: { desired: 'd'.repeat(64), baseline: 'b'.repeat(64), configuration: 'e'.repeat(64) },
};

describe('a way point', () => {
  it('is read back from what a snapshot or a backup says', () => {
    expect(parseWayPoint(formatWayPoint(point))).toEqual(point);
    expect(parseWayPoint(`${formatWayPoint(point)}\n`)).toEqual(point);
  });

  it('fits in the notes of a backup', () => {
    expect(formatWayPoint(point).length).toBeLessThan(WAY_POINT_LIMIT);
    expect(() => formatWayPoint({ ...point, owner: 'x'.repeat(WAY_POINT_LIMIT) })).toThrow(RangeError);
  });

  it('is not ours when anything else stands there', () => {
    for (const text of [undefined, '', 'before the upgrade', 'pve-gitops:1 {', 'pve-gitops:1 []', 'pve-gitops:2 {}']) {
      expect(parseWayPoint(text)).toBeUndefined();
    }
    fc.assert(fc.property(fc.string(), (text) => parseWayPoint(text) === undefined));
  });

  it('of another container is not used', () => {
    expect(isWayPointOf(point, point)).toBe(true);
    for (const other of [{ vmid: 1043 }, { site: 's' }, { owner: 'o' }, { name: 'n' }, { stage: 'develop' }]) {
      expect(isWayPointOf({ ...point, ...other }, point)).toBe(false);
    }
  });

  it('has a snapshot name that Proxmox VE takes', () => {
    expect(snapshotName(new Date('2026-11-21T15:04:05.678Z'))).toBe('pgo_20261121_150405');
  });
});
