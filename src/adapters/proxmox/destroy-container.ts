import { GitopsError } from '../../model/errors.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { isAbsent } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { assertWritable } from './quorum.ts';
import { settleTask } from './settle-task.ts';

/**
 * Removes a stopped container and every volume that it owns. Never forced, and without purge: what someone set up
 * around it (backup jobs, high availability) is not ours to remove. Absent already: nothing to do.
 */
export async function destroyContainer(session: Session, node: string, vmid: number, call: Call): Promise<SettledTask> {
  const what = `destroy container ${vmid} on ${node}`;
  return await operate(what, call, async (signal) => {
    const state = await observe(session, node, vmid, signal);
    if (state === undefined) return nothingToDo();
    if (state.running) {
      throw new GitopsError('remote', `Unable to ${what}: it is running`, { advice: ['Stop it first.'] });
    }
    await assertWritable(session, state, signal);
    try {
      const upid = await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).$delete();
      return await settleTask(session, node, upid, signal);
    } catch (error) {
      if (isAbsent(error, vmid)) return nothingToDo();
      throw error;
    }
  });
}
