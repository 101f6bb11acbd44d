import { GitopsError } from '../../model/errors.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Call } from '../../model/ports.ts';
import { parseProperties } from '../../model/property-string.ts';
import { api, type ConfigBody, type Session } from './api.ts';
import { observe } from './container-state.ts';
import { dispatch } from './dispatch.ts';
import { Failure, isStale } from './failure.ts';
import { guardDescription, guardUpdate } from './guard-parameters.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';
import { identityFor } from './privileged-call.ts';
import { putBack } from './put-back.ts';

export interface ConfigChange {
  readonly set: Parameters;
  readonly remove: readonly string[];
  /** Reserved to root@pam by what is there already: taking a device or a feature away. */
  readonly reserved?: true;
}

/**
 * Changes a container's config under its digest. A change of an interface is looked at before and after: the server
 * stores a value that it could not bring about (a bridge that does not exist), so that is put back.
 *
 * Throws kind busy for a stale digest or a lock, bug for what must never be sent.
 */
export async function updateContainer(
  session: Session,
  node: string,
  vmid: number,
  change: ConfigChange,
  digest: string,
  call: Call,
): Promise<void> {
  guardUpdate(vmid, change.set, change.remove, digest);
  if (change.set.description !== undefined) guardDescription(vmid, String(change.set.description));
  await operate(`change container ${vmid} on ${node}`, call, async (signal) => {
    const touchesNetwork = Object.keys(change.set).some(isInterface);
    if (!touchesNetwork) return await putConfig(session, node, vmid, change, digest, signal);
    const before = await observe(session, node, vmid, signal);
    if (before === undefined || before.digest !== digest) throw stale(before);
    requireHardwareAddresses(before, change.set);
    try {
      await putConfig(session, node, vmid, change, digest, signal);
    } catch (error) {
      throw await putBack(session, before, Object.keys(change.set).filter(isInterface), error, signal);
    }
  });
}

/** One PUT; again only when the server had not begun and the config still is the one that the digest stands for. */
export async function putConfig(
  session: Session,
  node: string,
  vmid: number,
  { set, remove, reserved }: ConfigChange,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const body = { ...set, ...(remove.length === 0 ? {} : { delete: remove.join(',') }), digest } as ConfigBody;
  const identity = reserved === true ? 'root' : identityFor(set);
  const config = api(session, signal, identity).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).config;
  const unchanged = async (): Promise<boolean> => (await observe(session, node, vmid, signal))?.digest === digest;
  await dispatch(session, signal, () => config.$put(body), unchanged);
}

/** Compare-and-set on the description; false when the digest was stale. */
export async function writeDescription(
  session: Session,
  node: string,
  vmid: number,
  description: string,
  digest: string,
  call: Call,
): Promise<boolean> {
  guardUpdate(vmid, { description }, [], digest);
  guardDescription(vmid, description);
  return await operate(`write the owner mark of container ${vmid} on ${node}`, call, async (signal) => {
    try {
      await putConfig(session, node, vmid, { set: { description }, remove: [] }, digest, signal);
      return true;
    } catch (error) {
      if (isStale(error)) return false;
      throw error;
    }
  });
}

function isInterface(key: string): boolean {
  return /^net\d+$/.test(key);
}

/** Without its hwaddr an interface gets a new MAC address, and is unreachable until caches have forgotten the old one. */
function requireHardwareAddresses(before: ContainerState, set: Parameters): void {
  for (const [key, value] of Object.entries(set)) {
    const known = before.config[key] ?? before.pending[key] ?? undefined;
    if (!isInterface(key) || known === undefined || parseProperties(String(value)).has('hwaddr')) continue;
    throw new GitopsError('bug', `Unable to change container ${before.vmid}: ${key} must carry its hwaddr`);
  }
}

/** In the server's own words, so that it reads the same whoever notices. */
function stale(before: ContainerState | undefined): Failure {
  const text = before === undefined ? 'the container does not exist any more' : 'detected modified configuration';
  return new Failure({ kind: 'answered', status: 500, text, fields: {} });
}
