import { pruneWayPoints } from './apply/back/prune.ts';
import { restoreWayPoint } from './apply/back/restore.ts';
import { historyBefore, rewriteMark, settleAttempt } from './apply/back/settle.ts';
import type { ConvergeInput, Observation } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import { hold, release } from './apply/hold.ts';
import { type Again, convergeAgain } from './converge-again.ts';
import { GitopsError } from './model/errors.ts';
import type { Attempt, PastState } from './model/mark.ts';
import type { Outcome } from './model/outcome.ts';
import type { Ports } from './model/ports.ts';
import { RETAINED } from './plan/way-back.ts';
import { ContainerRun, type RunOptions } from './run.ts';

type Present = Extract<Observation, { kind: 'present' }>;
type Failed = Extract<Outcome, { kind: 'failed' }>;

/** Exit codes of the design: failed and rolled back. */
const ROLLED_BACK = 7;

/** A proven change: what it came from can be gone back to from now on. Nothing to do without an attempt. */
export async function settle(ports: Ports, run: ContainerRun, seen: Observation): Promise<void> {
  if (seen.kind === 'absent' || seen.mark.attempt === undefined) return;
  await held(ports, run, async (input, holding) => {
    await settleAttempt({ ...input, ports }, holding, RETAINED);
  });
}

/**
 * After a change that failed: the container serves again what was good before it. Exit code 7 when that was seen to
 * work, else the failure stays what it was, and says why there was no way back.
 */
export async function goBack(ports: Ports, options: RunOptions, failed: Failed, again: Again): Promise<Outcome> {
  if (options.signal.aborted) return failed;
  const run = new ContainerRun(ports, { ...options, desired: { ...options.desired, health: [] }, scope: 'resources' });
  try {
    await run.input();
    const seen = await run.observe();
    if (seen.kind === 'absent' || seen.mark.attempt === undefined) return failed;
    const { attempt } = seen.mark;
    if (attempt.way.kind === 'none') return failed;
    ports.reporter.tell({ kind: 'stage', title: 'way back' });
    const what = await takeBack(ports, run, options, attempt, again);
    await held(ports, run, async (input, holding) => {
      await rewriteMark(input, ({ attempt: _, ...mark }) => ({
        ...mark,
        ...(attempt.trying === undefined ? {} : { bad: attempt.trying }),
      }));
      if (attempt.way.kind !== 'snapshot') return;
      await ports.snapshots.drop(
        holding.state.node,
        holding.state.vmid,
        attempt.way.name,
        call(DEADLINES.power, options.signal),
      );
    });
    return { ...failed, serving: `container ${seen.state.vmid} serves ${what} again`, exitCode: ROLLED_BACK };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ports.reporter.tell({ kind: 'warning', text: `the way back failed too: ${message}` });
    await startAgain(ports, run, options.signal).catch(() => undefined);
    return { ...failed, serving: `${failed.serving}; the way back failed too: ${message}` };
  } finally {
    await run.close();
  }
}

/** What can still serve shall: a way back that stopped the container and went no further leaves it running. */
async function startAgain(ports: Ports, run: ContainerRun, signal: AbortSignal): Promise<void> {
  const { state } = present(await run.observe());
  if (!state.running) await ports.containers.start(state.node, state.vmid, call(DEADLINES.power, signal));
}

const named = ({ commit, at }: PastState): string =>
  commit === undefined ? `its state of ${at}` : `commit ${commit.slice(0, 12)}`;

/** Brings a past state about and verifies that it runs. The answer names it. */
async function takeBack(
  ports: Ports,
  run: ContainerRun,
  options: RunOptions,
  past: PastState & Pick<Attempt, 'before'>,
  again: Again,
): Promise<string> {
  const { way, before } = past;
  if (way.kind === 'none') throw new GitopsError('user', 'Unable to go back: that state was not kept');
  if (way.kind === 'converge') {
    if (before !== undefined) await putValuesBack(ports, run, before, options.signal);
    await convergeAgain(ports, options, past, present(await run.observe()), again);
    return named(past);
  }
  await held(ports, run, async (input, holding) => {
    const observe = async (): Promise<Present> => present(await input.observe());
    ports.reporter.tell({ kind: 'note', text: `going back to ${named(past)}` });
    await restoreWayPoint(ports, holding, way, observe, options.signal);
    const { state } = await observe();
    if (!state.running) await ports.containers.start(state.node, state.vmid, call(DEADLINES.power, options.signal));
    const failing = (await run.guest.verifyUnlessDone(await observe())).filter((check) => !check.ok);
    if (failing.length > 0) {
      const reason = failing.map((check) => `${check.check}: ${check.detail}`).join('; ');
      throw new GitopsError('remote', `Unable to verify container ${state.vmid} after the way back: ${reason}`);
    }
  });
  return named(past);
}

