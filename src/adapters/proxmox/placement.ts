import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { observe } from './container-state.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3000;

export interface Destination {
  readonly node: string;
  readonly graceSeconds: number;
  readonly storage?: string;
}

/**
 * To another node. Containers have no live migration: one that runs is stopped, moved and started. Under high
 * availability the task only asks for it, so the arrival is waited for under the call's deadline.
 */
export async function migrateContainer(
  session: Session,
  node: string,
  vmid: number,
  { node: target, graceSeconds, storage }: Destination,
  call: Call,
): Promise<SettledTask> {
  return await operate(`migrate container ${vmid} from ${node} to ${target}`, call, async (signal) => {
    const state = await observe(session, node, vmid, signal);
    const arrived = async () => {
      const there = await observe(session, target, vmid, signal);
      // One that did not come up there, or that somebody else has locked there, has arrived all the same: whoever looks again
      // starts it, or says who is at work.
      return there !== undefined && there.lock !== 'migrate';
    };
    if (state === undefined && (await arrived())) return nothingToDo();
    const body = {
      target: nodeName(target),
      ...(state?.running === true ? { restart: true, timeout: Math.max(1, Math.ceil(graceSeconds)) } : {}),
      ...(storage === undefined ? {} : { 'target-storage': storageName(storage) }),
    };
    const lxc = api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
    const send = () => lxc.migrate.$post(body);
    const task = { type: 'vzmigrate', id: String(vmid) };
    const settled = await carryOut(session, { node, task, send, done: arrived }, signal);
    for (let pause = FIRST_PAUSE_MS; !(await arrived()); pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
      await session.clock.sleep(pause, signal);
    }
    return settled;
  });
}
