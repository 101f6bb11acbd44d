import type { RestoreWish } from '../../model/container-ports.ts';
import { GitopsError } from '../../model/errors.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, SettledTask } from '../../model/ports.ts';
import { volumeOf } from '../../model/property-string.ts';
import { api, type CreateBody, type Session } from './api.ts';
import { carryOut } from './carry-out.ts';
import { observe } from './container-state.ts';
import { guardRestore } from './guard-restore.ts';
import { nodeName, storageName, vmidPart } from './names.ts';
import { operate } from './operation.ts';
import { identityFor } from './privileged-call.ts';
import { snapshotConfig, snapshotsOf } from './snapshots.ts';
import { stale } from './stale.ts';
import { isHostPath } from './volid.ts';

/**
 * Makes a container out of an archive. Over one that is there, only a stopped one, and only when every volume that
 * would go with it is listed: the call has no digest, so what it stands on is looked at right before it.
 */
export async function restoreBackup(session: Session, wish: RestoreWish, call: Call): Promise<SettledTask> {
  const { node, vmid, archive, storage, parameters, over } = wish;
  const what = `restore container ${vmid} on ${node} from ${archive}`;
  guardRestore(what, vmid, archive, parameters);
  return await operate(what, call, async (signal) => {
    if (over !== undefined) await assertReplaceable(session, what, wish, over, signal);
    const body = {
      ...parameters,
      vmid: vmidPart(vmid),
      ostemplate: archive,
      restore: true,
      storage: storageName(storage),
      ...(over === undefined ? {} : { force: true }),
    } as unknown as CreateBody;
    const lxc = api(session, signal, identityFor(parameters)).nodes.$(nodeName(node)).lxc;
    const task = { type: 'vzrestore', id: String(vmid) };
    return await carryOut(session, { node, task, send: () => lxc.$post(body) }, signal);
  });
}

async function assertReplaceable(
  session: Session,
  what: string,
  { node, vmid }: RestoreWish,
  over: NonNullable<RestoreWish['over']>,
  signal: AbortSignal,
): Promise<void> {
  const state = await observe(session, node, vmid, signal);
  if (state === undefined) throw stale(`container ${vmid} does not exist any more`);
  if (state.digest !== over.digest) throw stale(`Container ${vmid}: detected modified configuration`);
  if (state.running) {
    throw new GitopsError('remote', `Unable to ${what}: it is running`, { advice: ['Stop it first.'] });
  }
  const lost = (await volumesOf(session, state, signal)).filter((volid) => !over.losing.includes(volid));
  if (lost.length === 0) return;
  throw new GitopsError('bug', `Unable to ${what}: it would destroy ${lost.join(', ')}`, {
    advice: ['Give its volumes to another container first.'],
  });
}

/** Every volume beside the root file system that the container or one of its snapshots names. */
async function volumesOf(session: Session, state: ContainerState, signal: AbortSignal): Promise<readonly string[]> {
  const { vmid, node, config } = state;
  const root = volumeOf(config.rootfs ?? '');
  const configs = [config];
  for (const { name } of await snapshotsOf(session, node, vmid, signal)) {
    configs.push(await snapshotConfig(session, node, vmid, name, signal));
  }
  const named = configs.flatMap((values) =>
    Object.entries(values).flatMap(([key, value]) => (/^(mp|unused)\d+$/.test(key) ? [volumeOf(value)] : [])),
  );
  return [...new Set(named)].filter((volume) => volume !== root && !isHostPath(volume));
}
