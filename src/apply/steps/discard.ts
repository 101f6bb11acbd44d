import { GitopsError } from '../../model/errors.ts';
import type { DiscardStep } from '../../model/plan.ts';
import { volumeOf } from '../../model/property-string.ts';
import type { ConvergeInput, Done, Taken } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';

/**
 * Destroys a volume for good: takes its unusedN out of the config, under the digest of the config that says which volume
 * that is. Never a mount point, and never a volume that one still names.
 */
export async function discard(
  input: ConvergeInput,
  step: DiscardStep,
  { state }: Holding,
  taken: Set<Taken>,
): Promise<Done> {
  const { volid, volume } = step;
  const holders = Object.entries(state.config).filter(([, value]) => volumeOf(value) === volid);
  const unused = holders.find(([key]) => /^unused\d+$/.test(key));
  const mounted = holders.find(([key]) => /^(mp\d+|rootfs)$/.test(key));
  if (unused === undefined || mounted !== undefined) {
    const where = mounted === undefined ? 'it is nowhere in the config' : `${mounted[0]} still names it`;
    throw new GitopsError('remote', `Unable to destroy volume ${volume} of container ${state.vmid}: ${where}`);
  }
  const write = call(DEADLINES.power, input.signal);
  const change = { set: {}, remove: [unused[0]] };
  await input.ports.containers.update(state.node, state.vmid, change, state.digest, write);
  taken.add(`destroyed ${volid}`);
  return { summary: `volume ${volume} destroyed (${volid})`, warnings: [], changes: step.changes };
}
