import * as z from 'zod';
import type { Guest } from '../../model/observed.ts';
import type { Call } from '../../model/ports.ts';
import type { Acl, BackupJob, Firewall, HaResource } from '../../model/resources.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { failureStatus } from './failure.ts';
import { parseGuests } from './guests.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';

const ENTRY = z.record(z.string(), z.unknown());
const ACLS = z.array(
  z.object({
    path: z.string(),
    type: z.enum(['user', 'group', 'token']),
    ugid: z.string(),
    roleid: z.string(),
    propagate: z.coerce.number().optional(),
  }),
);
const JOBS = z.array(
  z.object({
    id: z.string(),
    enabled: z.coerce.number().optional(),
    vmid: z.coerce.string().optional(),
    all: z.coerce.number().optional(),
    exclude: z.coerce.string().optional(),
    pool: z.string().optional(),
    node: z.string().optional(),
    storage: z.string().optional(),
    schedule: z.string().optional(),
  }),
);

export async function readFirewall(session: Session, node: string, vmid: number, call: Call): Promise<Firewall> {
  return await operate(`read the firewall of container ${vmid} on ${node}`, call, async (signal) => {
    const { firewall } = api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid));
    const [options, rules] = await Promise.all([firewall.options.$get(), firewall.rules.$get()]);
    return parseFirewall(options, rules);
  });
}

export function parseFirewall(options: unknown, rules: unknown): Firewall {
  const sorted = readData(z.array(ENTRY), rules).toSorted((a, b) => Number(a.pos) - Number(b.pos));
  return { options: texts(readData(ENTRY, options)), rules: sorted.map(texts) };
}

/** `digest` is of the moment and `pos` is the place in the list. */
function texts(entry: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const kept = Object.entries(entry).filter(([key, value]) => key !== 'digest' && key !== 'pos' && value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, String(value)]));
}

/** undefined: the cluster says that it is not managed. */
export async function readHaResource(session: Session, vmid: number, call: Call): Promise<HaResource | undefined> {
  return await operate(`read the high availability of container ${vmid}`, call, async (signal) => {
    const list = readData(z.array(ENTRY), await api(session, signal).cluster.ha.resources.$get());
    const entry = list.find(({ sid }) => sid === `ct:${vmidPart(vmid)}`);
    if (entry === undefined) return undefined;
    const { state, sid: _sid, type: _type, ...options } = texts(entry);
    return { state: state ?? 'started', options };
  });
}

export async function readAcls(session: Session, vmid: number, call: Call): Promise<readonly Acl[]> {
  return await operate(`read the permissions on container ${vmid}`, call, async (signal) => {
    const entries = readData(ACLS, await api(session, signal).access.acl.$get());
    return entries
      .filter(({ path }) => path === `/vms/${vmidPart(vmid)}`)
      .map(({ type, ugid, roleid, propagate }) => ({ type, who: ugid, role: roleid, propagate: propagate !== 0 }));
  });
}

/** Pool membership stands in no config; the cluster's list has it without lag for a guest that it knows. */
export async function readPool(session: Session, vmid: number, call: Call): Promise<string | undefined> {
  return await operate(`read the pool of container ${vmid}`, call, async (signal) => {
    return (await findGuest(session, vmid, signal))?.pool;
  });
}

async function findGuest(session: Session, vmid: number, signal: AbortSignal): Promise<Guest | undefined> {
  const guests = parseGuests(await api(session, signal).cluster.resources.$get({ type: 'vm' }));
  return guests.find((guest) => guest.vmid === vmid);
}

export async function readBackupJobs(session: Session, vmid: number, call: Call): Promise<readonly BackupJob[]> {
  return await operate(`read the backup jobs of container ${vmid}`, call, async (signal) => {
    const [jobs, guest] = await Promise.all([
      api(session, signal)
        .cluster.backup.$get()
        .catch((error: unknown) => {
          // The local node schedules none.
          if (failureStatus(error) === 501) return [];
          throw error;
        }),
      findGuest(session, vmidPart(vmid), signal),
    ]);
    return parseBackupJobs(jobs, vmid, guest);
  });
}

/** A job for one node takes in what stands there; the other jobs, what stands anywhere. */
export function parseBackupJobs(
  data: unknown,
  vmid: number,
  guest: Pick<Guest, 'node' | 'pool'> | undefined,
): readonly BackupJob[] {
  return readData(JOBS, data).flatMap((job): BackupJob[] => {
    const names = (list: string | undefined): boolean => (list ?? '').split(/[,;\s]+/).includes(String(vmid));
    const all = job.all === 1 && !names(job.exclude);
    const pool = job.pool !== undefined && job.pool === guest?.pool;
    const because = names(job.vmid) ? 'vmid' : all ? 'all' : pool ? 'pool' : undefined;
    const elsewhere = job.node !== undefined && guest !== undefined && job.node !== guest.node;
    if (because === undefined || elsewhere) return [];
    const { id, enabled, storage, schedule } = job;
    return [
      {
        id,
        enabled: enabled !== 0,
        because,
        ...(storage === undefined ? {} : { storage }),
        ...(schedule === undefined ? {} : { schedule }),
      },
    ];
  });
}