/** What the failed deploy has changed is as it was; whatever waits for a restart gets one. */
async function putValuesBack(
  ports: Ports,
  run: ContainerRun,
  before: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  await held(ports, run, async (input, { state }) => {
    const { node, vmid, config, digest } = state;
    const due = Object.entries(before).filter(([key, value]) => (config[key] ?? '') !== value || key in state.pending);
    const set = Object.fromEntries(due.filter(([, value]) => value !== ''));
    const remove = due.flatMap(([key, value]) => (value === '' && config[key] !== undefined ? [key] : []));
    if (Object.keys(set).length + remove.length > 0) {
      ports.reporter.tell({ kind: 'note', text: `${[...Object.keys(set), ...remove].join(', ')} as before` });
      await ports.containers.update(node, vmid, { set, remove }, digest, call(DEADLINES.write, signal));
    }
    const now = present(await input.observe()).state;
    const deadline = call(DEADLINES.power, signal);
    if (!now.running) await ports.containers.start(node, vmid, deadline);
    else if (Object.keys(before).some((key) => key in now.pending))
      await ports.containers.reboot(node, vmid, DEADLINES.graceSeconds, deadline);
  });
}

export interface RollbackWish {
  /** Full hash, or the beginning of a kept one's; undefined: the state before the present one. */
  readonly to?: string;
  /** Volumes go back too, and what was written since is lost. */
  readonly withData: boolean;
}

/** Takes a container back to a state that was good, on purpose. */
export async function rollback(ports: Ports, options: RunOptions, wish: RollbackWish, again: Again): Promise<Outcome> {
  const began = ports.clock.now().getTime();
  const run = new ContainerRun(ports, { ...options, desired: { ...options.desired, health: [] }, scope: 'resources' });
  try {
    await run.input();
    const seen = present(await run.observe());
    const { vmid, config } = seen.state;
    const past = chosen(seen, wish);
    const volumes = Object.entries(config).filter(([key, value]) => /^mp\d+$/.test(key) && !value.startsWith('/'));
    if (volumes.length > 0 && past.way.kind !== 'converge' && !wish.withData) {
      const minutes = Math.max(1, Math.round((ports.clock.now().getTime() - Date.parse(past.at)) / 60_000));
      throw new GitopsError('user', `Unable to roll container ${vmid} back: its volumes would go back too`, {
        advice: [
          `--with-data does it, and loses what was written to ${volumes.map(([key]) => key).join(', ')} in the last ${minutes} minutes`,
        ],
      });
    }
    await takeBack(ports, run, options, past, again);
    await held(ports, run, async (held_, holding) => {
      const { history = [] } = holding.mark;
      const rest = historyBefore(history, past);
      const written = await rewriteMark(held_, ({ attempt: _, history: __, ...mark }) => ({
        ...mark,
        ...(past.commit === undefined ? {} : { commit: past.commit, good: { commit: past.commit, at: past.at } }),
        ...badOf(seen.mark.attempt?.trying ?? seen.mark.commit, past.commit),
        ...(options.links === undefined ? {} : { links: options.links }),
        ...(rest.length === 0 ? {} : { history: rest }),
      }));
      await pruneWayPoints(ports, written, rest, options.signal);
    });
    const observation = await run.observe();
    const from = seen.mark.attempt?.trying ?? seen.mark.commit;
    return {
      kind: 'done',
      ...(past.commit === undefined ? {} : { back: { ...(from === undefined ? {} : { from }), to: past.commit } }),
      plan: run.decide(observation, new Set()),
      results: [],
      checks: run.guest.checks,
      urls: [],
      milliseconds: ports.clock.now().getTime() - began,
    };
  } finally {
    await run.close();
  }
}

function badOf(was: string | undefined, now: string | undefined): { readonly bad?: string } {
  return was === undefined || was === now ? {} : { bad: was };
}

function chosen({ state, mark }: Present, { to }: RollbackWish): PastState {
  const { history = [], attempt } = mark;
  const all = attempt === undefined ? history : [attempt, ...history];
  const found = to === undefined ? all[0] : all.find(({ commit }) => commit?.startsWith(to) === true);
  if (found !== undefined) return found;
  if (to !== undefined) return { commit: to, at: new Date(0).toISOString(), way: { kind: 'converge' } };
  throw new GitopsError(
    'user',
    `Unable to roll container ${state.vmid} back: nothing before the present state is kept`,
    {
      advice: ['a commit can be named all the same: pve-gitops rollback DIR --to COMMIT configures it again'],
    },
  );
}

function present(seen: Observation): Present {
  if (seen.kind === 'present') return seen;
  throw new GitopsError('user', `Unable to go back: there is no container ${seen.vmid}`);
}

/** Does something under this run's lease. */
export async function held(
  ports: Ports,
  run: ContainerRun,
  work: (input: ConvergeInput, holding: Present) => Promise<void>,
): Promise<void> {
  const input = await run.input();
  const holding = present(await hold(input, await input.observe()));
  try {
    await work({ ...input, ports: { ...input.ports, ...ports } }, holding);
  } finally {
    await release(input, await input.observe());
  }
}
