import { GitopsError, isGitopsError } from '../../model/errors.ts';
import type { ReplacementFacts, ReplacementStep, Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { whileRenewing } from '../lease.ts';
import { pool, resize, update } from '../steps/change.ts';
import { archive, removeArchive } from './archives.ts';
import { begin, createCandidate, expiry, noteApplied, proveCandidate, removeCandidate } from './candidate.ts';
import type { Memory, PromoteInput } from './context.ts';
import { carryKeys, remember } from './host-keys.ts';
import { note, notePromotion, renewBoth } from './notes.ts';
import { restore } from './restore.ts';
import { attach, give, mount, nameVolumes, protect, serve } from './volumes.ts';

/** Carries out one step on what was just seen; the answer is what people should know of it. */
export async function takeStep(
  input: PromoteInput,
  step: ReplacementStep,
  facts: ReplacementFacts,
  memory: Memory,
): Promise<readonly string[]> {
  const { vmids } = input;
  switch (step.kind) {
    case 'look':
      memory.look = true;
      return [];
    case 'begin':
      await begin(input);
      return [];
    case 'create-candidate':
      return createCandidate(input, there(facts.live, vmids.live), facts.candidate);
    case 'start':
    case 'stop':
      await power(input, step.kind, step.vmid, facts, memory);
      return [];
    case 'prove':
      await proveCandidate(input, there(facts.candidate, vmids.candidate));
      return [];
    case 'carry-keys':
      return carryKeys(input, facts.live, there(facts.candidate, vmids.candidate), memory);
    case 'archive': {
      const seen = step.what === 'candidate' ? facts.candidate : facts.live;
      const volid = await archive(input, step, there(seen, step.vmid)).finally(() => delete memory.archives);
      return [`backup ${volid}`];
    }
    case 'drop-snapshot':
      await input.ports.snapshots.drop(input.node, vmids.live, step.name, call(DEADLINES.power, input.signal));
      return [];
    case 'record':
      await notePromotion(input, vmids.candidate, { record: step.record });
      return [];
    case 'protect':
      await protect(input, step, facts);
      return [];
    case 'give':
      await give(input, step, facts);
      return [];
    case 'attach':
      await attach(input, step, facts);
      return [];
    case 'restore':
      await restore(input, step, facts);
      return [];
    case 'mount':
      await mount(input, step, facts);
      return [];
    case 'name-volumes':
      await nameVolumes(input, step);
      return [];
    case 'change':
      return change(input, facts);
    case 'prove-live':
      await proveLive(input, there(facts.live, vmids.live));
      return [];
    case 'give-up':
      await giveUp(input, there(facts.live, vmids.live), memory);
      return [];
    case 'serve':
      await serve(input, facts);
      return [];
    case 'remove-archive':
      await removeArchive(input, step.vmid, step.volid).finally(() => delete memory.archives);
      return [];
    case 'free-root':
      return freeRoot(input, step.volid, memory);
    case 'remove-candidate':
      await removeCandidate(input, there(facts.candidate, vmids.candidate));
      return [];
    case 'end':
      await end(input, there(facts.live, vmids.live), facts);
      return [];
    case 'blocked':
      throw new GitopsError('user', `Unable to replace container ${vmids.live}: ${step.reason}`, {
        advice: step.advice,
      });
    default:
      return step satisfies never;
  }
}

function there(seen: Seen | undefined, vmid: number): Seen {
  if (seen !== undefined) return seen;
  throw new GitopsError('remote', `Unable to replace: container ${vmid} is gone`);
}

/** The host keys of one that is about to be stopped are read before: its candidate may come up in its place. */
async function power(
  input: PromoteInput,
  kind: 'start' | 'stop',
  vmid: number,
  facts: ReplacementFacts,
  memory: Memory,
): Promise<void> {
  const { ports, node, signal, vmids } = input;
  const isLive = vmid === vmids.live;
  const deadline = call(DEADLINES.power, signal);
  if (kind === 'start') {
    await ports.containers.start(node, vmid, deadline);
    if (!isLive || memory.down === undefined) return;
    memory.downtime += ports.clock.now().getTime() - memory.down;
    delete memory.down;
    return;
  }
  if (isLive && facts.candidate?.mark.promotion?.keys === undefined && facts.live !== undefined) {
    await remember(input, facts.live, memory);
  }
  // A connection into it would not outlive it, and hold up its end.
  await (isLive ? input.live : input.candidate).close();
  if (isLive) memory.down = ports.clock.now().getTime();
  await ports.containers.shutdown(node, vmid, DEADLINES.graceSeconds, deadline);
}

/** The first of what is still different; it is looked at again after each. */
async function change(input: PromoteInput, { live }: ReplacementFacts): Promise<readonly string[]> {
  const holding = there(live, input.vmids.live);
  const [due] = input.changes(holding);
  if (due === undefined) return [];
  const step = { ...due, disruption: 'none' as const };
  const done =
    step.kind === 'update'
      ? await update(input.converge, step, holding, new Set())
      : step.kind === 'resize'
        ? await resize(input.converge, step, holding, new Set())
        : await pool(input.converge, step, holding);
  return done.warnings;
}

/** With its volumes and at its own address: only now its configuration counts as applied. */
async function proveLive(input: PromoteInput, live: Seen): Promise<void> {
  const done = await whileRenewing(
    input.ports,
    () => renewBoth(input),
    input.signal,
    () => input.live.prove(live),
  );
  await noteApplied(input, live.state.vmid, done.mark);
  await notePromotion(input, live.state.vmid, { proven: true });
}

/** What came up as it was before needs no backup of itself; of one that did not, everything is kept. */
async function giveUp(input: PromoteInput, live: Seen, memory: Memory): Promise<void> {
  memory.cameUp =
    live.state.running &&
    (await input.live.cameUp(live).then(
      () => true,
      (error: unknown) => {
        if (input.signal.aborted) throw error;
        return false;
      },
    ));
  await notePromotion(input, input.vmids.live, { back: true, ...(memory.cameUp ? { served: true } : {}) });
}

/** Whether this identity may take a disk off a storage is no reason to fail at the end of everything. */
async function freeRoot(input: PromoteInput, volid: string, memory: Memory): Promise<readonly string[]> {
  const { ports, node, vmids, signal } = input;
  try {
    await ports.volumes.free(node, vmids.live, volid, call(DEADLINES.power, signal));
    return [];
  } catch (error) {
    if (signal.aborted || !isGitopsError(error) || error.remote.uncertain === true || error.kind === 'busy')
      throw error;
    memory.left = volid;
    return [`the old root file system stays behind as ${volid}, to be removed by hand: ${error.message}`];
  }
}

/** A backup that stays has its days: the mark says when to look for it, so that nobody has to look before. */
function end(input: PromoteInput, live: Seen, { archives }: ReplacementFacts): Promise<void> {
  const failed = live.mark.promotion?.back === true;
  const leaves = archives.some(({ kind }) => kind === 'before');
  return note(input, live.state.vmid, ({ promotion: _, ...mark }) => ({
    ...mark,
    ...(leaves ? { backupsUntil: mark.backupsUntil ?? expiry(input) } : {}),
    ...(failed && input.commit !== undefined ? { bad: input.commit } : {}),
  }));
}
