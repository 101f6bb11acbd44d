import { parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import type { MigrateFacts, Room } from '../model/relocation.ts';
import { storageOfVolume } from '../model/volid.ts';

/** Those that send a volume's snapshots along. */
const WITH_SNAPSHOTS: ReadonlySet<string> = new Set(['zfspool', 'btrfs']);

/** A disk of a container that goes to another node. */
export interface Disk {
  readonly key: string;
  readonly volid: string;
  readonly storage: string;
  /** bytes */
  readonly size: number;
}

/** Everything that goes along: what is unused too. */
export function disksOf(config: Readonly<Record<string, string>>): readonly Disk[] {
  const found = Object.entries(config).flatMap(([key, value]): Disk[] => {
    const volid = volumeOf(value);
    if (!/^(rootfs|mp\d+|unused\d+)$/.test(key) || volid.startsWith('/') || volid === '') return [];
    const size = parseSize(parseProperties(value).get('size')) ?? 0;
    return [{ key, volid, storage: storageOfVolume(volid), size }];
  });
  return found.toSorted((a, b) => Number(b.key === 'rootfs') - Number(a.key === 'rootfs') || (a.key < b.key ? -1 : 1));
}

export const roomOf = (rooms: readonly Room[], storage: string): Room | undefined =>
  rooms.find((entry) => entry.storage === storage);

export const isLocal = ({ storage }: Disk, { here }: MigrateFacts): boolean => roomOf(here, storage)?.shared !== true;

export function isOpen(room: Room | undefined): boolean {
  return room?.active === true && room.enabled && room.content.includes('rootdir');
}

/** Snapshots of disks that cannot be sent with them. `elsewhere`: to a storage of another name. */
export function snapshotsInTheWay(
  disks: readonly Disk[],
  facts: MigrateFacts,
  elsewhere: boolean,
): MigrateFacts['snapshots'] {
  const left = disks
    .filter((disk) => isLocal(disk, facts))
    .filter(({ storage }) => elsewhere || !WITH_SNAPSHOTS.has(roomOf(facts.here, storage)?.type ?? ''))
    .map(({ volid }) => volid);
  return facts.snapshots.filter(({ volumes }) => volumes.some((volid) => left.includes(volid)));
}
