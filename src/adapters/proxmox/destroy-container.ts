import * as z from 'zod';
import { GitopsError } from '../../model/errors.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { Failure, failureStatus, isAbsent } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { settleTask } from './settle-task.ts';
import { putConfig } from './update-container.ts';

const MEMBERS = z.array(z.object({ type: z.string(), quorate: z.coerce.number().optional() }));

/**
 * Removes a stopped container and every volume that it owns. Never forced, and without purge: what someone set up
 * around it (backup jobs, high availability) is not ours to remove. Absent already: nothing to do.
 *
 * A DELETE in a cluster without quorum destroys the volumes and then fails; so the quorum is looked at before, and
 * where it cannot be seen the config is written as it is, which needs one.
 */
export async function destroyContainer(session: Session, node: string, vmid: number, call: Call): Promise<SettledTask> {
  const what = `destroy container ${vmid} on ${node}`;
  return await operate(what, call, async (signal) => {
    const state = await observe(session, node, vmid, signal);
    if (state === undefined) return nothingToDo();
    if (state.running) {
      throw new GitopsError('remote', `Unable to ${what}: it is running`, { advice: ['Stop it first.'] });
    }
    if (!(await isQuorate(session, signal))) await proveWritable(session, state, signal);
    try {
      const upid = await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).$delete();
      return await settleTask(session, node, upid, signal);
    } catch (error) {
      if (isAbsent(error, vmid)) return nothingToDo();
      throw error;
    }
  });
}

/** false: the server does not say (a node of its own lists no cluster, row 76), or this identity may not ask. */
async function isQuorate(session: Session, signal: AbortSignal): Promise<boolean> {
  let members: z.infer<typeof MEMBERS>;
  try {
    members = readData(MEMBERS, await api(session, signal).cluster.status.$get());
  } catch (error) {
    if (failureStatus(error) === 403 || failureStatus(error) === 501) return false;
    throw error;
  }
  const cluster = members.find((member) => member.type === 'cluster');
  if (cluster === undefined) return false;
  if (cluster.quorate === 1) return true;
  throw new Failure({ kind: 'answered', status: 500, text: 'cluster not ready - no quorum', fields: {} });
}

/** Writes what is there already. Without quorum: `unable to open file '/etc/pve/…' - Permission denied` (row 1047). */
async function proveWritable(
  session: Session,
  { node, vmid, config, digest }: ContainerState,
  signal: AbortSignal,
): Promise<void> {
  const { description } = config;
  const set = description === undefined ? { onboot: config.onboot ?? 0 } : { description };
  await putConfig(session, node, vmid, { set, remove: [] }, digest, signal);
}
