import { createHash } from 'node:crypto';
import type { Core } from './core.ts';
import type { StorageConfig } from './profile.ts';

/**
 * Other members of a cluster, for tests of what concerns several nodes: names only, served by this process with the same
 * storages. Set by the control endpoint, and by nothing else.
 */
export interface Members {
  readonly nodes: readonly string[];
  /** vmid → the member it stands on; all others stand on this node. */
  readonly standing: Readonly<Record<string, string>>;
}

type Place = Pick<Core, 'members' | 'home'>;

/** Every node, this one first. */
export function nodesOf({ members, home }: Place): readonly string[] {
  return [home, ...members.value.nodes];
}

export function nodeOf({ members, home }: Place, vmid: number | undefined): string {
  return (vmid === undefined ? undefined : members.value.standing[vmid]) ?? home;
}

/** From now on a container stands there. */
export function putOn({ members, home }: Place, vmid: number, node: string): void {
  members.update((value) => {
    const { [vmid]: _, ...standing } = value.standing;
    value.standing = node === home ? standing : { ...standing, [vmid]: node };
  });
}

/** The same cluster, as a member sees it. */
export function seenFrom(core: Core, node: string): Core {
  return node === core.home ? core : { ...core, profile: { ...core.profile, node } };
}

/** A storage may be for some of the nodes only. */
export function isOn({ nodes }: StorageConfig, node: string): boolean {
  return nodes === undefined || nodes.includes(node);
}

/** SHA-256 of a certificate: each member has its own. */
export function fingerprintOf(core: Core, node: string): string {
  if (node === core.home) return core.fingerprint;
  const hex = createHash('sha256').update(node).digest('hex').toUpperCase();
  return (hex.match(/../g) ?? []).join(':');
}
