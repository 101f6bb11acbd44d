import type { CloneSource } from './image.ts';

/** What a change costs the people who use the container. */
export type Disruption = 'none' | 'restart' | 'replace';

/** One field that differs. Texts are as shown to people; secrets never stand here. */
export interface Change {
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
  readonly disruption: Disruption;
  /** Why it costs that, where it is not plain. */
  readonly note?: string;
  /** It was changed by hand since the deploy: git wanted the same before. */
  readonly drift?: boolean;
}

/** Proxmox VE parameters of a create or config call, without description and SSH keys (apply adds them). */
export type Parameters = Readonly<Record<string, string | number>>;

export interface DownloadStep {
  readonly kind: 'download';
  readonly node: string;
  readonly storage: string;
  /** Name in the node's template index. */
  readonly template: string;
}

export interface CreateStep {
  readonly kind: 'create';
  readonly node: string;
  readonly vmid: number;
  /** volid */
  readonly template: string;
  /** The image of that template that it is cloned from; absent: it is unpacked from the template itself. */
  readonly image?: CloneSource;
  readonly parameters: Parameters;
  /** Description above the owner mark. */
  readonly text?: string;
  /** `protection` is set because of its volumes: the mark says so. */
  readonly guarded?: true;
  /** What will be made, field by field, for people. */
  readonly changes: readonly Change[];
}

/** Makes the base image that the container is cloned from then. */
export interface ImageStep {
  readonly kind: 'image';
  readonly node: string;
  /** vmid of the container that needs it, and at whose address it is built. */
  readonly for: number;
  readonly name: string;
  /** volid */
  readonly template: string;
}

export interface UpdateStep {
  readonly kind: 'update';
  readonly set: Parameters;
  readonly remove: readonly string[];
  /** New description above the owner mark. */
  readonly text?: string;
  /** Only a login of root@pam may. */
  readonly reserved?: true;
  /** What the mark says of `protection` from now on, in the same call. */
  readonly guarded?: boolean;
  readonly changes: readonly Change[];
}

export interface ResizeStep {
  readonly kind: 'resize';
  readonly disk: string;
  /** GiB, absolute */
  readonly size: number;
  readonly changes: readonly Change[];
}

/** Moves a disk to another storage. The container is stopped for it. */
export interface MoveStep {
  readonly kind: 'move';
  /** rootfs or mpN */
  readonly disk: string;
  /** volid, as it is before */
  readonly volid: string;
  readonly storage: string;
  /** Snapshots that hold it, and that go first. */
  readonly drops: readonly string[];
  readonly changes: readonly Change[];
}

/** Brings the container to another node of the cluster. One that runs is stopped for it, and started there. */
export interface MigrateStep {
  readonly kind: 'migrate';
  readonly to: string;
  /** For all disks that are not shared; absent: those of the same names. */
  readonly storage?: string;
  /** Snapshots that cannot be sent, and that go first. */
  readonly drops: readonly string[];
  readonly changes: readonly Change[];
}

/** Moves the container into a pool of Proxmox VE, out of any other. */
export interface PoolStep {
  readonly kind: 'pool';
  readonly pool: string;
  readonly changes: readonly Change[];
}

/** Destroys a volume that git names for it, once no mount point does. */
export interface DiscardStep {
  readonly kind: 'discard';
  /** Its name in the definition. */
  readonly volume: string;
  readonly volid: string;
  readonly changes: readonly Change[];
}

/**
 * retire: stops to be a live container, because destroying it would take volumes along that are to be kept. revive: is a
 * live one again.
 */
export interface RoleStep {
  readonly kind: 'retire' | 'revive';
}

/** Cannot be applied yet by this version: shown, and refused. */
export interface ReplaceStep {
  readonly kind: 'replace';
  readonly changes: readonly Change[];
}

/** Keeps the state of a container that is good before a change of it begins. */
export interface KeepStep {
  readonly kind: 'keep';
  readonly way: { readonly kind: 'snapshot' | 'converge' } | { readonly kind: 'backup'; readonly storage: string };
  /** The commit that is tried. */
  readonly trying?: string;
}

export interface PowerStep {
  readonly kind: 'start' | 'restart' | 'stop' | 'destroy';
}

export interface GuestStep {
  readonly kind: 'baseline' | 'configure';
}

export type Step = (
  | DownloadStep
  | ImageStep
  | CreateStep
  | UpdateStep
  | ResizeStep
  | MoveStep
  | MigrateStep
  | PoolStep
  | DiscardStep
  | RoleStep
  | ReplaceStep
  | KeepStep
  | PowerStep
  | GuestStep
) & {
  readonly reason: string;
  readonly disruption: Disruption;
};

/** What becomes of data. Every plan says it of the root file system and of each volume. */
export interface DataLine {
  readonly kind: 'root' | 'volume';
  /** Name in the definition, or the key of a volume that was made by hand. */
  readonly name: string;
  readonly fate: 'new' | 'kept' | 'attached' | 'detached' | 'destroyed';
  /** Where the container sees it; absent for a detached one. */
  readonly path?: string;
  /** GiB, as it will be; absent: not known, or without a limit */
  readonly size?: number;
}

/** A container that another one needs, as it was found. */
export interface Dependency {
  /** As written: a name, or owner/name. */
  readonly name: string;
  readonly vmid?: number;
  readonly stage?: string;
  readonly state: 'running' | 'stopped' | 'retired' | 'absent';
}

/** Why a plan cannot be carried out as it is: said by a plan, thrown by a run before it changes anything. */
export interface Refusal {
  readonly kind: 'user' | 'busy';
  readonly reason: string;
  readonly advice: readonly string[];
  /** Holds for a stretch that only configures, too: it is about the run, not about what becomes of resources. */
  readonly always?: true;
}

export interface Plan {
  readonly name: string;
  readonly stage: string;
  readonly vmid: number;
  /** ID of the definition, when vmid was made from it. */
  readonly id?: number;
  readonly node: string;
  readonly hostname: string;
  /** Address to show, e.g. `192.168.178.42/24` or `dhcp`; with the definition's own when it was translated. */
  readonly address: string;
  readonly steps: readonly Step[];
  /** Things worth knowing that change nothing: a newer template, a full storage, a pending value made by hand. */
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
  /** The root file system first. */
  readonly data: readonly DataLine[];
  /** How the container goes back when the change fails, and since when there is a state to go back to; for people. */
  readonly wayBack: string;
}
