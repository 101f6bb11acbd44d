import type { Desired } from '../model/desired.ts';
import type { Mark } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Change, Parameters } from '../model/plan.ts';

/** What one field asks for. Several edits go out in one config call. */
export interface Edit {
  readonly change: Change;
  /** Config keys to set. Absent for a resize, a pool or a replace. */
  readonly set?: Parameters;
  readonly remove?: readonly string[];
  /** Absolute size in GiB. `attached`: the disk is in the config already, so it grows before anything else changes. */
  readonly resize?: { readonly disk: string; readonly size: number; readonly attached: boolean };
  /** The disk goes to another storage. `attached`: the config names it already, so it goes before anything else changes. */
  readonly move?: {
    readonly disk: string;
    readonly volid: string;
    readonly storage: string;
    /** bytes; undefined: not known */
    readonly size?: number;
    readonly attached: boolean;
  };
  /** New text above the owner mark. */
  readonly text?: string;
  readonly pool?: string;
  /** What Proxmox VE reserves to a login of root@pam, in words. */
  readonly reserved?: string;
  /** Protection goes before disks can change, and comes after. */
  readonly order?: 'first' | 'last';
  /** What the mark shall say of who has set it. */
  readonly guarded?: boolean;
}

/** Config as it will be once what is pending has been applied. */
export type Effective = Readonly<Record<string, string>>;

/** A container of ours, and all that a field may be compared with. */
export interface Present {
  readonly state: ContainerState;
  readonly mark: Mark;
  /** The description without our lines. */
  readonly text: string;
  /** The pool it is in, as far as it was looked up. */
  readonly pool?: string;
}

export interface FieldContext extends Present {
  readonly desired: Desired;
  readonly config: Effective;
  /** Host path behind `MOUNT=share`. */
  readonly share?: string;
  /** volid → bytes, of volumes whose size no config says. */
  readonly sizes: ReadonlyMap<string, number>;
  /** volids of the mark that are in no config and, as their storage says, nowhere. */
  readonly missing: ReadonlySet<string>;
}

/** A row of the field table. */
export type Field = (context: FieldContext) => readonly Edit[];

export function effectiveConfig(state: ContainerState): Effective {
  const config: Record<string, string> = { ...state.config };
  for (const [key, value] of Object.entries(state.pending)) {
    if (value === null) delete config[key];
    else config[key] = value;
  }
  return config;
}

/** A change without the parts that are not known. */
export function change(
  field: string,
  from: string | undefined,
  to: string | undefined,
  more: { readonly disruption?: Change['disruption']; readonly note?: string } = {},
): Change {
  return {
    field,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    disruption: more.disruption ?? 'none',
    ...(more.note === undefined ? {} : { note: more.note }),
  };
}

export interface Scalar {
  readonly field: string;
  readonly key: string;
  readonly wanted: string | number | undefined;
  /** What it is when the config does not say, in words. Without: a value that nobody writes stays. */
  readonly fallback?: string;
  readonly disruption?: Change['disruption'];
  /** Brings both sides to one form; default: the text. */
  readonly normal?: (text: string) => string;
}

/** A config key that holds one value. */
export function scalar(config: Effective, row: Scalar): Edit[] {
  const { field, key, wanted, fallback, disruption = 'none', normal = (text: string) => text } = row;
  const observed = config[key];
  if (wanted === undefined && fallback === undefined) return [];
  const from = observed === undefined ? fallback : normal(observed);
  const to = wanted === undefined ? fallback : normal(String(wanted));
  if (from === to) return [];
  const changed = change(field, from, to, { disruption });
  if (wanted !== undefined) return [{ change: changed, set: { [key]: wanted } }];
  return observed === undefined ? [] : [{ change: changed, remove: [key] }];
}
