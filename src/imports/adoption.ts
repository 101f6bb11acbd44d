import type { Desired } from '../model/desired.ts';
import { parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Change, Plan } from '../model/plan.ts';
import { parseProperties } from '../model/property-string.ts';
import type { Settings } from '../model/settings.ts';
import { identityOf } from '../plan/ownership.ts';
import { TAG, tagsOf } from '../plan/text.ts';
import { planAdopted } from './prove.ts';

/** What would become of one container. */
export type Adoption =
  /** `writes`: all that adopting it changes. `deploy`: what a deploy after it would do, of which nothing is a replace. */
  | { readonly kind: 'adoptable'; readonly writes: readonly string[]; readonly deploy: DeployWould }
  | { readonly kind: 'ours'; readonly deploy: DeployWould }
  | { readonly kind: 'refused'; readonly reason: string; readonly advice?: string };

export interface DeployWould {
  readonly changes: readonly Change[];
  /** Baseline, configure, a start … */
  readonly steps: readonly string[];
  readonly restarts: boolean;
  /** Why it would not be carried out as it is; adopting does not need it. */
  readonly refusals: readonly string[];
}

export interface AdoptionInput {
  readonly state: ContainerState;
  readonly desired: Desired;
  readonly settings: Settings;
  readonly pool?: string;
}

/**
 * Whether a definition's container can be adopted, proven by a plan against it as it would be then. Pure. Refused when it is
 * another's, when it does not look like the definition's at all, and when a deploy would replace it.
 */
export function judgeAdoption(input: AdoptionInput): Adoption {
  const { state, desired, settings } = input;
  const { mark, unreadable } = parseDescription(state.config.description);
  if (unreadable !== undefined) return refused('it has an owner mark that cannot be read');
  if (state.lock !== undefined) return refused(`it is locked (${state.lock})`, 'try again when that is done');
  const identity = identityOf(settings.site, desired);
  const own = mark?.vmid === state.vmid ? mark : undefined;
  const same = own?.site === identity.site && own.owner === identity.owner && own.name === identity.name;
  if (own !== undefined && !(same && own.stage === identity.stage)) {
    const whose = `it belongs to ${own.owner} (site ${own.site}, stage ${own.stage})`;
    return refused(whose, `alone, and on purpose: pve-gitops adopt DIR --vmid ${state.vmid} --from ${own.owner}`);
  }
  const stranger = strangerOf(state, desired);
  if (stranger !== undefined) return refused(stranger, 'look at the vmid of the definition');
  const plan = planAdopted(input);
  const replaced = plan.steps.flatMap((step) => (step.kind === 'replace' ? step.changes : []));
  const isReplaced = plan.steps.some(({ kind, disruption }) => kind === 'replace' || disruption === 'replace');
  if (isReplaced || plan.steps.some(({ kind }) => kind === 'create' || kind === 'destroy')) {
    const what = replaced.map(({ field, from, to }) => `${field} ${from ?? 'none'} → ${to ?? 'none'}`).join(', ');
    return refused(`a deploy would replace it: ${what}`, 'say in the definition what is there, or leave it as it is');
  }
  const deploy = deployOf(plan);
  return own === undefined ? { kind: 'adoptable', writes: writesOf(state), deploy } : { kind: 'ours', deploy };
}

function refused(reason: string, advice?: string): Adoption {
  return { kind: 'refused', reason, ...(advice === undefined ? {} : { advice }) };
}

/** Neither name nor address are those of the definition: then it is somebody else's that has the vmid. */
function strangerOf({ config }: ContainerState, desired: Desired): string | undefined {
  const name = config.hostname ?? '';
  if (name === desired.hostname) return undefined;
  const wanted = desired.interfaces.flatMap(({ ipv4 }) =>
    ipv4.kind === 'static' ? [ipv4.written ?? ipv4.address] : [],
  );
  const there = Object.entries(config).flatMap(([key, value]) =>
    /^net\d+$/.test(key) ? [(parseProperties(value).get('ip') ?? '').split('/')[0] ?? ''] : [],
  );
  if (wanted.some((address) => there.includes(address.split('/')[0] ?? ''))) return undefined;
  const addresses = there.filter((address) => address !== '').join(', ');
  return `it is ${name || 'without a name'}${addresses === '' ? '' : ` (${addresses})`}, and not ${desired.hostname}`;
}

function writesOf(state: ContainerState): string[] {
  const tagged = tagsOf(state.config.tags).includes(TAG);
  return ['the owner mark, one line of its description', ...(tagged ? [] : [`the tag ${TAG}`])];
}

function deployOf({ steps, refusals }: Plan): DeployWould {
  return {
    changes: steps.flatMap((step) => ('changes' in step ? step.changes : [])),
    steps: steps.filter((step) => !('changes' in step)).map(({ kind }) => kind),
    restarts: steps.some(({ disruption }) => disruption === 'restart'),
    refusals: refusals.map(({ reason, advice: [first] }) => (first === undefined ? reason : `${reason}; ${first}`)),
  };
}
