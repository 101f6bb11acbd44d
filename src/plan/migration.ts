import type { Desired } from '../model/desired.ts';
import type { Change, Refusal, Step } from '../model/plan.ts';
import { GIB } from '../model/property-string.ts';
import type { MigrateFacts } from '../model/relocation.ts';
import { change, type Present } from './edit.ts';
import { type Disk, disksOf, isLocal, isOpen, roomOf, snapshotsInTheWay } from './migration-disks.ts';
import { leftBehind, migrationRefusals } from './migration-refusals.ts';
import type { PlanInput } from './plan.ts';

/** Seconds for a GiB over a network of 1 Gbit/s. */
const SECONDS_PER_GIB = 10;

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
    refusals:
      migrating === undefined
        ? []
        : [...migrationRefusals(present, desired, disks, migrating, storage), ...leftBehind(input, present, migrating)],
    rest: {
      ...others,
      desired: { ...desired, nodes: [] },
      ...(migrating === undefined ? {} : { moving: { rooms: migrating.there, snapshots: migrating.snapshots } }),
      // What is sent to the storage that git names is there by that.
      ...(storage === undefined ? {} : { without: new Set([...(input.without ?? []), 'move']) }),
    },
  };
}

/** Where git wants all disks on one storage, which is there: they are sent to it at once. */
function otherStorage(desired: Desired, disks: readonly Disk[], facts: MigrateFacts): string | undefined {
  const isMissing = disks.some(({ storage }) => !isOpen(roomOf(facts.there, storage)));
  const wanted = [...new Set([desired.rootfs.storage, ...desired.volumes.map(({ storage }) => storage)])];
  const [storage] = wanted;
  if (!isMissing || storage === undefined || wanted.length > 1) return undefined;
  return isOpen(roomOf(facts.there, storage)) ? storage : undefined;
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
