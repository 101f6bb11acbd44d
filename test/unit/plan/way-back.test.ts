import { describe, expect, it } from 'vitest';
import { BACKUP_LIMIT, chooseWayBack, describeWayBack, type WayBackFacts } from '../../../src/plan/way-back.ts';

const GOOD = 'a'.repeat(40);
const can: WayBackFacts = { snapshotPossible: true, backupStorage: 'local', used: 1024 ** 3 };
const cannot: WayBackFacts = { ...can, snapshotPossible: false };
const plain = { rootfs: 'local-lvm:vm-100-disk-0,size=8G' };
const withVolume = { ...plain, mp0: 'local-lvm:vm-100-disk-1,mp=/srv/data,size=1G' };
const withBind = { ...plain, mp0: '/srv/host,mp=/srv/host' };
const withDevice = { ...plain, dev0: '/dev/ttyUSB0' };

describe('the way back', () => {
  it.each([
    ['a root disk on a storage with snapshots', 'auto', plain, can, 'snapshot'],
    ['a storage without snapshots', 'auto', plain, cannot, 'backup'],
    ['a backup that is asked for', 'backup', plain, can, 'backup'],
    ['a snapshot that is asked for and cannot be', 'snapshot', plain, cannot, 'none'],
    ['none that is asked for', 'none', plain, can, 'none'],
    ['a full disk', 'auto', plain, { ...cannot, used: BACKUP_LIMIT }, 'none'],
    ['a full disk and a backup that is asked for', 'backup', plain, { ...cannot, used: BACKUP_LIMIT }, 'backup'],
    ['a disk whose use nobody knows', 'auto', plain, { ...cannot, used: undefined }, 'none'],
    ['no storage for backups', 'auto', plain, { ...cannot, backupStorage: undefined }, 'none'],
    ['a kept volume', 'auto', withVolume, can, 'converge'],
    ['a kept volume, although a snapshot is asked for', 'snapshot', withVolume, can, 'converge'],
    ['a bind mount', 'auto', withBind, cannot, 'none'],
    ['a device', 'backup', withDevice, cannot, 'none'],
  ] as const)('of %s', (_, wish, config, facts, kind) => {
    expect(chooseWayBack(wish, config, GOOD, facts).kind).toBe(kind);
  });

  it('is none for a volume without a good commit: its writes are never taken back', () => {
    const choice = chooseWayBack('auto', withVolume, undefined, can);
    expect(describeWayBack(choice)).toBe(
      'none: /srv/data would be taken back with it, and no commit has been good yet',
    );
  });

  it('is said with its reason', () => {
    expect(describeWayBack(chooseWayBack('auto', plain, GOOD, can))).toBe('a snapshot');
    expect(describeWayBack(chooseWayBack('auto', plain, GOOD, cannot))).toBe(
      'a backup on local (its storage cannot take snapshots)',
    );
    expect(describeWayBack(chooseWayBack('auto', withVolume, GOOD, can))).toBe(
      'commit aaaaaaaaaaaa configured again (the volume at /srv/data keeps what was written since)',
    );
    expect(describeWayBack(chooseWayBack('auto', withDevice, GOOD, cannot))).toBe(
      'none: /dev/ttyUSB0 cannot be in a snapshot; only root can restore those',
    );
  });
});
