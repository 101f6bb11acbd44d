import type { Place } from '../access/needs.ts';
import type { Desired } from '../model/desired.ts';
import type { Bridge, NodeState } from '../model/inspection.ts';
import type { StorageState } from '../model/observed.ts';
import type { Settings } from '../model/settings.ts';
import type { GuestSight } from './guest.ts';
import { bridgeUses, networkPaths } from './network.ts';
import { backupStorage } from './way-back.ts';

export interface PlaceInput {
  readonly settings: Settings;
  /** undefined: any deploy. */
  readonly desired: Desired | undefined;
  readonly guest: GuestSight | undefined;
  readonly storages: readonly StorageState[];
  readonly bridges: readonly Bridge[];
  readonly major: number;
  readonly download: boolean;
  readonly wayBack: 'snapshot' | 'backup' | undefined;
  /** The pool that the definition or the site names can be looked into. */
  readonly poolVisible: boolean;
}

/** Where the rights of a run are asked for. */
export function placeOf(input: PlaceInput): Place {
  const { settings, desired, guest, storages, bridges, major, download, wayBack, poolVisible } = input;
  const there = guest?.standing === 'ours';
  const named = desired?.pool ?? settings.pool;
  // Where pools are hidden, one of ours is taken to be where it should be.
  const pool = there && poolVisible ? guest.pool : (guest?.pool ?? named);
  const container = guest === undefined || guest.standing === 'taken' ? undefined : `/vms/${guest.vmid}`;
  const moves = there && desired?.pool !== undefined && desired.pool !== pool;
  const uses = bridgeUses(desired?.interfaces ?? [{ bridge: settings.network.bridge }]);
  const templateStorage = desired?.templateStorage ?? settings.templateStorage;
  const backup = backupStorage(templateStorage, storages);
  return {
    guest: pool === undefined ? '/vms' : `/pool/${pool}`,
    ...(container === undefined ? {} : { container }),
    storages:
      desired === undefined ? [settings.storage] : [desired.rootfs, ...desired.volumes].map((disk) => disk.storage),
    templateStorage,
    ...(backup === undefined ? {} : { backupStorage: backup }),
    networks: networkPaths(uses, bridges),
    major,
    download,
    ...(wayBack === undefined ? {} : { wayBack }),
    ...(moves && desired?.pool !== undefined ? { moveTo: desired.pool } : {}),
  };
}

/** The node that a run would use; undefined: none is online. */
export function nodeOf(
  settings: Settings,
  desired: Desired | undefined,
  guest: GuestSight | undefined,
  nodes: readonly NodeState[],
  answering: string | undefined,
): string | undefined {
  if (guest?.node !== undefined) return guest.node;
  const online = new Set(nodes.filter((node) => node.online).map(({ node }) => node));
  if (desired !== undefined && desired.nodes.length > 0) return desired.nodes.find((node) => online.has(node));
  const named = settings.connection.node;
  if (named !== undefined) return online.has(named) ? named : undefined;
  return answering ?? [...online][0];
}
