import { GitopsError } from '../../model/errors.ts';
import type { Mark } from '../../model/mark.ts';
import type { Parameters } from '../../model/plan.ts';
import type { LiveRecord, Promotion } from '../../model/promotion.ts';
import type { ReplacementAction, ReplacementFacts, Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { newLease, whileRenewing } from '../lease.ts';
import type { PromoteInput } from './context.ts';
import { describe, renewBoth } from './notes.ts';

type Restore = Extract<ReplacementAction, { kind: 'restore' }>;

/**
 * The archive becomes the live container. Pool, permissions, firewall and high availability stay with the vmid; MAC
 * addresses and the owner mark go along in the call. No volume is in its config: the adapter looks once more.
 */
export async function restore(input: PromoteInput, step: Restore, facts: ReplacementFacts): Promise<void> {
  const { ports, node, vmids, signal } = input;
  const { live, candidate } = facts;
  const record = candidate?.mark.promotion?.record;
  if (candidate === undefined || record === undefined) throw new GitopsError('bug', 'a restore without a record');
  const mark = step.what === 'candidate' ? renewedMark(input, candidate, record) : formerMark(input, candidate, record);
  const text = (live ?? candidate).text;
  const parameters: Parameters = {
    ...(step.what === 'candidate' ? input.restoreParameters() : formerParameters(record)),
    ...record.nets,
    description: describe(vmids.live, text, mark),
    protection: 0,
  };
  const wish = {
    node,
    vmid: vmids.live,
    archive: step.archive,
    storage: String(parameters.rootfs).split(':')[0] ?? '',
    parameters,
    ...(live === undefined ? {} : { over: { digest: live.state.digest, losing: [] } }),
  };
  await whileRenewing(
    ports,
    () => renewBoth(input),
    signal,
    () => ports.backups.restore(wish, call(DEADLINES.create, signal)),
  );
}

/** Only the root file system: an archive's config may name volumes that are elsewhere now. */
function formerParameters({ root, unprivileged, features }: LiveRecord): Parameters {
  return { rootfs: root, unprivileged: unprivileged ? 1 : 0, ...(features === undefined ? {} : { features }) };
}

function shared(input: PromoteInput, { mark }: Seen): Promotion {
  const { id = '', goal = '' } = mark.promotion ?? {};
  return { id, goal, other: input.vmids.candidate };
}

/** What was configured beside it is configured once more, with its volumes and its address. */
function renewedMark(input: PromoteInput, candidate: Seen, record: LiveRecord): Mark {
  const { mark } = candidate;
  const { commit: _, ...old } = record.mark;
  const { baseline } = mark.applied;
  return {
    ...old,
    ...input.newMark(input.vmids.live, mark.template ?? ''),
    ...(mark.commit === undefined ? {} : { commit: mark.commit }),
    applied: baseline === undefined ? {} : { baseline },
    hostKeys: mark.promotion?.keys === 'carried' ? record.mark.hostKeys : mark.hostKeys,
    promotion: { ...shared(input, candidate), renewed: true },
    lease: newLease(input.ports),
  };
}

function formerMark(input: PromoteInput, candidate: Seen, record: LiveRecord): Mark {
  const { commit: _c, template: _t, ...identity } = input.newMark(input.vmids.live, '');
  return { ...identity, ...record.mark, promotion: shared(input, candidate), lease: newLease(input.ports) };
}
