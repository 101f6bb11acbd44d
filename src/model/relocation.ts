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

/** What a plan has to know before a container goes to another node; read only when it is to. */
export interface MigrateFacts {
  /** The first node of the definition that is online; undefined: none of them is. */
  readonly to: string | undefined;
  readonly online: readonly string[];
  /** Storages of the node where it stands. */
  readonly here: readonly Room[];
  /** Storages of the node where it goes. */
  readonly there: readonly Room[];
  readonly snapshots: readonly HoldingSnapshot[];
  /** volid of each of its volumes that only stands on another one, as a linked clone does → that one. */
  readonly clones: ReadonlyMap<string, string>;
  /** High availability decides where it runs; undefined: this identity may not see it. */
  readonly managed: boolean | undefined;
}
