import { createHash } from 'node:crypto';
import type { Address, Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import { type Mark, parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Parameters } from '../model/plan.ts';
import { createNetwork } from './network.ts';
import { TAG } from './text.ts';

/** GiB and MiB of a container that runs a program on behalf of another one. */
const DISK = 4;
const MEMORY = 1024;

/** How long a job that was left behind is kept: longer than any run lasts. */
export const JOB_EXPIRES_MS = 2 * 3600_000;

export type JobAddress = { readonly kind: 'dhcp' } | Extract<Address, { kind: 'static' }>;

/** What a job is called: no definition has this name, so that nobody takes it for a container of theirs. */
export function jobName(vmid: number): string {
  return `job-${vmid}`;
}

/**
 * The job of a container always has the same one: where it comes up at the same address again, its neighbours would send to
 * the last one's for half a minute.
 */
export function jobMac(site: string, vmid: number): string {
  const hash = createHash('sha256').update(`job ${site} ${vmid}`).digest('hex').toUpperCase();
  return ['BC:24:11', hash.slice(0, 2), hash.slice(2, 4), hash.slice(4, 6)].join(':');
}

/** A container beside `vmid`, in its network. Nothing of the container that it works on is in it. */
export function jobParameters(
  vmid: number,
  desired: Desired,
  { site, storage, pool: sitePool }: { readonly site: string; readonly storage: string; readonly pool?: string },
  address: JobAddress,
): Parameters {
  const [first] = desired.interfaces;
  const { nameserver, searchdomain } = desired;
  const pool = desired.pool ?? sitePool;
  const { bridge, name = 'eth0', vlan, mtu } = first ?? {};
  if (bridge === undefined) {
    throw new GitopsError('user', `Unable to make a job for container ${vmid}: it has no network interface`, {
      advice: ['set ansible.place to target: playbooks run inside the container then'],
    });
  }
  const net = {
    index: 0,
    name,
    bridge,
    ipv4: address,
    described: false,
    connected: true,
    mac: jobMac(site, vmid),
    ...(vlan === undefined ? {} : { vlan }),
    ...(mtu === undefined ? {} : { mtu }),
  };
  return {
    hostname: jobName(vmid),
    memory: MEMORY,
    swap: MEMORY / 2,
    onboot: 0,
    unprivileged: 1,
    features: 'nesting=1',
    rootfs: `${storage}:${DISK}`,
    tags: TAG,
    net0: createNetwork(net),
    ...(nameserver === undefined ? {} : { nameserver }),
    ...(searchdomain === undefined ? {} : { searchdomain }),
    ...(pool === undefined ? {} : { pool }),
  };
}

/** Whether a container is a job of this site, and may be destroyed for the run that makes it anew. */
export function isThrowAway(state: ContainerState, site: string, role: 'job' | 'pilot'): boolean {
  const { mark } = parseDescription(state.config.description);
  return mark !== undefined && mark.role === role && mark.site === site && mark.vmid === state.vmid;
}

export function isExpired({ expires }: Mark, now: Date): boolean {
  return expires !== undefined && Date.parse(expires) < now.getTime();
}

export function notAJob(vmid: number): GitopsError {
  return new GitopsError('not-ours', `Unable to make job ${vmid}: a container that is no job has that vmid`, {
    advice: ['set job_vmid_base to where no containers are'],
  });
}
