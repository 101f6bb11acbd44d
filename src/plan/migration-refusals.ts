import type { Desired } from '../model/desired.ts';
import type { Refusal } from '../model/plan.ts';
import { GIB, parseProperties } from '../model/property-string.ts';
import type { MigrateFacts } from '../model/relocation.ts';
import { storageOfVolume } from '../model/volid.ts';
import type { Present } from './edit.ts';
import { type Disk, isLocal, isOpen, roomOf, snapshotsInTheWay } from './migration-disks.ts';
import { observedMounts } from './mounts.ts';
import type { PlanInput } from './plan.ts';
import { foreignSnapshotsRefusal } from './refusals.ts';
import { volumesOf } from './volumes.ts';

/** Storage types of one node whose volumes Proxmox VE can send to another one; shared ones need no sending. */
const SENDABLE: ReadonlySet<string> = new Set(['dir', 'btrfs', 'lvm', 'lvmthin', 'zfspool']);

/** Everything that would make a migration fail, before anything is stopped for it. */
export function migrationRefusals(
  { state }: Present,
  desired: Desired,
  disks: readonly Disk[],
  facts: MigrateFacts,
  storage: string | undefined,
): Refusal[] {
  const { vmid, node, config } = state;
  const to = facts.to ?? desired.nodes.join(' or ');
  const what = `Unable to migrate container ${vmid} from ${node} to ${to}`;
  const because = (reason: string, ...advice: readonly string[]): Refusal => ({
    kind: 'user',
    reason: `${what}: ${reason}`,
    advice,
  });
  if (facts.to === undefined) {
    return [
      because(`it is not online; online: ${facts.online.join(', ')}`, 'start that node, or name one that is online'),
    ];
  }
  const hosts = observedMounts(config).filter(({ volume, key }) => !volume && !isShared(config[key]));
  const missing = storage === undefined ? disks.filter((disk) => !isOpen(roomOf(facts.there, disk.storage))) : [];
  const sent = disks.filter((disk) => isLocal(disk, facts));
  const unsendable = sent.filter((disk) => !SENDABLE.has(roomOf(facts.here, disk.storage)?.type ?? 'dir'));
  const linked = sent.filter(({ volid }) => facts.clones.has(volid));
  const foreign = snapshotsInTheWay(disks, facts, storage !== undefined).filter(({ droppable }) => !droppable);
  const named = (some: readonly Disk[]): string => some.map(({ key, storage: on }) => `${key} on ${on}`).join(', ');
  const open = facts.there.filter(isOpen).map((room) => room.storage);
  return [
    ...(hosts.length === 0
      ? []
      : [
          because(
            `${hosts.map(({ source }) => source).join(', ')} is of the node, and does not go along`,
            'take it out of the definition and deploy, then name the other node',
          ),
        ]),
    ...(facts.managed === true
      ? [
          because(
            'high availability decides where it runs',
            `ask it to: ha-manager migrate ct:${vmid} ${to}`,
            'or name every node in git where it may run',
          ),
        ]
      : []),
    ...(missing.length === 0
      ? []
      : [
          because(
            `${to} has no storage for ${named(missing)}`,
            open.length === 0
              ? `allow Container on a storage of ${to}`
              : `name one of ${open.join(', ')} for every disk in git: they are sent to it then`,
          ),
        ]),
    ...(unsendable.length === 0
      ? []
      : [because(`Proxmox VE cannot send ${named(unsendable)}`, 'move it to another storage')]),
    ...(linked.length === 0
      ? []
      : [
          because(
            `${linked.map(({ key, volid }) => `${key} is a linked clone of ${facts.clones.get(volid)}`).join(', ')}, which stays here`,
            'name another storage of this node for it in git, and deploy: a moved disk is whole',
            'or pve-gitops rebuild DIR with images: off',
          ),
        ]),
    ...roomRefusals(because, sent, facts, storage, state.used),
    ...foreignSnapshotsRefusal(
      what,
      foreign.map(({ name }) => name),
    ),
  ];
}

/** A volume that no config names is not sent, and nobody would find it there. */
export function leftBehind(
  { desired, missing }: PlanInput,
  { state, mark }: Present,
  { here }: MigrateFacts,
): Refusal[] {
  const left = volumesOf(state, mark, desired).filter(
    ({ place, volid }) =>
      place === 'lost' && missing?.has(volid) !== true && roomOf(here, storageOfVolume(volid))?.shared !== true,
  );
  return left.map(({ name, volid }) => ({
    kind: 'user',
    reason: `Unable to migrate container ${state.vmid}: volume ${name} (${volid}) is in no config, and would stay on ${state.node}`,
    advice: ['deploy it once where it stands, with the volume written in git: it is attached then, and goes along'],
  }));
}

function isShared(value: string | undefined): boolean {
  return parseProperties(value ?? '').get('shared') === '1';
}

function roomRefusals(
  because: (reason: string, ...advice: readonly string[]) => Refusal,
  sent: readonly Disk[],
  { there }: MigrateFacts,
  storage: string | undefined,
  used: number | undefined,
): Refusal[] {
  const targets = [...new Set(sent.map((disk) => storage ?? disk.storage))];
  return targets.flatMap((target) => {
    const room = roomOf(there, target);
    if (room === undefined) return [];
    const needed = sent
      .filter((disk) => (storage ?? disk.storage) === target)
      .reduce((sum, { key, size }) => sum + (room.type === 'lvm' ? size : key === 'rootfs' ? (used ?? 0) : 0), 0);
    if (needed <= room.available) return [];
    const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;
    return [because(`${target} has ${gib(room.available)} left there for ${gib(needed)}`, 'make room there')];
  });
}
