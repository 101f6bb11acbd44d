import * as z from 'zod';
import type { ContainerState } from '../../model/observed.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { Failure, failureStatus } from './failure.ts';
import { putConfig } from './update-container.ts';

const MEMBERS = z.array(z.object({ type: z.string(), quorate: z.coerce.number().optional() }));

/**
 * Throws when the cluster has no quorum. Destroy, resize and the giving away of a volume first change the volume and then
 * write the config: without quorum they would leave a config that is not true any more. Where the quorum cannot be seen,
 * the config is written as it is, which needs one; its digest stays the same.
 */
export async function assertWritable(session: Session, state: ContainerState, signal: AbortSignal): Promise<void> {
  if (!(await isQuorate(session, signal))) await proveWritable(session, state, signal);
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
  const { description, hostname, onboot = '0' } = config;
  const set = description !== undefined ? { description } : hostname !== undefined ? { hostname } : { onboot };
  await putConfig(session, node, vmid, { set, remove: [] }, digest, signal);
}
