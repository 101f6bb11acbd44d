import * as z from 'zod';
import type { ContainerState, Guest } from '../../model/observed.ts';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { isAbsent } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';

const PENDING = z.array(
  z.object({
    key: z.string(),
    value: z.unknown().optional(),
    pending: z.unknown().optional(),
    delete: z.unknown().optional(),
  }),
);
const CURRENT = z.object({
  status: z.string(),
  lock: z.string().optional(),
  disk: z.coerce.number().optional().catch(undefined),
});

/** undefined only when the server says that the container does not exist on this node; 403 throws. */
export async function readContainer(
  session: Session,
  node: string,
  vmid: number,
  call: Call,
  listed?: Pick<Guest, 'status'>,
): Promise<ContainerState | undefined> {
  return await operate(`read container ${vmid} on ${node}`, call, (signal) =>
    observe(session, node, vmid, signal, listed),
  );
}

/** `/pending` has values, pending values and the digest in one answer; `status/current` knows the lock. */
export async function observe(
  session: Session,
  node: string,
  vmid: number,
  signal: AbortSignal,
  listed?: Pick<Guest, 'status'>,
): Promise<ContainerState | undefined> {
  const lxc = api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
  try {
    const [pending, current] = await Promise.all([
      lxc.pending.$get(),
      listed?.status === 'running' ? undefined : lxc.status.current.$get(),
    ]);
    const { status, lock, disk } =
      current === undefined
        ? { status: 'running', lock: lockOf(pending), disk: undefined }
        : readData(CURRENT, current);
    return {
      vmid,
      node,
      running: status === 'running',
      ...(disk === undefined || disk === 0 ? {} : { used: disk }),
      ...(lock === undefined ? {} : { lock }),
      ...parsePending(pending),
    };
  } catch (error) {
    if (isAbsent(error, vmid)) return undefined;
    throw error;
  }
}

/** `/pending` has it as one value among the others. */
function lockOf(data: unknown): string | undefined {
  const value = readData(PENDING, data).find(({ key }) => key === 'lock')?.value;
  return value === undefined || value === null ? undefined : text(value);
}

export function parsePending(data: unknown): Pick<ContainerState, 'config' | 'pending' | 'digest'> {
  const config: Record<string, string> = {};
  const pending: Record<string, string | null> = {};
  let digest = '';
  for (const entry of readData(PENDING, data)) {
    if (entry.key === 'digest') digest = text(entry.value);
    else if (entry.key !== 'lock') {
      if (entry.value !== undefined && entry.value !== null) config[entry.key] = text(entry.value);
      // A deletion outweighs a value that was pending before it (row 461).
      if (entry.delete) pending[entry.key] = null;
      else if (entry.pending !== undefined) pending[entry.key] = text(entry.pending);
    }
  }
  return { config, pending, digest };
}

/** Numbers as text; raw `lxc.*` lines come as arrays. */
function text(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
