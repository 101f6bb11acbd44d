import { GitopsError, isGitopsError } from '../../model/errors.ts';
import type { ReplacementFacts, ReplacementStep } from '../../model/replacement.ts';
import { removeExpired } from '../back/replace-backups.ts';
import type { Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { giveBaseline } from './candidate.ts';
import type { Memory, PromoteInput } from './context.ts';
import { ReplaceFailure } from './failure.ts';
import { notePromotion, releaseCandidate, takeCandidate } from './notes.ts';
import { gather } from './observe-candidate.ts';
import { lookAround, putBack } from './surroundings.ts';
import { takeStep } from './take-step.ts';

/** So often the same step may be due again: after an answer that was lost, or a config that somebody changed. */
const ATTEMPTS = 3;

/**
 * A replace from wherever an earlier run left it to its end. Throws ReplaceFailure when it did not come about: then
 * either what was before serves again, or the message names what runs.
 */
export async function promote(input: PromoteInput): Promise<Done> {
  try {
    return await takeSteps(input);
  } finally {
    if (!input.signal.aborted) await releaseCandidate(input).catch(() => undefined);
  }
}

async function takeSteps(input: PromoteInput): Promise<Done> {
  const { vmids } = input;
  const memory: Memory = { look: false, downtime: 0 };
  const warnings: string[] = [];
  const attempts = new Map<string, number>();
  const around = await lookAround(input);
  let failure: unknown;
  let ending = false;
  await takeCandidate(input);
  for (;;) {
    const facts = await gather(input, memory);
    // Only the answer to the last write was lost: what is asked for has come about, and is not begun once more.
    if (ending && facts.live !== undefined && facts.live.mark.promotion === undefined) break;
    const step = input.decide(facts);
    memory.look = false;
    if (step === undefined) break;
    if (input.onlyBuild && isBeyondBuilding(step, facts)) return built(input, facts, warnings);
    try {
      count(attempts, step, vmids.live);
      // What was for something else, or failed in an earlier run, is begun anew.
      const again = failure === undefined && facts.live?.mark.promotion?.back === true;
      ending = step.kind === 'end' && !again;
      warnings.push(...(await told(input, step, () => takeStep(input, step, facts, memory))));
      if (step.kind === 'serve') throw new ReplaceFailure(failure, servingCandidate(input), false);
      if (ending) break;
    } catch (error) {
      if (input.signal.aborted || error instanceof ReplaceFailure) throw error;
      // Nothing has been done yet.
      if (attempts.size === 1 && (step.kind === 'blocked' || step.kind === 'begin')) throw error;
      if (await isWorthAnother(input, step, error, memory, attempts)) continue;
      if (failure !== undefined) {
        if (!leavesCandidate(step, memory)) throw new ReplaceFailure(failure, await serving(input, error), false);
        continue;
      }
      if (step.kind === 'prove' && input.keepFailed) throw await leftForLooking(input, error);
      failure = error;
      if (!(await turnBack(input, step, facts, memory))) throw new ReplaceFailure(error, await serving(input), false);
    }
  }
  warnings.push(...(await putBack(input, around)));
  if (failure !== undefined) throw await goneBack(input, failure, memory);
  const expired = await removeExpired(input, input.newMark(vmids.live, '')).catch(() => undefined);
  for (const volid of expired?.removed ?? []) warnings.push(`backup ${volid} was too old, and is gone`);
  const seconds = (memory.downtime / 1000).toFixed(1);
  const down = memory.downtime === 0 ? '' : `; nobody served for ${seconds} s`;
  return { summary: `container ${vmids.live} has a new root file system${down}`, warnings };
}

/** What comes after the candidate was built: running its service's scripts, and stopping what serves. */
function isBeyondBuilding(step: ReplacementStep, { live, vmids }: ReplacementFacts): boolean {
  if (live?.mark.promotion?.renewed === true) return false;
  return step.kind === 'prove' || (step.kind === 'stop' && step.vmid === vmids.live);
}

async function built(input: PromoteInput, { candidate }: ReplacementFacts, warnings: readonly string[]): Promise<Done> {
  if (candidate?.state.running === true) await giveBaseline(input, candidate);
  const { vmids } = input;
  return {
    summary: `candidate ${vmids.candidate} for container ${vmids.live} is built; configure promotes it`,
    warnings,
  };
}

/** true: the step is looked at again. A lost answer may hide that it was done; a stale digest, that nothing was. */
async function isWorthAnother(
  input: PromoteInput,
  step: ReplacementStep,
  error: unknown,
  memory: Memory,
  attempts: ReadonlyMap<string, number>,
): Promise<boolean> {
  if (!isGitopsError(error) || step.kind === 'blocked') return false;
  const moves = step.kind === 'give' || step.kind === 'attach';
  if (error.remote.uncertain !== true && error.kind !== 'busy' && !moves) return false;
  if ((attempts.get(keyOf(step)) ?? 0) >= ATTEMPTS) return false;
  const { reporter, inventory, containers } = input.ports;
  reporter.tell({ kind: 'warning', text: `${error.message}; looking what there is` });
  memory.look = moves || step.kind === 'restore';
  delete memory.archives;
  for (const vmid of [input.vmids.live, input.vmids.candidate]) {
    for (const task of await inventory.tasks(input.node, vmid, call(DEADLINES.read, input.signal))) {
      if (!task.running) continue;
      await containers.settle(input.node, task.upid, call(DEADLINES.create, input.signal)).catch(() => undefined);
    }
  }
  return true;
}

/** true: what was before cannot come back, as when its storage is full; the candidate, which is proven, is to serve. */
function leavesCandidate(step: ReplacementStep, memory: Memory): boolean {
  if (step.kind !== 'restore' || step.what !== 'before' || memory.unrestorable === true) return false;
  memory.unrestorable = true;
  memory.look = true;
  delete memory.archives;
  return true;
}

/** false: there is no way back from here. */
async function turnBack(
  input: PromoteInput,
  step: ReplacementStep,
  { live, candidate, archives }: ReplacementFacts,
  memory: Memory,
): Promise<boolean> {
  if (step.kind === 'begin' || step.kind === 'end') return false;
  const renewed = live?.mark.promotion?.renewed === true;
  const isBackup = archives.some(({ kind }) => kind === 'before');
  if (step.kind === 'blocked' && (renewed || live?.state.running === true)) return false;
  // A renewed one that is proven only has leftovers.
  if (renewed && (!isBackup || live?.mark.promotion?.proven === true)) return false;
  memory.look = step.kind === 'restore';
  delete memory.archives;
  input.ports.reporter.tell({ kind: 'warning', text: 'it failed: what was before comes back' });
  if (candidate !== undefined) await notePromotion(input, input.vmids.candidate, { back: true });
  else if (live !== undefined) await notePromotion(input, input.vmids.live, { back: true });
  return true;
}

/** The old one serves again, which is looked at; else the failure says what runs. */
async function goneBack(input: PromoteInput, failure: unknown, { cameUp }: Memory): Promise<ReplaceFailure> {
  const { live } = input.vmids;
  try {
    const seen = await input.converge.observe();
    if (seen.kind === 'absent') throw new GitopsError('remote', `container ${live} is gone`);
    if (cameUp !== true) await input.live.cameUp(seen);
    return new ReplaceFailure(failure, `container ${live} serves as before the replace`, true);
  } catch (error) {
    return new ReplaceFailure(failure, await serving(input, error), false);
  }
}

/** The next run proves the same candidate again, or builds another one when git has changed. */
async function leftForLooking(input: PromoteInput, error: unknown): Promise<ReplaceFailure> {
  const { ports, vmids, node, signal } = input;
  await input.candidate.close();
  await ports.containers.shutdown(node, vmids.candidate, DEADLINES.graceSeconds, call(DEADLINES.power, signal));
  const stays = `candidate ${vmids.candidate} is stopped, to be looked at: pct start ${vmids.candidate}`;
  return new ReplaceFailure(error, `container ${vmids.live} serves as before; ${stays}`, !input.inPlace);
}

function servingCandidate({ vmids }: PromoteInput): string {
  return `candidate ${vmids.candidate} serves at the address of container ${vmids.live}; deploy again to finish`;
}

async function serving({ vmids, converge }: PromoteInput, also?: unknown): Promise<string> {
  const seen = await converge.observe().catch(() => undefined);
  const state =
    seen === undefined
      ? 'is not known'
      : seen.kind === 'absent'
        ? 'is gone'
        : seen.state.running
          ? 'runs'
          : 'is stopped';
  const more = also === undefined ? '' : `: ${also instanceof Error ? also.message : String(also)}`;
  return `container ${vmids.live} ${state}, candidate ${vmids.candidate} may hold its volumes; deploy again to go on${more}`;
}

function keyOf(step: ReplacementStep): string {
  return JSON.stringify(step.kind === 'record' ? step.kind : step);
}

function count(attempts: Map<string, number>, step: ReplacementStep, vmid: number): void {
  const times = (attempts.get(keyOf(step)) ?? 0) + 1;
  attempts.set(keyOf(step), times);
  // `change` and `stop` are due more than once in a replace that goes back.
  if (times <= (step.kind === 'change' ? 20 : 2 * ATTEMPTS)) return;
  throw new GitopsError('remote', `Unable to replace container ${vmid}: ${step.kind} has no lasting effect`, {
    advice: ['something else may be changing it at the same time'],
  });
}

const WORDS: Partial<Readonly<Record<ReplacementStep['kind'], string>>> = {
  'create-candidate': 'build the candidate',
  'prove-live': 'prove the renewed container',
  'carry-keys': 'carry the SSH host keys over',
};

async function told(
  { ports }: PromoteInput,
  step: ReplacementStep,
  work: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (step.kind === 'look' || step.kind === 'blocked') return work();
  const target = 'vmid' in step ? ` ${step.vmid}` : '';
  const what = `replace: ${WORDS[step.kind] ?? step.kind.replaceAll('-', ' ')}${target} (${step.reason})`;
  ports.reporter.tell({ kind: 'started', what });
  try {
    const warnings = await work();
    ports.reporter.tell({ kind: 'finished', what });
    return step.kind === 'archive' ? [] : warnings;
  } catch (error) {
    ports.reporter.tell({ kind: 'failed', what, message: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}
