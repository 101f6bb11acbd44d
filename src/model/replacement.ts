import type { Mark } from './mark.ts';
import type { ContainerState } from './observed.ts';
import type { LiveRecord } from './promotion.ts';
import type { StoredVolume } from './resources.ts';

/** A container of ours that is part of a replace. */
export interface Seen {
  readonly state: ContainerState;
  readonly mark: Mark;
  /** The description without our lines. */
  readonly text: string;
}

export interface ReplacementFacts {
  readonly vmids: { readonly live: number; readonly candidate: number };
  /** undefined: it is not there, as after a restore that failed. */
  readonly live?: Seen;
  readonly candidate?: Seen;
  /** Seal of what is to come about; undefined: nothing needs a replace. */
  readonly goal?: string;
  /** The candidate has no address of its own: it takes the live one's, which is stopped for it. */
  readonly inPlace: boolean;
  /** When the live root file system is backed up: while it runs, or once it is stopped and its volumes are away. */
  readonly backup: 'before' | 'after' | 'none';
  /** Backups whose notes carry this replace's id. */
  readonly archives: readonly {
    readonly volid: string;
    readonly vmid: number;
    readonly kind: 'candidate' | 'before';
  }[];
  /** Of the live one. */
  readonly snapshots: readonly { readonly name: string; readonly droppable: boolean }[];
  /** Volumes of both vmids as their storages list them; undefined: not looked at. */
  readonly stored?: readonly StoredVolume[];
  /** The backup of what was before could not be restored in this run. */
  readonly unrestorable?: true;
  /** The renewed one differs from the definition in what a config call changes. */
  readonly changes: boolean;
  /** The definition wants no container: it only has to be whole. */
  readonly absent: boolean;
}

/** What a replace does next. Each has a postcondition on what is observed, so that it is never done twice. */
export type ReplacementAction =
  /** Writes the promotion into the live one's mark. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'create-candidate' }
  | { readonly kind: 'start'; readonly vmid: number }
  | { readonly kind: 'stop'; readonly vmid: number }
  /** Baseline, configure and verify in the candidate. */
  | { readonly kind: 'prove' }
  | { readonly kind: 'carry-keys' }
  /** A backup of the candidate: what the live one is made of; of the live one: its way back. */
  | { readonly kind: 'archive'; readonly vmid: number; readonly what: 'candidate' | 'before' }
  | { readonly kind: 'drop-snapshot'; readonly name: string }
  | { readonly kind: 'record'; readonly record: LiveRecord }
  | { readonly kind: 'protect'; readonly on: boolean }
  | { readonly kind: 'give'; readonly from: number; readonly to: number; readonly key: string }
  /** A volume that no config names is put where its name says. */
  | {
      readonly kind: 'attach';
      readonly vmid: number;
      readonly key: string;
      readonly volid: string;
      readonly value: string;
    }
  /** Lists the volumes of both, because one is missing. */
  | { readonly kind: 'look' }
  | {
      readonly kind: 'restore';
      readonly archive: string;
      readonly what: 'candidate' | 'before';
      readonly over: boolean;
    }
  /** Directories and devices of the node, which no archive brings back. */
  | { readonly kind: 'mount'; readonly set: Readonly<Record<string, string>> }
  | { readonly kind: 'name-volumes'; readonly volumes: Readonly<Record<string, string>> }
  /** Config calls that the renewed one still needs. */
  | { readonly kind: 'change' }
  /** Configure with the volumes, and verify at the live address. */
  | { readonly kind: 'prove-live' }
  /** Looks whether the live one came up, and writes into its mark that everything goes back. */
  | { readonly kind: 'give-up' }
  /** Nothing else is left to serve: the candidate takes the live address. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'remove-archive'; readonly vmid: number; readonly volid: string }
  /** The old root file system, where a restore that failed left it in no config. */
  | { readonly kind: 'free-root'; readonly volid: string }
  | { readonly kind: 'remove-candidate' }
  /** Takes the promotion out of the live one's mark: nothing is left of it. */
  | { readonly kind: 'end' }
  /** It cannot go on by itself, and nothing is lost by waiting. */
  | { readonly kind: 'blocked'; readonly advice: readonly string[] };

export type ReplacementStep = ReplacementAction & { readonly reason: string };

/** Something that people would miss, and that is in no volume. */
export interface LooseData {
  readonly path: string;
  /** KiB */
  readonly size: number;
}

/** What a plan has to know before it can promise a replace; read only when one is due. */
export interface ReplaceFacts {
  /** vmid of the candidate. */
  readonly candidate: number;
  readonly addresses: 'dhcp' | 'none' | readonly string[];
  /** undefined: no storage of the node takes backups. */
  readonly backupStorage: string | undefined;
  /** Snapshots of the live one that are not ours, and that git does not let go. */
  readonly foreignSnapshots: readonly string[];
  /** undefined: it could not be looked into. */
  readonly loose: readonly LooseData[] | undefined;
  /** Raw `lxc.*` lines. */
  readonly rawLines: readonly string[];
}
