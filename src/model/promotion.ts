import type { Mark } from './mark.ts';

/**
 * A replace that has begun, in the owner marks of both containers: the live one, and the candidate that was built
 * beside it. It is written before anything is made, and taken out of the live one's mark when nothing is left of it.
 */
export interface Promotion {
  /** Of this replace alone; its backups carry it too. */
  readonly id: string;
  /** vmid of the other one of the two */
  readonly other: number;
  /** Seal of what is to come about: a candidate for something else is of no use. */
  readonly goal: string;
  /** On the live one: its root file system is the candidate's. */
  readonly renewed?: true;
  /** Configured and verified: on the candidate by itself, on the live one since it was renewed. */
  readonly proven?: true;
  /** On the candidate: it has the live one's SSH host keys; `new`: those could not be read. */
  readonly keys?: 'carried' | 'new';
  /** It failed, and the live one gets everything back; on that one too when only leftovers remain. */
  readonly back?: true;
  /** On the candidate. */
  readonly record?: LiveRecord;
}

/** What a renewed container is given back, as it was before anything of it was moved. */
export interface LiveRecord {
  /** mpN and unusedN of its volumes → value */
  readonly slots: Readonly<Record<string, string>>;
  /** The same keys → name in the definition, for those that have one. */
  readonly names: Readonly<Record<string, string>>;
  /** netN → value, with MAC addresses */
  readonly nets: Readonly<Record<string, string>>;
  /** mpN and devN of what is the node's: directories and devices. */
  readonly host: Readonly<Record<string, string>>;
  /** The old root file system, as a restore wants it: `local-lvm:8` */
  readonly root: string;
  readonly unprivileged: boolean;
  readonly features?: string;
  readonly protection: boolean;
  readonly mark: OldMark;
}

/** The mark without what the new one has by itself. */
export type OldMark = Omit<
  Mark,
  'site' | 'owner' | 'name' | 'stage' | 'vmid' | 'role' | 'volumes' | 'lease' | 'phase' | 'promotion'
>;

const OPEN = 'pve-gitops-replace:1 ';

/** What a backup was taken for: the archive that a live container is made of, or what it was before. */
export interface ReplaceBackup {
  readonly id: string;
  readonly kind: 'candidate' | 'before';
  /** Until when it is kept, ISO 8601. */
  readonly expires: string;
}

/** A readable line first: lists show no more. */
export function formatReplaceBackup(what: string, backup: ReplaceBackup): string {
  return `${what}\n${OPEN}${JSON.stringify(backup)}`;
}

/** undefined: not ours, or damaged; it is left alone then. */
export function parseReplaceBackup(notes: string | undefined): ReplaceBackup | undefined {
  const line = (notes ?? '').split('\n').find((entry) => entry.startsWith(OPEN));
  if (line === undefined) return undefined;
  try {
    const value = JSON.parse(line.slice(OPEN.length)) as Partial<Record<keyof ReplaceBackup, unknown>>;
    const { id, kind, expires } = value;
    if (typeof id !== 'string' || (kind !== 'candidate' && kind !== 'before')) return undefined;
    return { id, kind, expires: String(expires) };
  } catch {
    return undefined;
  }
}
