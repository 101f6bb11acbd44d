import * as z from 'zod';
import type { Guest } from '../../model/observed.ts';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { failureFields } from './failure.ts';
import { vmidPart } from './names.ts';
import { operate } from './operation.ts';

const RESOURCE = z.object({
  vmid: z.coerce.number(),
  type: z.string(),
  node: z.string(),
  name: z.string().optional(),
  status: z.string().optional(),
  template: z.coerce.number().optional(),
  tags: z.string().optional(),
  pool: z.string().optional(),
  lock: z.string().optional(),
});

/** The whole cluster in one call. It lags by up to ten seconds, and a new guest has hardly a field at first (facts, 4). */
export async function readGuests(session: Session, call: Call): Promise<readonly Guest[]> {
  return await operate('list the guests', call, async (signal) =>
    parseGuests(await api(session, signal).cluster.resources.$get({ type: 'vm' })),
  );
}

export function parseGuests(data: unknown): readonly Guest[] {
  return readData(z.array(RESOURCE), data).flatMap((entry): Guest[] => {
    const { vmid, type, node, name, pool, lock } = entry;
    if (type !== 'lxc' && type !== 'qemu') return [];
    return [
      {
        vmid,
        type,
        node,
        ...(name === undefined ? {} : { name }),
        status: entry.status ?? 'unknown',
        template: entry.template === 1,
        tags: parseTags(entry.tags),
        ...(pool === undefined ? {} : { pool }),
        ...(lock === undefined ? {} : { lock }),
      },
    ];
  });
}

/** The server writes `;`, people and older versions `,` or blanks. */
export function parseTags(tags: string | undefined): readonly string[] {
  return (tags ?? '').split(/[;,\s]+/).filter((tag) => tag !== '');
}

/** Asks for the whole cluster, whatever this identity may see of it (rows 70, 71). */
export async function isVmidFree(session: Session, vmid: number, call: Call): Promise<boolean> {
  return await operate(`find out whether vmid ${vmid} is free`, call, (signal) => isFree(session, vmid, signal));
}

export async function isFree(session: Session, vmid: number, signal: AbortSignal): Promise<boolean> {
  try {
    await api(session, signal).cluster.nextid.$get({ vmid: vmidPart(vmid) });
    return true;
  } catch (error) {
    if (/already exists/.test(failureFields(error).vmid ?? '')) return false;
    throw error;
  }
}

/** The lowest free one. It reserves nothing: the create decides. The answer is a string (row 69). */
export async function nextVmid(session: Session, call: Call): Promise<number> {
  return await operate('find a free vmid', call, async (signal) =>
    readData(z.coerce.number().int().positive(), await api(session, signal).cluster.nextid.$get()),
  );
}
