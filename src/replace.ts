import type { ConvergeInput, Done, Observation } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import type { Holding } from './apply/lease.ts';
import type { CandidateWish, GuestOf, LiveChange, PromoteInput } from './apply/promote/context.ts';
import { gatherReplaceFacts } from './apply/promote/plan-facts.ts';
import { promote } from './apply/promote/promote.ts';
import { imagesFor } from './base-image.ts';
import { candidateAddress, candidateInterfaces, candidateOf } from './candidate-address.ts';
import { GuestSession } from './guest-session.ts';
import { GitopsError } from './model/errors.ts';
import type { Plan } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import type { ReplaceFacts, Seen } from './model/replacement.ts';
import { candidateParameters, renewedParameters } from './plan/candidate.ts';
import { identityOf, ownershipOf, refusal } from './plan/ownership.ts';
import { replacePolicy } from './plan/replace-plan.ts';
import { nextReplacementStep } from './plan/replacement.ts';
import { chooseTemplate, type TemplateFacts } from './plan/template.ts';
import type { RunOptions } from './run.ts';

/** What a replace takes from the run that it is part of. */
export interface ReplaceContext {
  readonly ports: Ports;
  readonly options: RunOptions;
  readonly converge: ConvergeInput;
  /** The run's own, for the renewed container: its checks are the outcome's. */
  readonly guest: GuestSession;
  readonly baseline: string;
  readonly templates: TemplateFacts;
  /** undefined when nothing of the live one is to be seen. */
  readonly facts: ReplaceFacts | undefined;
  /** The whole plan of a container, in which no replace has begun; `replaced`: this run has done one already. */
  planOf(live: Holding, replaced: boolean): Plan;
}

/** Carries a replace on from where it stands. A stretch that only makes resources ends with a candidate. */
export async function replace(context: ReplaceContext, observation: Observation): Promise<Done> {
  const candidate = sessionOf(context);
  const before = new GuestSession(context.ports, context.options);
  try {
    const { desired, scope } = context.options;
    await candidate.hashes(scope !== 'resources' && desired.engine !== 'none');
    return await promote(await inputOf(context, observation, candidate, before));
  } finally {
    await Promise.all([candidate.close(), before.close()]);
  }
}

/** Scripts are told what they will be told in the end: only the way into it is another one. */
function sessionOf({ ports, options }: ReplaceContext): GuestSession {
  return new GuestSession(ports, options, ({ state }) => candidateInterfaces(state, options.desired.interfaces));
}

async function inputOf(
  context: ReplaceContext,
  observation: Observation,
  candidate: GuestSession,
  before: GuestSession,
): Promise<PromoteInput> {
  const { ports, options, converge, facts } = context;
  const { desired, settings, signal, scope } = options;
  const vmid = observation.kind === 'absent' ? observation.vmid : observation.state.vmid;
  const node = observation.kind === 'absent' ? observation.node : observation.state.node;
  const vmids = { live: vmid, candidate: candidateOf(options, vmid) };
  const config = observation.kind === 'absent' ? {} : observation.state.config;
  const known = facts ?? { addresses: settings.candidateAddresses, loose: undefined };
  const goal = await goalOf(context, observation);
  const identity = identityOf(settings.site, desired);
  const backupStorage = facts?.backupStorage ?? (await roomiest(ports, node, signal));
  return {
    converge,
    ports,
    signal,
    vmids,
    node,
    ...(goal === undefined ? {} : { goal }),
    ...replacePolicy(desired, config, known),
    backupStorage,
    paths: [...desired.volumes, ...desired.mounts].flatMap((entry) => ('path' in entry ? [entry.path] : [])),
    baseline: context.baseline,
    dropSnapshots: desired.dropSnapshots ?? [],
    absent: desired.state === 'absent',
    keepFailed: settings.debug,
    onlyBuild: scope === 'resources' && desired.state === 'present',
    ...(desired.commit === undefined ? {} : { commit: desired.commit }),
    claim(state) {
      const ownership = ownershipOf(state, identity);
      if (ownership.kind !== 'ours') throw refusal(state.vmid, state.node, ownership);
      if (ownership.mark.role !== 'candidate') throw notACandidate(state.vmid);
      return { state, mark: ownership.mark, text: ownership.text };
    },
    decide: nextReplacementStep,
    changes: (live) => changesOf(context, live),
    wish: (live) => wishOf(context, live, vmids.candidate),
    restoreParameters: () => renewedParameters(desired),
    newMark: (id, template) => converge.newMark(id, template),
    candidate: guestOf(context, candidate, candidate),
    live: guestOf(context, context.guest, before),
  };
}

/** The live one has a session before it is stopped and another one after it is renewed. */
function guestOf({ ports, options }: ReplaceContext, proving: GuestSession, looking: GuestSession): GuestOf {
  return {
    shell: (holding) => looking.open(holding),
    baseline: (holding) => proving.runBaseline(holding),
    prove: (holding) => proving.prove(holding),
    async cameUp(holding) {
      const session = new GuestSession(ports, { ...options, desired: { ...options.desired, health: [] } });
      try {
        await session.assertHealthy(holding);
      } finally {
        await session.close();
      }
    },
    async close() {
      await Promise.all([proving.close(), looking.close()]);
    },
  };
}

