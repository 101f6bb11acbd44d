import type { Parameters } from '../../model/plan.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type CreateBody, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { dispatch } from './dispatch.ts';
import { guardCreate, guardDescription } from './guard-parameters.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { operate } from './operation.ts';
import { identityFor } from './privileged-call.ts';
import { settleTask } from './settle-task.ts';

/** Makes a container. Never over an existing one: the POST is refused when the vmid is taken, by whatever kind of guest. */
export async function createContainer(
  session: Session,
  node: string,
  vmid: number,
  parameters: Parameters,
  call: Call,
): Promise<SettledTask> {
  guardCreate(vmid, parameters);
  if (parameters.description !== undefined) guardDescription(vmid, String(parameters.description));
  return await operate(`create container ${vmid} on ${node}`, call, async (signal) => {
    const identity = identityFor(parameters);
    const send = async (): Promise<SettledTask> => {
      const body = { ...parameters, vmid: vmidPart(vmid) } as unknown as CreateBody;
      const upid = await api(session, signal, identity).nodes.$(nodeName(node)).lxc.$post(body);
      return await settleTask(session, node, upid, signal);
    };
    return await dispatch(
      session,
      signal,
      send,
      async () => (await observe(session, node, vmid, signal)) === undefined,
    );
  });
}

/** Fetches a template of the node's own index, which has its checksum. */
export async function downloadTemplate(
  session: Session,
  node: string,
  storage: string,
  template: string,
  call: Call,
): Promise<SettledTask> {
  return await operate(`download template ${template} to ${storage} on ${node}`, call, async (signal) => {
    const parameters = { storage: storageName(storage), template };
    const upid = await api(session, signal).nodes.$(nodeName(node)).aplinfo.$post(parameters);
    return await settleTask(session, node, upid, signal);
  });
}
