import { GitopsError } from '../../model/errors.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type ResizeBody, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { dispatch } from './dispatch.ts';
import { failureText } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { assertWritable } from './quorum.ts';
import { settleTask } from './settle-task.ts';

/** `size` in GiB, absolute; the server refuses to shrink. The size it has already is no error here. */
export async function resizeDisk(
  session: Session,
  node: string,
  vmid: number,
  disk: string,
  size: number,
  digest: string,
  call: Call,
): Promise<SettledTask> {
  const what = `resize ${disk} of container ${vmid} on ${node}`;
  if (!/^(rootfs|mp\d+)$/.test(disk) || !(size > 0) || digest === '') {
    throw new GitopsError(
      'bug',
      `Unable to ${what}: ${size} GiB under digest ${JSON.stringify(digest)} makes no sense`,
    );
  }
  return await operate(what, call, async (signal) => {
    const state = await observe(session, node, vmid, signal);
    if (state?.digest === digest) await assertWritable(session, state, signal);
    const body = { disk, size: `${size}G`, digest } as ResizeBody;
    const send = async (): Promise<SettledTask> => {
      const upid = await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).resize.$put(body);
      return await settleTask(session, node, upid, signal);
    };
    const unchanged = async (): Promise<boolean> => (await observe(session, node, vmid, signal))?.digest === digest;
    try {
      return await dispatch(session, signal, send, unchanged);
    } catch (error) {
      if (failureText(error)?.includes('disk is already at specified size')) return nothingToDo();
      throw error;
    }
  });
}
