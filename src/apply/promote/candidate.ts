import { GitopsError, isGitopsError } from '../../model/errors.ts';
import type { Mark } from '../../model/mark.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Promotion } from '../../model/promotion.ts';
import type { Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { newLease, whileRenewing } from '../lease.ts';
import { INDEX } from '../steps/change.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from '../steps/create.ts';
import type { PromoteInput } from './context.ts';
import { describe, note, notePromotion, renewBoth } from './notes.ts';

/** Long enough to look at what failed, and to be found by a run that comes after a weekend. */
const EXPIRES_MS = 7 * 24 * 3600_000;

export function expiry({ ports }: Pick<PromoteInput, 'ports'>): string {
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  return new Date(now.getTime() + EXPIRES_MS).toISOString();
}

/** Written before anything is made: whatever is left is found again from here. */
export async function begin(input: PromoteInput): Promise<void> {
  const now = input.ports.inventory.serverTime() ?? input.ports.clock.now();
  const id = now.toISOString();
  const promotion: Promotion = { id, other: input.vmids.candidate, goal: input.goal ?? '' };
  await note(input, input.vmids.live, (mark) => ({ ...mark, promotion }));
}

/** Without the live one's volumes and mounts: nothing that serves is touched by what has not been proven. */
export async function createCandidate(input: PromoteInput, live: Seen): Promise<string[]> {
  const { ports, vmids, node } = input;
  const { promotion } = live.mark;
  if (promotion === undefined) throw new GitopsError('bug', 'a candidate for no replace');
  const { parameters, template } = await input.wish(live);
  const mark: Mark = {
    ...input.newMark(vmids.candidate, template),
    role: 'candidate',
    expires: expiry(input),
    promotion: { id: promotion.id, goal: promotion.goal, other: vmids.live },
    lease: newLease(ports),
  };
  const whole: Parameters = {
    ...parameters,
    ostemplate: template,
    description: describe(vmids.candidate, live.text, mark),
    'ssh-public-keys': authorizedKeys(await ports.keys.authority(), input.converge.sshKeys),
  };
  const { log, lost } = await createTagged(input, whole);
  const hostKeys = hostKeysOf(log);
  if (hostKeys.length > 0) await note(input, vmids.candidate, (now) => ({ ...now, hostKeys }));
  return lost === undefined ? [] : [`tags could not be carried over, ${lost}: set them by hand on ${node}`];
}

/** Tags may be restricted for this identity; the refusal comes before any work. */
async function createTagged(
  { ports, node, vmids, signal }: PromoteInput,
  parameters: Parameters,
): Promise<{ readonly log: readonly string[]; readonly lost?: string }> {
  const create = (sent: Parameters) =>
    ports.containers.create(node, vmids.candidate, sent, call(DEADLINES.create, signal));
  try {
    return { log: (await create(parameters)).log };
  } catch (error) {
    const refused = isGitopsError(error) && error.remote.status === 403 && error.message.includes('modifying tag');
    if (!refused || parameters.tags === undefined) throw error;
    const { tags, ...rest } = parameters;
    const only = error.message.includes(`'${INDEX}'`) ? rest : { ...rest, tags: INDEX };
    return { log: (await create(only)).log, lost: String(tags) };
  }
}

/** Baseline, configure, verify: each is noted, so that a run that was killed does not do it again. */
export async function proveCandidate(input: PromoteInput, seen: Seen): Promise<void> {
  const { vmid } = seen.state;
  const holding = await giveBaseline(input, seen);
  const { hostKeys } = holding.mark;
  const prove = () => input.candidate.prove(holding);
  const done = await whileRenewing(input.ports, () => renewBoth(input), input.signal, prove);
  await noteApplied(input, vmid, { ...done.mark, hostKeys });
  await notePromotion(input, vmid, { proven: true });
}

/** Nothing to do when it has it. The answer has the host keys that it is known by. */
export async function giveBaseline(input: PromoteInput, seen: Seen): Promise<Seen> {
  const { vmid, node } = seen.state;
  const known = seen.mark.hostKeys;
  const hostKeys = known.length > 0 ? known : await pinnedHostKeys(input, node, vmid);
  const holding: Seen = { ...seen, mark: { ...seen.mark, hostKeys } };
  if (seen.mark.applied.baseline === input.baseline) return holding;
  const give = () => input.candidate.baseline(holding);
  const done = await whileRenewing(input.ports, () => renewBoth(input), input.signal, give);
  await noteApplied(input, vmid, { ...done.mark, hostKeys });
  return holding;
}

export function noteApplied(input: PromoteInput, vmid: number, patch: Partial<Mark>): Promise<void> {
  return note(input, vmid, (mark) => ({ ...mark, ...patch, applied: { ...mark.applied, ...patch.applied } }));
}

/** Its own root file system goes, and nothing else: what it must not have is refused here once more. */
export async function removeCandidate({ ports, node, signal }: PromoteInput, { state, mark }: Seen): Promise<void> {
  const volumes = Object.keys(state.config).filter((key) => /^(mp|unused)\d+$/.test(key));
  if (mark.role !== 'candidate' || volumes.length > 0) {
    throw new GitopsError('bug', `Unable to remove candidate ${state.vmid}: it has ${volumes.join(', ') || mark.role}`);
  }
  await ports.containers.destroy(node, state.vmid, call(DEADLINES.power, signal));
}
