import type { Place } from '../access/needs.ts';
import type { Desired } from '../model/desired.ts';
import type { Bridge, NodeState } from '../model/inspection.ts';
import type { StorageState } from '../model/observed.ts';
import type { Settings } from '../model/settings.ts';
import type { GuestSight } from './guest.ts';
import { bridgeUses, networkPaths } from './network.ts';

export interface PlaceInput {
  readonly settings: Settings;
  /** undefined: any deploy. */
  readonly desired: Desired | undefined;
  readonly guest: GuestSight | undefined;
  readonly storages: readonly StorageState[];
  readonly bridges: readonly Bridge[];
  readonly major: number;
  readonly download: boolean;
}

/** Where the rights of a run are asked for. */
export function placeOf({ settings, desired, guest, storages, bridges, major, download }: PlaceInput): Place {
  const there = guest?.standing === 'ours';
  const pool = there ? guest.pool : (desired?.pool ?? settings.pool);
  const container = guest === undefined || guest.standing === 'taken' ? undefined : `/vms/${guest.vmid}`;
  const moves = there && desired?.pool !== undefined && desired.pool !== guest.pool;
  const uses = bridgeUses(desired?.interfaces ?? [{ bridge: settings.network.bridge }]);
  const backup = backupStorage(settings, storages);
  return {
    guest: pool === undefined ? '/vms' : `/pool/${pool}`,
    ...(container === undefined ? {} : { container }),
    storages:
      desired === undefined ? [settings.storage] : [desired.rootfs, ...desired.volumes].map((disk) => disk.storage),
    templateStorage: desired?.templateStorage ?? settings.templateStorage,
    ...(backup === undefined ? {} : { backupStorage: backup }),
    networks: networkPaths(uses, bridges),
    major,
    download,
    ...(moves && desired?.pool !== undefined ? { moveTo: desired.pool } : {}),
  };
}

/** The templates' storage when it takes backups, as Proxmox VE's own `local` does; else the first that does. */
export function backupStorage(settings: Settings, storages: readonly StorageState[]): string | undefined {
  const takers = storages.filter(({ content }) => content.includes('backup')).map(({ storage }) => storage);
  const preferred = settings.templateStorage;
  // What is not visible may still take them; its missing privilege is told anyway.
  const hidden = !storages.some(({ storage }) => storage === preferred);
  return hidden || takers.includes(preferred) ? preferred : takers.toSorted()[0];
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
