import { createHash } from 'node:crypto';
import { join } from 'node:path';

/** Where things of one node are. Paths under `run` end with the machine's next boot, the rest is kept. */
export interface Layout {
  readonly state: string;
  /** Eight hex digits that stand for the state directory in host-wide names. */
  readonly id: string;
  /** Journal of what was done to the host. */
  readonly journal: string;
  /** One folder per container, with lxc's config. */
  readonly configs: string;
  /** The same as lxc gets it (`-P`): like volumes, it must be reachable for containers. */
  readonly containers: string;
  /**
   * Volumes are reached through here only. A container's root, an ordinary user to the host, must be able to walk
   * to its root file system; a state directory in somebody's home is often closed to others, /run is not.
   */
  readonly run: string;
  /** Mounts made below here show inside running containers. */
  readonly hotplug: string;
  /** Name of this node's containers in the host's control groups. */
  readonly group: string;
}

export function layoutOf(stateDirectory: string): Layout {
  const id = createHash('sha256').update(stateDirectory).digest('hex').slice(0, 8);
  return {
    state: stateDirectory,
    id,
    journal: join(stateDirectory, 'host-journal.jsonl'),
    configs: join(stateDirectory, 'lxc'),
    containers: join('/run/pve-gitops', id, 'lxc'),
    run: join('/run/pve-gitops', id),
    hotplug: join('/run/pve-gitops', id, 'hotplug'),
    group: `pgo-${id}`,
  };
}

export function containerDirectory(layout: Layout, vmid: number): string {
  return join(layout.configs, String(vmid));
}

export function configFile(layout: Layout, vmid: number): string {
  return join(containerDirectory(layout, vmid), 'config');
}

export function startLog(layout: Layout, vmid: number): string {
  return join(containerDirectory(layout, vmid), 'start.log');
}

/** The config of a container as it was last started or changed; for what is asked while it runs. */
export function specFile(layout: Layout, vmid: number): string {
  return join(containerDirectory(layout, vmid), 'spec.json');
}

/** Where a storage's volumes are seen under `run`. */
export function storageView(layout: Layout, storage: string): string {
  return join(layout.run, 'storage', storage);
}
