import type { Refusal, Step } from '../model/plan.ts';
import type { MoveFacts, Room } from '../model/relocation.ts';
import type { Edit, Present } from './edit.ts';
import { observedMounts } from './mounts.ts';
import { foreignSnapshotsRefusal } from './refusals.ts';
import { gibibytes } from './resources.ts';

type Move = NonNullable<Edit['move']>;

/** Bytes in a second, for the estimate of a copy between two disks of a node. */
const SPEED = 100_000_000;
/** To stop and to start, in seconds. */
const POWER = 8;
/** Types that take a volume's whole size at once; the others take what is written into it. */
const THICK: ReadonlySet<string> = new Set(['lvm']);

const movesOf = (edits: readonly Edit[]): readonly Move[] => edits.flatMap(({ move }) => move ?? []);

/** Disks that go to another storage. One that has yet to be attached goes after that. */
export function moveSteps(
  edits: readonly Edit[],
  { state }: Present,
  facts: MoveFacts | undefined,
  attached: boolean,
): Step[] {
  return edits.flatMap(({ move, change }): Step[] => {
    if (move === undefined || move.attached !== attached) return [];
    const { disk, volid, storage } = move;
    const drops = holding(facts, [move])
      .filter(({ droppable }) => droppable)
      .map(({ name }) => name);
    const disruption = state.running ? 'restart' : 'none';
    const reason = 'git names another storage for it';
    return [{ kind: 'move', disk, volid, storage, drops, changes: [change], reason, disruption }];
  });
}

/** Whether the container is stopped for something of this plan, and started again at its end. */
export function stopsFor(steps: readonly Step[]): boolean {
  return steps.some(({ kind, disruption }) => kind === 'move' && disruption === 'restart');
}

/** Whether a plan found its container stopped. */
export function foundStopped(steps: readonly Step[]): boolean {
  return steps.some(({ kind }) => kind === 'start') && !stopsFor(steps);
}

export function moveNotes(edits: readonly Edit[], { state }: Present, facts: MoveFacts | undefined): string[] {
  const moves = movesOf(edits);
  if (moves.length === 0) return [];
  const bytes = moves.reduce((sum, move) => sum + (heldBy(move, state.used) ?? move.size ?? 0), 0);
  const seconds = POWER + Math.ceil(bytes / SPEED);
  const time = seconds < 180 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  const drops = holding(facts, moves).filter(({ droppable }) => droppable);
  const gone = drops.map(({ name }) => name).join(', ');
  const tight = targetsOf(moves).flatMap((storage): string[] => {
    const room = facts?.rooms.find((entry) => entry.storage === storage);
    const size = sizeOn(moves, storage);
    if (room === undefined || size <= room.available) return [];
    return [
      `${storage} has ${gibibytes(room.available)} left for up to ${gibibytes(size)}: they fit if they are not full`,
    ];
  });
  return [
    ...(state.running ? [`nobody serves while ${gibibytes(bytes)} at most are copied: about ${time}`] : []),
    ...(drops.length === 0
      ? []
      : [
          `snapshots hold what moves, and go first: ${gone}; ours among them are gone back to by configuring their commit again`,
        ]),
    ...tight,
    'what has moved stays there when a later step fails',
  ];
}

/** Everything that would make a move fail, before anything is stopped for it. */
export function moveRefusals(edits: readonly Edit[], { state }: Present, facts: MoveFacts | undefined): Refusal[] {
  const moves = movesOf(edits);
  if (facts === undefined || moves.length === 0) return [];
  const { vmid, node, used } = state;
  const foreign = holding(facts, moves).filter(({ droppable }) => !droppable);
  const what = `Unable to move ${moves.map(({ disk }) => disk).join(', ')} of container ${vmid}`;
  return [
    ...targetsOf(moves).flatMap((storage) => {
      const these = moves.filter((move) => move.storage === storage);
      const to = `Unable to move ${these.map(({ disk }) => disk).join(', ')} of container ${vmid} to ${storage}`;
      return roomRefusals(to, these, { storage, node, used, rooms: facts.rooms });
    }),
    ...foreignSnapshotsRefusal(
      what,
      foreign.map(({ name }) => name),
    ),
  ];
}

interface Target {
  readonly storage: string;
  readonly node: string;
  readonly used: number | undefined;
  readonly rooms: readonly Room[];
}

function roomRefusals(to: string, moves: readonly Move[], { storage, node, used, rooms }: Target): Refusal[] {
  const refusal = (reason: string, advice: string): Refusal[] => [
    { kind: 'user', reason: `${to}: ${reason}`, advice: [advice] },
  ];
  const room = rooms.find((entry) => entry.storage === storage);
  if (room === undefined) {
    const there = rooms.filter(({ content }) => content.includes('rootdir')).map((entry) => entry.storage);
    const known = there.length === 0 ? 'none that takes containers is to be seen' : `there are: ${there.join(', ')}`;
    return refusal(
      `node ${node} has no such storage, or this identity may not see it`,
      `name one that is there (${known}), or give the identity Datastore.AllocateSpace on /storage/${storage}`,
    );
  }
  if (!room.active || !room.enabled) {
    return refusal(`it is ${room.enabled ? 'not active' : 'disabled'} on node ${node}`, 'Datacenter → Storage');
  }
  if (!room.content.includes('rootdir')) {
    return refusal('it takes no disks of containers', 'allow Container there: Datacenter → Storage → Edit → Content');
  }
  const needed = moves.reduce(
    (sum, move) => sum + ((THICK.has(room.type) ? move.size : undefined) ?? heldBy(move, used) ?? 0),
    0,
  );
  if (needed <= room.available) return [];
  const lacks = `it has ${gibibytes(room.available)} left, and ${gibibytes(needed)} are to go there`;
  return refusal(lacks, 'make room there, or take the change back in git');
}

/** Whether every disk can be in a snapshot once these moves are done; undefined: nothing moves. */
export function snapshotsAfter(
  config: Readonly<Record<string, string>>,
  steps: readonly Step[],
  { rooms }: MoveFacts,
): boolean | undefined {
  const moves = steps.flatMap((step) => (step.kind === 'move' ? [step] : []));
  if (moves.length === 0) return undefined;
  const mounts = observedMounts(config);
  if (mounts.some(({ volume }) => !volume)) return false;
  const disks = [{ key: 'rootfs', source: config.rootfs ?? '' }, ...mounts];
  return disks.every(({ key, source }) => {
    const storage = moves.find(({ disk }) => disk === key)?.storage ?? source.split(':')[0];
    return rooms.some((room) => room.storage === storage && room.snapshots);
  });
}

/** Bytes that are known to be in it. */
function heldBy({ disk }: Move, used: number | undefined): number | undefined {
  return disk === 'rootfs' ? used : undefined;
}

const targetsOf = (moves: readonly Move[]): readonly string[] => [...new Set(moves.map(({ storage }) => storage))];

function sizeOn(moves: readonly Move[], storage: string): number {
  return moves.filter((move) => move.storage === storage).reduce((sum, { size = 0 }) => sum + size, 0);
}

/** Snapshots that keep these disks from being moved: the server deletes no source that one of them holds. */
function holding(facts: MoveFacts | undefined, moves: readonly Move[]): MoveFacts['snapshots'] {
  const volids = moves.map(({ volid }) => volid);
  return (facts?.snapshots ?? []).filter(({ volumes }) => volumes.some((volid) => volids.includes(volid)));
}
