import { pruneWayPoints } from './apply/back/prune.ts';
import { rewriteMark } from './apply/back/settle.ts';
import { type ChosenWay, takeWayBack } from './apply/back/take.ts';
import { gatherBackFacts } from './apply/facts.ts';
import type { Holding } from './apply/lease.ts';
import { GitopsError } from './model/errors.ts';
import type { PastState } from './model/mark.ts';
import type { Outcome, StepResult } from './model/outcome.ts';
import type { Ports } from './model/ports.ts';
import { ContainerRun, type RunOptions } from './run.ts';
import { held } from './way-back.ts';

/**
 * Keeps the present state because somebody asks for it: a snapshot with its volumes, else a backup. It stays until the next
 * one that is asked for, whatever deploys come between; going back to it takes volumes along only when that is said.
 */
export async function keepState(ports: Ports, options: RunOptions): Promise<Outcome> {
  const began = ports.clock.now().getTime();
  const desired = { ...options.desired, health: [] };
  const run = new ContainerRun(ports, { ...options, desired, scope: 'resources', back: true });
  try {
    await run.input();
    const seen = await run.observe();
    if (seen.kind === 'absent') {
      throw new GitopsError('user', `Unable to take a snapshot of container ${seen.vmid}: it is not deployed`);
    }
    const chosen = await wayFor(ports, seen, options.signal);
    let result: StepResult | undefined;
    await held(ports, run, async (input, holding) => {
      const { attempt, summary } = await takeWayBack(ports, holding, chosen, undefined, options.signal);
      const { history = [] } = holding.mark;
      const kept: PastState = { ...attempt, byHand: true };
      const states = [kept, ...history.filter((state) => state.byHand !== true)];
      const written = await rewriteMark(input, (mark) => ({ ...mark, history: states }));
      const { attempt: open } = written.mark;
      await pruneWayPoints(ports, written, open === undefined ? states : [open, ...states], options.signal);
      const milliseconds = ports.clock.now().getTime() - began;
      result = { kind: 'keep', summary: `kept: ${summary}`, changes: [], changed: [], warnings: [], milliseconds };
    });
    const observation = await run.observe();
    return {
      kind: 'done',
      plan: run.decide(observation, new Set()),
      results: result === undefined ? [] : [result],
      checks: [],
      urls: [],
      milliseconds: ports.clock.now().getTime() - began,
    };
  } finally {
    await run.close();
  }
}

async function wayFor(ports: Ports, holding: Holding, signal: AbortSignal): Promise<ChosenWay> {
  const { state } = holding;
  const facts = await gatherBackFacts(ports, holding, 'auto', signal);
  if (facts.snapshotPossible) return { kind: 'snapshot' };
  const mounts = Object.keys(state.config).filter((key) => /^(?:mp|dev)\d+$/.test(key));
  const fail = (reason: string, advice: string): never => {
    throw new GitopsError('user', `Unable to take a snapshot of container ${state.vmid}: ${reason}`, {
      advice: [advice],
    });
  };
  if (mounts.length > 0) {
    return fail(`${mounts.join(', ')} cannot be in one`, 'back it up with vzdump: a restore of these needs root@pam');
  }
  const storage = facts.backupStorage;
  if (storage === undefined) return fail('its storage cannot take any', 'a storage that takes backups would do');
  ports.reporter.tell({ kind: 'note', text: `its storage takes no snapshots: a backup on ${storage} instead` });
  return { kind: 'backup', storage };
}
