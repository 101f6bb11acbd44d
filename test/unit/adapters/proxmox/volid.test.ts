import { describe, expect, it } from 'vitest';
import { isNewVolume, ownerOfVolume } from '../../../../src/adapters/proxmox/volid.ts';

describe('volumes', () => {
  it.each(['local:8', 'local-lvm:0.7', 'zfs_1.x:0'])('%s is a new one', (text) => {
    expect(isNewVolume(text)).toBe(true);
  });

  it.each([
    'local:8G',
    'local:100/vm-100-disk-0.raw',
    'local-lvm:vm-100-disk-0',
    'local:',
    ':8',
    '/dev/x',
    'local:8:8',
  ])('%s is not', (text) => {
    expect(isNewVolume(text)).toBe(false);
  });

  it.each([
    ['local-btrfs:100/vm-100-disk-0.raw', 100],
    ['local-lvm:vm-101-disk-12', 101],
    ['zfs:subvol-102-disk-0', 102],
    ['zfs:basevol-103-disk-0', 103],
    ['local:101/subvol-101-disk-0.subvol', 101],
    ['local:vztmpl/debian.tar.zst', undefined],
    ['local:8', undefined],
  ])('%s belongs to %s', (volid, vmid) => {
    expect(ownerOfVolume(volid)).toBe(vmid);
  });
});
