import type { Desired } from '../model/desired.ts';
import type { Change, Refusal, Step } from '../model/plan.ts';
import { GIB, parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import type { MigrateFacts, Room } from '../model/relocation.ts';
import { storageOfVolume } from '../model/volid.ts';
import { change, type Present } from './edit.ts';
import { observedMounts } from './mounts.ts';
import type { PlanInput } from './plan.ts';
import { foreignSnapshotsRefusal } from './refusals.ts';

/** Storage types of one node whose volumes Proxmox VE can send to another one; shared ones need no sending. */
const SENDABLE: ReadonlySet<string> = new Set(['dir', 'btrfs', 'lvm', 'lvmthin', 'zfspool']);
/** Those that send a volume's snapshots along. */
const WITH_SNAPSHOTS: ReadonlySet<string> = new Set(['zfspool', 'btrfs']);
/** Seconds for a GiB over a network of 1 Gbit/s. */
const SECONDS_PER_GIB = 10;

interface Disk {
  readonly key: string;
  readonly volid: string;
  readonly storage: string;
  /** bytes */
  readonly size: number;
}

export interface Migration {
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
  /** The definition and what is known as they are for the rest of the plan, on the other node. */
  readonly rest: PlanInput;
}

/** Brings a container to a node that its definition names; undefined: it stands on one. */
export function migration(input: PlanInput, present: Present): Migration | undefined {
  const { desired, migrating } = input;
  const { state } = present;
  if (desired.nodes.length === 0 || desired.nodes.includes(state.node)) return undefined;
  const to = migrating?.to ?? desired.nodes[0] ?? '';
  const disks = disksOf(state.config);
  const storage = migrating === undefined ? undefined : otherStorage(desired, disks, migrating);
  const disruption = state.running ? 'restart' : 'none';
  const changed: Change = change('node', state.node, to, {
    disruption,
    note: state.running ? 'stopped, sent and started there' : 'sent there',
  });
  const inTheWay = migrating === undefined ? [] : snapshotsInTheWay(disks, migrating, storage !== undefined);
  const drops = inTheWay.filter(({ droppable }) => droppable).map(({ name }) => name);
  const more = storage === undefined ? {} : { storage };
  const reason = 'git names another node';
  const step: Step = { kind: 'migrate', to, ...more, drops, changes: [changed], reason, disruption };
  const { moving: _, ...others } = input;
  return {
    steps: [step],
    notes: migrating === undefined ? [] : notesOf(present, to, disks, drops, migrating),
    refusals: migrating === undefined ? [] : refusalsOf(present, desired, disks, migrating, storage),
    rest: {
      ...others,
      desired: { ...desired, nodes: [] },
      ...(migrating === undefined ? {} : { moving: { rooms: migrating.there, snapshots: migrating.snapshots } }),
      // What is sent to the storage that git names is there by that.
      ...(storage === undefined ? {} : { without: new Set([...(input.without ?? []), 'move']) }),
    },
  };
}

/** Everything that goes along: what is unused too. */
function disksOf(config: Readonly<Record<string, string>>): readonly Disk[] {
  const found = Object.entries(config).flatMap(([key, value]): Disk[] => {
    const volid = volumeOf(value);
    if (!/^(rootfs|mp\d+|unused\d+)$/.test(key) || volid.startsWith('/') || volid === '') return [];
    const size = parseSize(parseProperties(value).get('size')) ?? 0;
    return [{ key, volid, storage: storageOfVolume(volid), size }];
  });
  return found.toSorted((a, b) => Number(b.key === 'rootfs') - Number(a.key === 'rootfs') || (a.key < b.key ? -1 : 1));
}

const roomOf = (rooms: readonly Room[], storage: string): Room | undefined =>
  rooms.find((entry) => entry.storage === storage);

const isLocal = ({ storage }: Disk, { here }: MigrateFacts): boolean => roomOf(here, storage)?.shared !== true;

function isOpen(room: Room | undefined): boolean {
  return room !== undefined && room.active && room.enabled && room.content.includes('rootdir');
}

/** Where git wants all disks on one storage, which is there: they are sent to it at once. */
function otherStorage(desired: Desired, disks: readonly Disk[], facts: MigrateFacts): string | undefined {
  const isMissing = disks.some(({ storage }) => !isOpen(roomOf(facts.there, storage)));
  const wanted = [...new Set([desired.rootfs.storage, ...desired.volumes.map(({ storage }) => storage)])];
  const [storage] = wanted;
  if (!isMissing || storage === undefined || wanted.length > 1) return undefined;
  return isOpen(roomOf(facts.there, storage)) ? storage : undefined;
}

function snapshotsInTheWay(disks: readonly Disk[], facts: MigrateFacts, elsewhere: boolean): MigrateFacts['snapshots'] {
  const left = disks
    .filter((disk) => isLocal(disk, facts))
    .filter(({ storage }) => elsewhere || !WITH_SNAPSHOTS.has(roomOf(facts.here, storage)?.type ?? ''))
    .map(({ volid }) => volid);
  return facts.snapshots.filter(({ volumes }) => volumes.some((volid) => left.includes(volid)));
}

function notesOf(
  { state }: Present,
  to: string,
  disks: readonly Disk[],
  drops: readonly string[],
  facts: MigrateFacts,
): string[] {
  const sent = disks.filter((disk) => isLocal(disk, facts));
  const gib = sent.reduce((sum, { key, size }) => sum + (key === 'rootfs' ? (state.used ?? size) : size), 0) / GIB;
  const time = sent.length === 0 ? 'about 10 s: its disks are on shared storage' : estimate(gib);
  const archives = 'backups on storages of one node stay there';
  return [
    ...(state.running ? [`nobody serves while it goes to ${to}: ${time}`] : []),
    ...(drops.length === 0
      ? []
      : [
          `snapshots that cannot be sent go first: ${drops.join(', ')}; ours among them are gone back to by configuring their commit again`,
        ]),
    `the way back of this deploy is chosen on ${to}; ${archives}`,
    ...(facts.managed === undefined ? ['whether high availability manages it cannot be seen'] : []),
  ];
}

function estimate(gib: number): string {
  const seconds = Math.round(10 + SECONDS_PER_GIB * gib);
  const time = seconds < 180 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `about ${time}, ${Number(gib.toFixed(2))} GiB at most are sent`;
}

function refusalsOf(
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
