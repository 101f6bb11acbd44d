import { call, DEADLINES } from '../apply/deadlines.ts';
import { parseDescription } from '../model/mark.ts';
import type { Guest } from '../model/observed.ts';
import type { Ports } from '../model/ports.ts';
import { isExpired, isThrowAway, notAJob } from '../plan/job.ts';
import { destroyThrowAway } from './throw-away.ts';

export interface JobSearch {
  readonly site: string;
  /** Of the job that is about to be made. */
  readonly vmid: number;
  readonly signal: AbortSignal;
}

/** The job's vmid becomes free, and jobs that have expired go; a container that is no job is never touched. */
export async function reapJobs(ports: Ports, { site, vmid, signal }: JobSearch): Promise<void> {
  const read = call(DEADLINES.read, signal);
  const guests = await ports.inventory.guests(read);
  const own = guests.find((guest) => guest.vmid === vmid);
  if (own?.type === 'qemu') throw notAJob(vmid);
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const jobs = guests.filter((guest) => guest !== own && guest.type === 'lxc' && /^job-\d+$/.test(guest.name ?? ''));
  for (const guest of own === undefined ? jobs : [own, ...jobs]) {
    const state = await ports.inventory.container(guest.node, guest.vmid, read);
    if (state === undefined) continue;
    const { mark } = parseDescription(state.config.description);
    const ours = mark !== undefined && isThrowAway(state, site, 'job');
    if (guest === own && !ours) throw notAJob(vmid);
    if (ours && (guest === own || isExpired(mark, now))) await forget(ports, guest, site);
  }
}

async function forget(ports: Ports, { node, vmid }: Guest, site: string): Promise<void> {
  ports.reporter.tell({ kind: 'note', text: `job ${vmid} was left by an earlier run: it is destroyed` });
  await destroyThrowAway(ports, { node, vmid, site, role: 'job' });
}
