import type { Address, Desired } from '../model/desired.ts';
import type { ImageFacts } from '../model/image.ts';
import type { Dependency, Plan, Step } from '../model/plan.ts';
import type { MigrateFacts, MoveFacts } from '../model/relocation.ts';
import type { ReplaceFacts } from '../model/replacement.ts';
import { type AbsentPlan, absentPlan } from './absent.ts';
import { changePlan } from './change.ts';
import { createPlan } from './create.ts';
import { dataOfBegun, dataOfMissing } from './data.ts';
import type { Present } from './edit.ts';
import type { Due } from './guest-steps.ts';
import { dependencyNotes, dependencyRefusals, olderRefusal } from './refusals.ts';
import type { TemplateFacts } from './template.ts';
import { lastWayBack, type WayBackFacts } from './way-back.ts';

/** What was found for a desired container. */
export type Observation =
  /** `candidate`: vmid of one that was about to take its place, and holds what it had. */
  | { readonly kind: 'absent'; readonly vmid: number; readonly node: string; readonly candidate?: number }
  | ({ readonly kind: 'present' } & Present);

export interface PlanInput {
  readonly desired: Desired;
  readonly observed: Observation;
  readonly templates: TemplateFacts;
  readonly due: Due;
  /** Of a container that is not there; absent: it is made from its template. */
  readonly images?: ImageFacts;
  /** Host path behind `MOUNT=share`. */
  readonly share?: string;
  /** The site's pool, for a new container whose definition names none; one that is there stays where it is. */
  readonly pool?: string;
  /** volid → bytes, of volumes whose size no config says. */
  readonly sizes?: ReadonlyMap<string, number>;
  /** volids of the mark that are in no config and, as their storage says, nowhere. */
  readonly missing?: ReadonlySet<string>;
  readonly dependencies?: readonly Dependency[];
  /** The commit that the container has, when the desired one came before it. */
  readonly newerDeployed?: string;
  /** Read only when a change of a good container is due. */
  readonly wayBack?: WayBackFacts;
  /** A stretch of its own comes after this one, and configures. */
  readonly followed?: boolean;
  /** The server's time, for ages. */
  readonly now?: Date;
  /** Whether the connection has a login of root@pam beside its token. */
  readonly rootLogin?: boolean;
  /** Remake the root file system although nothing differs. */
  readonly rebuild?: boolean;
  /** Read only when disks go to another storage. */
  readonly moving?: MoveFacts;
  /** Read only when the container goes to another node. */
  readonly migrating?: MigrateFacts;
  /** Read only when a replace is due. */
  readonly replacing?: ReplaceFacts;
  /** What this run has done, or may not do: the pool, which lists show late; our tag, which may be refused. */
  readonly without?: ReadonlySet<string>;
}

/** Steps, notes, refusals and data of one of the three kinds of plan. */
export type Body = AbsentPlan & { readonly wayBack?: string };

/**
 * Decides everything that a run would do. Pure: the same input gives the same plan. Throws kind user for what no run
 * could bring about: a volume that would have to shrink, a template or share that is not there.
 */
export function plan(input: PlanInput): Plan {
  const { desired, observed, dependencies = [] } = input;
  const { vmid, node } = observed.kind === 'absent' ? observed : observed.state;
  const body = bodyOf(input);
  const id = desired.vmid.kind === 'fixed' ? desired.vmid.id : undefined;
  const wanted = desired.state === 'present' ? dependencies : [];
  const from = desired.share?.from;
  const share = from !== undefined && 'container' in from ? from.container : undefined;
  return {
    name: desired.name,
    stage: desired.stage,
    vmid,
    node,
    hostname: desired.hostname,
    address: addressOf(desired),
    steps: body.steps,
    notes: [...body.notes, ...dependencyNotes(wanted, share)],
    refusals: [
      ...dependencyRefusals(vmid, wanted, share),
      ...olderRefusal(vmid, desired.commit, body.steps.length === 0 ? undefined : input.newerDeployed),
      ...body.refusals,
    ],
    data: body.data,
    wayBack: body.wayBack ?? wayBackOf(input, body.steps),
    ...(id === undefined ? {} : { id }),
  };
}

function bodyOf(input: PlanInput): Body {
  const { desired, observed, sizes = new Map(), missing = new Set() } = input;
  if (isBegun(observed)) return unfinished(input);
  if (desired.state === 'present')
    return observed.kind === 'absent' ? createPlan(input, observed) : changePlan(input, observed);
  if (observed.kind === 'absent') return { steps: [], notes: [], refusals: [], data: [] };
  return absentPlan(desired, observed, { sizes, missing }, 'the definition says STATE=absent');
}

function wayBackOf({ observed, now = new Date(0) }: PlanInput, steps: readonly Step[]): string {
  if (observed.kind === 'absent') return 'none: there is nothing yet to go back to';
  const last = lastWayBack(observed.mark, now);
  const dies = steps.some(({ kind }) => kind === 'destroy');
  return dies ? `none: snapshots go with the container; ${last}` : last;
}

function isBegun(observed: Observation): boolean {
  return observed.kind === 'absent' ? observed.candidate !== undefined : observed.mark.promotion !== undefined;
}

/** Whatever else is due waits: until it is finished, one of two containers has what the other one needs. */
function unfinished({ desired, observed, without, sizes = new Map() }: PlanInput): Body {
  const reason = 'a replace was begun, and is finished first';
  const rest = {
    refusals: [],
    data: observed.kind === 'absent' ? dataOfMissing(desired) : dataOfBegun(desired, observed, sizes),
    wayBack: 'the replace’s own: what was before comes back when it fails',
  };
  if (without?.has('replace') === true) return { ...rest, steps: [], notes: ['a replace is under way'] };
  return { ...rest, steps: [{ kind: 'replace', changes: [], reason, disruption: 'replace' }], notes: [] };
}

function addressOf(desired: Desired): string {
  const texts = desired.interfaces.map(({ ipv4, ipv6 }) =>
    ipv4.kind === 'none' && ipv6?.kind === 'static' ? `${ipv6.address}/${ipv6.prefix}` : addressText(ipv4),
  );
  return texts.join(', ') || 'none';
}

function addressText(ipv4: Address): string {
  if (ipv4.kind !== 'static') return ipv4.kind;
  const translated = ipv4.written === undefined ? '' : ` (translated from ${ipv4.written})`;
  return `${ipv4.address}/${ipv4.prefix}${translated}`;
}
