import { GitopsError } from '../../model/errors.ts';
import type { Mark } from '../../model/mark.ts';
import type { PowerStep } from '../../model/plan.ts';
import { removeExpired } from '../back/replace-backups.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { remember } from '../hold.ts';
import type { Holding } from '../lease.ts';

const PAST = { start: 'started', restart: 'restarted', stop: 'stopped', destroy: 'destroyed' } as const;

export async function power(input: ConvergeInput, step: PowerStep, { state, mark }: Holding): Promise<Done> {
  const { containers } = input.ports;
  const { node, vmid } = state;
  const grace = DEADLINES.graceSeconds;
  const deadline = call(DEADLINES.power, input.signal);
  const left = step.kind === 'destroy' ? await backupsLeft(input, node, mark) : [];
  if (step.kind === 'destroy') await announce(input, vmid);
  const act = () => {
    switch (step.kind) {
      case 'start':
        return containers.start(node, vmid, deadline);
      case 'restart':
        return containers.reboot(node, vmid, grace, deadline);
      case 'stop':
        return containers.shutdown(node, vmid, grace, deadline);
      case 'destroy':
        return containers.destroy(node, vmid, deadline);
      default:
        return step.kind satisfies never;
    }
  };
  const task = await act();
  return { summary: `container ${vmid} ${PAST[step.kind]}`, warnings: [...task.warnings, ...left] };
}

/** With the container goes the mark that says until when they stay. */
async function backupsLeft({ ports, signal }: ConvergeInput, node: string, mark: Mark): Promise<readonly string[]> {
  if (mark.backupsUntil === undefined) return [];
  const found = await removeExpired({ ports, node, signal }, mark).catch((error: unknown) => {
    if (signal.aborted) throw error;
  });
  const names = found === undefined ? ['not known by name'] : found.left;
  return names.map((name) => `the backup of what was before a replace stays, until you remove it: ${name}`);
}

/**
 * The last look before what cannot be taken back: the mark says by compare-and-set that the container goes, and the
 * plan is made once more from what is there then.
 */
async function announce(input: ConvergeInput, vmid: number): Promise<void> {
  await remember(input, { phase: 'destroying' });
  const [first] = input.decide(await input.observe(), new Set()).steps;
  if (first?.kind === 'destroy') return;
  throw new GitopsError('busy', `Unable to destroy container ${vmid}: it was changed at the same moment`, {
    advice: ['nothing was destroyed; look at the plan and run it again'],
  });
}
