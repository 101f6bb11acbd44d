import { isGitopsError } from '../model/errors.ts';
import type { Ports } from '../model/ports.ts';
import { volumeOf } from '../model/property-string.ts';
import type { MigrateFacts } from '../model/relocation.ts';
import { storageOfVolume } from '../model/volid.ts';
import { call, DEADLINES } from './deadlines.ts';
import type { Holding } from './lease.ts';
import { holdingSnapshots, roomsOf } from './move-facts.ts';

interface Ask {
  readonly ports: Pick<Ports, 'inventory' | 'snapshots' | 'surroundings' | 'volumes'>;
  readonly dropSnapshots: readonly string[];
  /** Where git wants it, first one first. */
  readonly nodes: readonly string[];
  readonly signal: AbortSignal;
}

/** What a container meets that goes to another node. */
export async function gatherMigrateFacts(ask: Ask, holding: Holding): Promise<MigrateFacts> {
  const { ports, nodes, signal } = ask;
  const { node, vmid } = holding.state;
  const read = call(DEADLINES.read, signal);
  const online = await ports.inventory.nodes(read);
  const to = nodes.find((name) => online.includes(name));
  const [here, there, snapshots, clones, managed] = await Promise.all([
    roomsOf(ask, node),
    to === undefined ? [] : roomsOf(ask, to),
    holdingSnapshots(ask, holding),
    clonesOf(ask, holding),
    isManaged(ask, vmid),
  ]);
  return { to, online, here, there, snapshots, clones, managed };
}

async function clonesOf({ ports, signal }: Ask, { state }: Holding): Promise<MigrateFacts['clones']> {
  const { node, vmid, config } = state;
  const disks = Object.entries(config).filter(([key]) => /^(rootfs|mp\d+|unused\d+)$/.test(key));
  const volids = disks.map(([, value]) => volumeOf(value)).filter((volid) => !volid.startsWith('/'));
  const storages = [...new Set(volids.map(storageOfVolume))];
  const lists = await Promise.all(
    storages.map((storage) => ports.volumes.list(node, storage, vmid, call(DEADLINES.read, signal))),
  );
  return new Map(lists.flat().flatMap(({ volid, parent }) => (parent === undefined ? [] : [[volid, parent] as const])));
}

/** undefined: it may not be seen. */
async function isManaged({ ports, signal }: Ask, vmid: number): Promise<boolean | undefined> {
  try {
    const resource = await ports.surroundings.highAvailability(vmid, call(DEADLINES.read, signal));
    return resource !== undefined && resource.state !== 'ignored';
  } catch (error) {
    if (signal.aborted || !isGitopsError(error) || error.remote.status !== 403) throw error;
    return undefined;
  }
}
