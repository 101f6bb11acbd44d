import type { StorageState } from './observed.ts';
import type { StorageKind } from './resources.ts';

/** What a storage of a node can take. */
export type Room = Pick<StorageState, 'storage' | 'active' | 'enabled' | 'available' | 'content'> &
  Pick<StorageKind, 'type' | 'snapshots' | 'shared'>;

/** A snapshot of the container, with the volumes that it holds. */
export interface HoldingSnapshot {
  readonly name: string;
  /** A way back of ours, or one that git lets go. */
  readonly droppable: boolean;
  /** volids */
  readonly volumes: readonly string[];
}

/** What a plan has to know before disks go elsewhere; read only when one is to. */
export interface MoveFacts {
  /** Of the container's node, as far as this identity may see them. */
  readonly rooms: readonly Room[];
  readonly snapshots: readonly HoldingSnapshot[];
}
