import type { Snapshots } from '../model/container-ports.ts';
import type { Inventory, Ports } from '../model/ports.ts';
import { volumeOf } from '../model/property-string.ts';
import type { HoldingSnapshot, MoveFacts, Room } from '../model/relocation.ts';
import { isWayPointOf, parseWayPoint } from '../model/way-point.ts';
import { call, DEADLINES } from './deadlines.ts';
import type { Holding } from './lease.ts';

interface Ask {
  readonly ports: { readonly inventory: Inventory; readonly snapshots: Snapshots } & Pick<Ports, 'surroundings'>;
  /** Snapshots that git lets go. */
  readonly dropSnapshots: readonly string[];
  readonly signal: AbortSignal;
}

/** What disks meet that go to another storage of their node. */
export async function gatherMoveFacts(ask: Ask, holding: Holding): Promise<MoveFacts> {
  const [rooms, snapshots] = await Promise.all([roomsOf(ask, holding.state.node), holdingSnapshots(ask, holding)]);
  return { rooms, snapshots };
}

/** Storages of a node, as far as this identity may see them. */
export async function roomsOf({ ports, signal }: Ask, node: string): Promise<readonly Room[]> {
  const read = call(DEADLINES.read, signal);
  const [states, kinds] = await Promise.all([
    ports.inventory.storages(node, read),
    ports.surroundings.storageKinds(node, read),
  ]);
  return states.flatMap(({ storage, active, enabled, available, content }): Room[] => {
    const kind = kinds.find((entry) => entry.storage === storage);
    if (kind === undefined) return [];
    const { type, snapshots, shared } = kind;
    return [{ storage, active, enabled, available, content, type, snapshots, shared }];
  });
}

/** Every snapshot of a container, with what it holds. */
export async function holdingSnapshots(
  { ports, dropSnapshots, signal }: Ask,
  { state, mark }: Holding,
): Promise<readonly HoldingSnapshot[]> {
  const { node, vmid } = state;
  const read = call(DEADLINES.read, signal);
  const list = await ports.snapshots.list(node, vmid, read);
  return Promise.all(
    list.map(async ({ name, description }): Promise<HoldingSnapshot> => {
      const point = parseWayPoint(description);
      const ours = point !== undefined && isWayPointOf(point, mark);
      const config = await ports.snapshots.config(node, vmid, name, read);
      const disks = Object.entries(config).filter(([key]) => /^(rootfs|mp\d+|unused\d+)$/.test(key));
      return {
        name,
        droppable: ours || dropSnapshots.includes(name),
        volumes: disks.map(([, value]) => volumeOf(value)),
      };
    }),
  );
}
