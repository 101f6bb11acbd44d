import type { Mark } from './mark.ts';

/**
 * A replace that has begun, in the owner marks of both containers: the live one, and the candidate that was built
 * beside it. It is written before anything is made, and taken out of the live one's mark when nothing is left of it.
 */
export interface Promotion {
  /** Of this replace alone: when it began, ISO 8601. Its backups carry it too. */
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
  /** On the live one that went back: it came up, and needs no backup of itself. */
  readonly served?: true;
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
  /** Its volume: a restore that cannot make a disk leaves it in no config. */
  readonly rootVolume?: string;
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
  /** Site, owner, name and stage: vmids of two clusters may be the same on one backup server. */
  readonly of: string;
  readonly kind: 'candidate' | 'before';
  /** Until when it is kept, ISO 8601. */
  readonly expires: string;
}

/** How the notes begin: lists show the first line and no more. */
export const REPLACE_WORDS = 'pve-gitops: ';

export function formatReplaceBackup(what: string, backup: ReplaceBackup): string {
  return `${REPLACE_WORDS}${what}\n${OPEN}${JSON.stringify(backup)}`;
}

/** Whose a replace's backups are. */
export function ownerWords({ site, owner, name, stage }: Pick<Mark, 'site' | 'owner' | 'name' | 'stage'>): string {
  return [site, owner, name, stage].join(' ');
}

/** undefined: not ours, or damaged; it is left alone then. */
export function parseReplaceBackup(notes: string | undefined): ReplaceBackup | undefined {
  const line = (notes ?? '').split('\n').find((entry) => entry.startsWith(OPEN));
  if (line === undefined) return undefined;
  try {
    const value = JSON.parse(line.slice(OPEN.length)) as Partial<Record<keyof ReplaceBackup, unknown>>;
    const { id, of, kind, expires } = value;
    if (typeof id !== 'string' || typeof of !== 'string' || typeof expires !== 'string') return undefined;
    return kind === 'candidate' || kind === 'before' ? { id, of, kind, expires } : undefined;
  } catch {
    return undefined;
  }
}