/** Everything that a candidate depends on. One that was built for something else is taken down again. */
async function goalOf(
  { ports, options, planOf }: ReplaceContext,
  observation: Observation,
): Promise<string | undefined> {
  const { commit: _, health: _h, ...desired } = options.desired;
  const goal = (await ports.keys.seal(['replace', JSON.stringify(desired)])).slice(0, 24);
  if (observation.kind === 'absent') return goal;
  const { promotion, ...mark } = observation.mark;
  // A stretch that only configures finishes what was begun for the same, and begins nothing.
  if (options.scope === 'configuration') return promotion?.goal === goal ? goal : undefined;
  if (promotion?.goal === goal || desired.state === 'absent') return promotion === undefined ? undefined : goal;
  const { steps } = planOf({ ...observation, mark }, false);
  return steps.some(({ kind }) => kind === 'replace') ? goal : undefined;
}

/** Only what adds something, or is a plain value: what takes a volume away waits until the replace has been proven. */
function changesOf({ planOf }: ReplaceContext, live: Seen): readonly LiveChange[] {
  const { promotion: _, ...mark } = live.mark;
  const { steps } = planOf({ ...live, state: { ...live.state, running: false }, mark }, true);
  return steps.flatMap((step): LiveChange[] => {
    if (step.kind === 'resize' || step.kind === 'pool') return [step];
    if (step.kind !== 'update') return [];
    const remove = step.remove.filter((key) => !/^(mp\d+|unused\d+|protection)$/.test(key));
    const { protection: _p, ...set } = step.set;
    const isEmpty = Object.keys(set).length === 0 && remove.length === 0 && step.text === undefined;
    return isEmpty ? [] : [{ ...step, set, remove }];
  });
}

async function wishOf(
  { ports, options, templates }: ReplaceContext,
  live: Seen & { readonly pool?: string },
  candidate: number,
): Promise<CandidateWish> {
  const { desired, settings, signal } = options;
  const { node } = live.state;
  const known = desired.template.kind === 'newest' ? await withOffers(ports, templates, node, signal) : templates;
  const chosen = chooseTemplate(desired.template, known);
  if (chosen.download !== undefined) {
    const deadline = call(DEADLINES.download, signal);
    await ports.containers.downloadTemplate(node, templates.storage, chosen.download, deadline);
  }
  const address = await candidateAddress({ ports, settings, desired, signal }, candidate);
  const pool = await ports.surroundings.pool(live.state.vmid, call(DEADLINES.read, signal)).catch(() => undefined);
  const around = pool === undefined ? { state: live.state } : { state: live.state, pool };
  const images = await imagesFor(ports, options, { vmid: candidate, node }, known).catch(() => undefined);
  return {
    template: chosen.volid,
    parameters: candidateParameters(desired, around, address),
    ...(images?.source === undefined ? {} : { image: images.source }),
  };
}

/** The index is asked only when there is no template at all: a newer one never comes along unasked. */
async function withOffers(
  { inventory }: Ports,
  templates: TemplateFacts,
  node: string,
  signal: AbortSignal,
): Promise<TemplateFacts> {
  if (templates.present.length > 0) return templates;
  return { ...templates, offered: await inventory.offeredTemplates(node, call(DEADLINES.read, signal)) };
}

/** What a plan says of a replace, and what decides how it is done. */
export async function replaceFacts(ports: Ports, options: RunOptions, live: Holding): Promise<ReplaceFacts> {
  const { settings, desired, signal } = options;
  const session = new GuestSession(ports, options);
  try {
    const input = {
      ports,
      candidate: candidateOf(options, live.state.vmid),
      addresses: settings.candidateAddresses,
      dropSnapshots: desired.dropSnapshots ?? [],
      shell: (holding: Holding) => session.open(holding),
      signal,
    };
    return await gatherReplaceFacts(input, live);
  } finally {
    await session.close();
  }
}

async function roomiest({ inventory }: Ports, node: string, signal: AbortSignal): Promise<string> {
  const storages = await inventory.storages(node, call(DEADLINES.read, signal));
  const fits = storages.filter(({ content, active, enabled }) => active && enabled && content.includes('backup'));
  const [best] = fits.toSorted((a, b) => b.available - a.available);
  if (best !== undefined) return best.storage;
  throw new GitopsError('user', `Unable to replace a container of node ${node}: no storage of it takes backups`);
}

function notACandidate(vmid: number): GitopsError {
  return new GitopsError(
    'not-ours',
    `Unable to build a candidate as container ${vmid}: a live one of ours has that vmid`,
    {
      advice: ['set candidate_vmid_base to where no containers are'],
    },
  );
}
