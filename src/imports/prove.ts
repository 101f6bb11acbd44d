import { definitionFiles } from '../definition/files.ts';
import { parseDefinition } from '../definition/parse.ts';
import type { Identity } from '../desired/identity.ts';
import { resolve } from '../desired/resolve.ts';
import type { Desired } from '../model/desired.ts';
import { formatDescription, type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Change, Plan, Step } from '../model/plan.ts';
import type { Settings } from '../model/settings.ts';
import { identityOf } from '../plan/ownership.ts';
import { plan } from '../plan/plan.ts';
import { tagsOf, tagsText } from '../plan/text.ts';
import type { Note } from './part.ts';

/** Something of the container that a deploy would change although nobody asked for it. */
export interface Difference extends Change {
  readonly reason: string;
}

/** What the first deploy does beside: the baseline, a start, a restart for what is pending. */
export interface DueStep {
  readonly step: Step['kind'];
  readonly reason: string;
}

export interface Proof {
  readonly desired: Desired;
  /** Empty: the definition says what is there. */
  readonly differences: readonly Difference[];
  readonly due: readonly DueStep[];
}

export interface ProofInput {
  readonly state: ContainerState;
  readonly settings: Settings;
  readonly who: Identity;
  /** Absolute. */
  readonly directory: string;
  readonly pool?: string;
  /** Definition files by name, with the new container.yml among them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The directory's listing as it will be. */
  readonly names: readonly string[];
  readonly notes: readonly Note[];
}

/**
 * Plans a definition against the container as `adopt` leaves it. Pure. Throws ProblemsError when the definition cannot
 * be completed with these settings.
 */
export function prove(input: ProofInput): Proof {
  const { state, settings, who, directory, names, notes, pool } = input;
  const wanted = definitionFiles(who.stage);
  const files = new Map([...input.files].filter(([name]) => wanted.includes(name)));
  const desired = resolve(parseDefinition({ directory, stage: who.stage, files, names }), settings, who);
  const made = planAdopted({ state, desired, settings, ...(pool === undefined ? {} : { pool }) });
  return { desired, ...judge(made, settings, notes) };
}

export interface AdoptedPlanInput {
  readonly state: ContainerState;
  readonly desired: Desired;
  readonly settings: Settings;
  readonly pool?: string;
}

/** What a deploy would do to a container as `adopt` leaves it. Pure. */
export function planAdopted({ state, desired, settings, pool }: AdoptedPlanInput): Plan {
  const seen = adopted(state, settings.site, desired);
  const { applied } = seen.mark;
  return plan({
    desired,
    observed: { kind: 'present', ...seen, ...(pool === undefined ? {} : { pool }) },
    templates: { storage: desired.templateStorage, present: [], offered: [] },
    // What has been applied counts as current: only what never was is due for sure.
    due: { baseline: applied.baseline ?? '', configuration: applied.configuration ?? '', force: false },
    rootLogin: settings.connection.user === 'root@pam' && settings.connection.password !== undefined,
    ...(settings.share === undefined ? {} : { share: settings.share }),
  });
}

/** The container as it is after `adopt`: with our mark and our tag. */
function adopted(
  state: ContainerState,
  site: string,
  desired: Desired,
): { readonly state: ContainerState; readonly mark: Mark; readonly text: string } {
  const { text, mark: previous } = parseDescription(state.config.description);
  const identity = identityOf(site, desired);
  const keeps = previous?.vmid === state.vmid;
  const mark: Mark = {
    ...(keeps ? previous : { role: 'live', applied: {}, hostKeys: [] }),
    ...identity,
    vmid: state.vmid,
  };
  const config = {
    ...state.config,
    tags: tagsText(tagsOf(state.config.tags)),
    description: formatDescription(text, mark),
  };
  return { state: { ...state, config }, mark, text };
}

function judge(made: Plan, settings: Settings, notes: readonly Note[]): Omit<Proof, 'desired'> {
  const differences: Difference[] = [];
  const due: DueStep[] = [];
  for (const step of made.steps) {
    if ('changes' in step) {
      differences.push(...step.changes.map((change) => ({ ...change, reason: reasonOf(change, settings, notes) })));
    } else due.push({ step: step.kind, reason: step.reason });
  }
  return { differences, due };
}

function reasonOf({ field, note, to }: Change, { network, pool }: Settings, notes: readonly Note[]): string {
  const defaults: Readonly<Record<string, readonly [string, string | undefined]>> = {
    nameserver: ['network.nameserver', network.nameserver],
    searchdomain: ['network.searchdomain', network.searchdomain],
    pool: ['proxmox.pool', pool],
  };
  const [setting, value] = defaults[field] ?? [];
  if (value !== undefined && value === to) return `the site's default (setting ${setting})`;
  const own = notes.find(({ key }) => key === field || key === keyOf(field));
  return own?.text ?? note ?? 'container.yml has no words for what is there';
}

/** Key of container.yml that speaks of a field of the plan. */
function keyOf(field: string): string {
  const families: readonly (readonly [RegExp, string])[] = [
    [/^net\d+$/, 'interfaces'],
    [/^volume /, 'volumes'],
    [/^mount /, 'mount'],
    [/^device /, 'devices'],
    [/^disk /, 'disk'],
    [/^start at boot$/, 'boot'],
  ];
  return families.find(([pattern]) => pattern.test(field))?.[1] ?? field.replaceAll(' ', '_');
}
