import { cardLines, isCardLine, type Links } from './card.ts';
import type { ImageMark } from './image.ts';
import type { Promotion } from './promotion.ts';

/** Written before a volume goes elsewhere, so that a run that is killed meanwhile does not take it for a stranger there. */
export interface Moving {
  /** mpN or unusedN, which stays */
  readonly key: string;
  /** volid before */
  readonly from: string;
  /** Where it goes; absent: to the node, on whichever storage. */
  readonly storage?: string;
  readonly node?: string;
}

/** What a container of ours is for. */
export type Role = 'live' | 'candidate' | 'image' | 'job' | 'pilot' | 'retired';

/** Holder and end of a lease. Both times are the server's, in ISO 8601. */
export interface Lease {
  /** Unique per run. */
  readonly run: string;
  readonly until: string;
  /** Who to ask: user and host, or the workflow run's address. */
  readonly by?: string;
}

/** Hashes of what was last brought about, so that the next run knows what is due. */
export interface Applied {
  readonly desired?: string;
  readonly baseline?: string;
  readonly configuration?: string;
}

/** Where a state is kept, so that it can be had again. */
export type Way =
  | { readonly kind: 'snapshot'; readonly name: string }
  /** volid of the archive */
  | { readonly kind: 'backup'; readonly volid: string }
  /** From git, with the volumes as they are then. */
  | { readonly kind: 'converge' }
  | { readonly kind: 'none' };

/** A state that was good once. */
export interface PastState {
  readonly commit?: string;
  /** When it was left for the next one, the server's time. */
  readonly at: string;
  readonly way: Way;
  /** Somebody asked for it: it stays until the next one that is asked for. */
  readonly byHand?: true;
}

/** A change of a good container that has begun and is not proven yet. */
export interface Attempt extends PastState {
  /** What is tried; the commit of the state before stands in `commit`. */
  readonly trying?: string;
  /** Values of the config that it changes, as they were; empty: there was none. For a way back that keeps no config. */
  readonly before?: Readonly<Record<string, string>>;
}

/**
 * The owner mark: one line in the container's description. It is what makes a container ours, and it is all the state
 * we keep about it.
 */
export interface Mark {
  readonly site: string;
  /** Repository, e.g. `srv/apache`. */
  readonly owner: string;
  readonly name: string;
  readonly stage: string;
  /** The vmid the mark was written for; any other container with it is a copy and not ours. */
  readonly vmid: number;
  readonly role: Role;
  readonly commit?: string;
  /** volid the root file system was made from */
  readonly template?: string;
  readonly applied: Applied;
  readonly good?: { readonly commit: string; readonly at: string };
  /** The commit that failed last. */
  readonly bad?: string;
  readonly attempt?: Attempt;
  /** Newest first, at most three. */
  readonly history?: readonly PastState[];
  /** SHA256:… fingerprints of the SSH host keys */
  readonly hostKeys: readonly string[];
  /** Name in the definition → volid. One that is detached stays here, so that it can be attached again. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Volumes on their way to where they may have other names; gone once those stand in `volumes`. */
  readonly moving?: readonly Moving[];
  /** We have set `protection`, for its volumes; absent: who set it meant it, and only the definition may lift it. */
  readonly guarded?: true;
  /** A replace is under way: on the live container and on its candidate. */
  readonly promotion?: Promotion;
  /** Of a candidate: nobody needs it after this, ISO 8601. */
  readonly expires?: string;
  /** A replace has left a backup of what was before: the next run after this looks for it, and removes it. ISO 8601. */
  readonly backupsUntil?: string;
  readonly lease?: Lease;
  readonly phase?: 'destroying';
  /** Where the forge that deployed it shows more. */
  readonly links?: Links;
  /** Of a base image. */
  readonly image?: ImageMark;
  /** Of a candidate: cloned, and its config is still that of its image. */
  readonly unfinished?: true;
  /** The SSH host keys are those of the image that it was cloned from: it gets its own with the first connection. */
  readonly borrowedKeys?: true | undefined;
}

const OPEN = '<!-- pve-gitops:1 ';
const CLOSE = ' -->';
/** Bytes of the mark's line; Proxmox VE takes 8192 characters for the whole description. */
export const MARK_LIMIT = 3072;
/** `s`: JSON leaves U+2028 as it is, and a dot alone would not match it. */
const LINE = /^<!-- pve-gitops:(\d+) (.*) -->$/s;

/** A description split into the user's text and ours. `mark` is undefined when there is none that can be read. */
export interface MarkedDescription {
  /** Without our lines and without trailing blank lines. */
  readonly text: string;
  readonly mark?: Mark;
  /** A line that looks like a mark and cannot be read (newer version, damaged): never treated as ours. */
  readonly unreadable?: string;
}

export function parseDescription(description: string | undefined): MarkedDescription {
  const lines = (description ?? '').split('\n');
  const kept: string[] = [];
  let mark: Mark | undefined;
  let unreadable: string | undefined;
  for (const line of lines) {
    const match = LINE.exec(line.trim());
    if (!match) {
      if (!isCardLine(line)) kept.push(line);
      continue;
    }
    const parsed = match[1] === '1' ? parseMark(match[2] ?? '') : undefined;
    if (parsed === undefined || mark !== undefined) unreadable = line.trim();
    else mark = parsed;
  }
  const text = kept.join('\n').replace(/\s+$/, '');
  if (unreadable !== undefined) return { text, unreadable };
  return mark === undefined ? { text } : { text, mark };
}

/**
 * The user's text, then readable lines, then the mark. Links are left out where they would not fit. Throws RangeError when
 * the mark exceeds its limit.
 */
export function formatDescription(text: string, mark: Mark): string {
  const json = JSON.stringify(mark).replaceAll('--', '-\\u002d');
  const line = `${OPEN}${json}${CLOSE}`;
  if (mark.links !== undefined && Buffer.byteLength(line) > MARK_LIMIT) {
    const { links: _, ...rest } = mark;
    return formatDescription(text, rest);
  }
  if (Buffer.byteLength(line) > MARK_LIMIT) throw new RangeError(`owner mark of ${Buffer.byteLength(line)} bytes`);
  // A blank line, or the GUI would run our lines into the last ones of the user.
  return `${[...(text === '' ? [] : [text, '']), ...cardLines(mark), line].join('\n')}\n`;
}

function parseMark(json: string): Mark | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const mark = value as Partial<Record<keyof Mark, unknown>>;
  const texts = [mark.site, mark.owner, mark.name, mark.stage, mark.role].every((part) => typeof part === 'string');
  if (!texts || typeof mark.vmid !== 'number') return undefined;
  const { volumes, ...rest } = value as Mark;
  return {
    ...rest,
    ...namedVolumes(volumes),
    applied: typeof mark.applied === 'object' && mark.applied !== null ? mark.applied : {},
    hostKeys: Array.isArray(mark.hostKeys) ? mark.hostKeys.filter((key) => typeof key === 'string') : [],
  };
}

function namedVolumes(value: unknown): Pick<Mark, 'volumes'> {
  if (typeof value !== 'object' || value === null) return {};
  const named = Object.entries(value).filter(([, volid]) => typeof volid === 'string');
  return named.length === 0 ? {} : { volumes: Object.fromEntries(named) };
}
