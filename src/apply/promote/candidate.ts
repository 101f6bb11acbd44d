import { GitopsError, isGitopsError } from '../../model/errors.ts';
import type { CloneSource } from '../../model/image.ts';
import type { Mark } from '../../model/mark.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Promotion } from '../../model/promotion.ts';
import type { Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { cloneImage, markOfClone, shapeClone } from '../image/clone.ts';
import { ownHostKeys } from '../image/own-keys.ts';
import { newLease, whileRenewing } from '../lease.ts';
import { INDEX } from '../steps/change.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from '../steps/create.ts';
import type { PromoteInput } from './context.ts';
import { describe, note, notePromotion, renewBoth } from './notes.ts';
import { observeCandidate } from './observe-candidate.ts';

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
export async function createCandidate(
  input: PromoteInput,
  live: Seen,
  unfinished: Seen | undefined,
): Promise<string[]> {
  const { ports, vmids, node } = input;
  const { promotion } = live.mark;
  if (promotion === undefined) throw new GitopsError('bug', 'a candidate for no replace');
  const { parameters, template, image } = await input.wish(live);
  if (unfinished !== undefined) return shape(input, unfinished, parameters);
  const mark: Mark = {
    ...input.newMark(vmids.candidate, template),
    role: 'candidate',
    expires: expiry(input),
    promotion: { id: promotion.id, goal: promotion.goal, other: vmids.live },
    lease: newLease(ports),
  };
  if (image !== undefined) return clone(input, live, { parameters, image }, mark);
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

/** Its mark says that it has the config of its image, until it has its own. */
async function clone(
  input: PromoteInput,
  live: Seen,
  { parameters, image }: { readonly parameters: Parameters; readonly image: CloneSource },
  mark: Mark,
): Promise<string[]> {
  const { ports, node, vmids, signal } = input;
  const vmid = vmids.candidate;
  const whole: Mark = { ...markOfClone(mark, image), unfinished: true };
  const description = describe(vmid, live.text, whole);
  const cloned = await cloneImage(ports, { node, vmid, parameters, description, image }, signal);
  const seen = await observeCandidate(input);
  if (seen === undefined) throw new GitopsError('remote', `Unable to clone candidate ${vmid}: it is gone`);
  return [...cloned, ...(await shape(input, seen, parameters))];
}

async function shape(input: PromoteInput, seen: Seen, parameters: Parameters): Promise<string[]> {
  const { vmid, node } = seen.state;
  const { unfinished: _, ...mark } = seen.mark;
  const description = describe(vmid, seen.text, { ...mark, lease: newLease(input.ports) });
  return shapeClone(input.ports, { node, vmid, parameters, description }, input.signal);
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
  await makePlaces(input, holding);
  const prove = () => input.candidate.prove(holding);
  const done = await whileRenewing(input.ports, () => renewBoth(input), input.signal, prove);
  await noteApplied(input, vmid, { ...done.mark, hostKeys });
  await notePromotion(input, vmid, { proven: true });
}

/** Scripts may write to where a volume will be; what they leave there lies hidden below it afterwards. */
async function makePlaces({ candidate, paths, signal }: PromoteInput, holding: Seen): Promise<void> {
  if (paths.length === 0) return;
  const shell = await candidate.shell(holding);
  const argv = ['mkdir', '-p', '--', ...paths];
  const { exitCode, stderr } = await shell.run({ name: 'places of volumes', argv }, call(DEADLINES.write, signal));
  if (exitCode === 0) return;
  throw new GitopsError('remote', `Unable to make the places of volumes in candidate ${holding.state.vmid}`, {
    log: stderr.split('\n').slice(-5),
  });
}

/** Nothing to do when it has it. The answer has the host keys that it is known by. */
export async function giveBaseline(input: PromoteInput, seen: Seen): Promise<Seen> {
  const { vmid, node } = seen.state;
  const known = seen.mark.hostKeys;
  const pinned = known.length > 0 ? known : await pinnedHostKeys(input, node, vmid);
  const has = seen.mark.applied.baseline === input.baseline;
  const borrowed = seen.mark.borrowedKeys === true;
  const first: Seen = { ...seen, mark: { ...seen.mark, hostKeys: pinned } };
  const hostKeys = borrowed ? await ownKeys(input, first) : pinned;
  const holding: Seen = { ...seen, mark: { ...seen.mark, hostKeys } };
  if (has && borrowed) await noteApplied(input, vmid, { hostKeys, borrowedKeys: undefined });
  if (has) return holding;
  const give = () => input.candidate.baseline(holding);
  const done = await whileRenewing(input.ports, () => renewBoth(input), input.signal, give);
  await noteApplied(input, vmid, { ...done.mark, hostKeys, borrowedKeys: undefined });
  return holding;
}

async function ownKeys(input: PromoteInput, { state, mark, text }: Seen): Promise<string[]> {
  const { vmid } = state;
  const wish = { vmid, known: mark.hostKeys, call: call(DEADLINES.power, input.signal) };
  const shell = await input.candidate.shell({ state, mark, text });
  return ownHostKeys(shell, wish, (patch) => note(input, vmid, (now) => ({ ...now, ...patch })));
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
