import type { Parameters } from '../../model/plan.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { api, type CreateBody, type Session } from './api.ts';
import { dispatch } from './dispatch.ts';
import { failureStatus, failureText } from './failure.ts';
import { guardCreate, guardDescription } from './guard-parameters.ts';
import { isFree } from './guests.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { operate } from './operation.ts';
import { identityFor } from './privileged-call.ts';
import { settleTask } from './settle-task.ts';

/**
 * Makes a container. Never over an existing one: the POST is refused when the vmid is taken, by whatever kind of guest.
 * Tags stay away where only the pool gives the right to set them; they can be set once the container is in it.
 */
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
    const send = async (sent: Parameters): Promise<SettledTask> => {
      const body = { ...sent, vmid: vmidPart(vmid) } as unknown as CreateBody;
      const upid = await api(session, signal, identity).nodes.$(nodeName(node)).lxc.$post(body);
      return await settleTask(session, node, upid, signal);
    };
    const stillDue = () => isFree(session, vmid, signal);
    try {
      return await dispatch(session, signal, () => send(parameters), stillDue);
    } catch (error) {
      const { tags, ...untagged } = parameters;
      if (tags === undefined || parameters.pool === undefined || !asksTheContainer(error, vmid)) throw error;
      return await dispatch(session, signal, () => send(untagged), stillDue);
    }
  });
}

/**
 * The refusal of tags by PVE::GuestHelpers::assert_tag_permissions, which alone of all checks of a create looks at the
 * container that is not there yet and not at its pool. It comes before any work.
 */
function asksTheContainer(error: unknown, vmid: number): boolean {
  const refused = failureStatus(error) === 403 && failureText(error)?.includes(`(/vms/${vmid}, VM.Config.Options)`);
  return refused === true;
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
