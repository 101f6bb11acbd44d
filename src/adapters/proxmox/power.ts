import * as z from 'zod';
import type { Call, SettledTask } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { dispatch } from './dispatch.ts';
import { failureStatus, failureText } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { nothingToDo } from './nothing-to-do.ts';
import { operate } from './operation.ts';
import { settleTask } from './settle-task.ts';
import { parseUpid } from './upid.ts';

type Power = 'running' | 'stopped';

const CURRENT = z.object({ status: z.string() });
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

export async function startContainer(session: Session, node: string, vmid: number, call: Call): Promise<SettledTask> {
  return await operate(`start container ${vmid} on ${node}`, call, async (signal) => {
    const send = () => lxc(session, node, vmid, signal).status.start.$post();
    return await change(session, node, vmid, 'running', false, send, signal);
  });
}

/** Clean, forced after so many seconds. The task may end a moment before the container does (facts, 7). */
export async function shutdownContainer(
  session: Session,
  node: string,
  vmid: number,
  graceSeconds: number,
  call: Call,
): Promise<SettledTask> {
  return await operate(`shut down container ${vmid} on ${node}`, call, async (signal) => {
    const body = { timeout: Math.ceil(graceSeconds), forceStop: true };
    const send = () => lxc(session, node, vmid, signal).status.shutdown.$post(body);
    return await change(session, node, vmid, 'stopped', true, send, signal);
  });
}

/** Applies what is pending. The task ends when the container is down; this waits until it runs again. */
export async function rebootContainer(
  session: Session,
  node: string,
  vmid: number,
  graceSeconds: number,
  call: Call,
): Promise<SettledTask> {
  return await operate(`reboot container ${vmid} on ${node}`, call, async (signal) => {
    const send = async (): Promise<SettledTask> => {
      const body = { timeout: Math.ceil(graceSeconds) };
      const upid = await lxc(session, node, vmid, signal).status.reboot.$post(body);
      return await settleTask(session, node, upid, signal);
    };
    const still = async (): Promise<boolean> => (await powerOf(session, node, vmid, signal)) === 'running';
    const task = await dispatch(session, signal, send, still);
    await reach(session, node, vmid, 'running', signal);
    return task;
  });
}

async function change(
  session: Session,
  node: string,
  vmid: number,
  wanted: Power,
  confirm: boolean,
  post: () => Promise<string>,
  signal: AbortSignal,
): Promise<SettledTask> {
  const send = async (): Promise<SettledTask> => {
    const upid = await post();
    const task = await settleTask(session, node, upid, signal);
    // Under high availability the task only asks for the state (hastart, hastop).
    if (confirm || parseUpid(upid)?.type.startsWith('ha')) await reach(session, node, vmid, wanted, signal);
    return task;
  };
  const due = async (): Promise<boolean> => (await powerOf(session, node, vmid, signal)) !== wanted;
  try {
    return await dispatch(session, signal, send, due);
  } catch (error) {
    const already = wanted === 'running' ? `CT ${vmid} already running` : `CT ${vmid} not running`;
    if (failureStatus(error) === 500 && failureText(error) === already) return nothingToDo();
    throw error;
  }
}

/** Under the operation's deadline. */
async function reach(session: Session, node: string, vmid: number, wanted: Power, signal: AbortSignal): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  while ((await powerOf(session, node, vmid, signal)) !== wanted) {
    await session.clock.sleep(pause, signal);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
  }
}

export async function powerOf(session: Session, node: string, vmid: number, signal: AbortSignal): Promise<string> {
  return readData(CURRENT, await lxc(session, node, vmid, signal).status.current.$get()).status;
}

function lxc(session: Session, node: string, vmid: number, signal: AbortSignal) {
  return api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
}
