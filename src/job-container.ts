import { call, DEADLINES } from './apply/deadlines.ts';
import { isIndexRefused } from './apply/steps/change.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from './apply/steps/create.ts';
import { candidateAddress } from './candidate-address.ts';
import { GitopsError } from './model/errors.ts';
import { formatDescription, type Mark, parseDescription } from './model/mark.ts';
import type { Guest } from './model/observed.ts';
import type { Parameters } from './model/plan.ts';
import type { Ports, Shell } from './model/ports.ts';
import { isExpired, isJob, JOB_EXPIRES_MS, jobName, jobParameters, notAJob } from './plan/job.ts';
import { chooseTemplate } from './plan/template.ts';
import type { RunOptions } from './run.ts';

/** A container that was made for one run, and is destroyed after it. */
export interface Job {
  readonly vmid: number;
  readonly address: string;
  readonly shell: Shell;
  close(): Promise<void>;
}

/** vmid of the job of a container: always the same one, and whoever holds the container's lease may have it. */
const JOB_BASE = 700_000;

/**
 * Makes a job beside a container: the newest Debian, with nothing in it but the site's CA. What an earlier run left at its
 * vmid is destroyed first, and so are all jobs of the site that have expired.
 */
export async function openJob(
  ports: Ports,
  options: RunOptions,
  target: { readonly vmid: number; readonly node: string },
): Promise<Job> {
  const { settings, desired, signal } = options;
  const vmid = (settings.jobVmidBase ?? JOB_BASE) + target.vmid;
  const { node } = target;
  await reap(ports, options, vmid);
  const address = await jobAddress(ports, options, vmid);
  if (address === undefined) throw noAddress(target.vmid);
  const template = await templateOf(ports, options, node);
  const parameters = jobParameters(target.vmid, desired, settings, address);
  try {
    const keys = await create(ports, options, { vmid, node, template, parameters });
    await ports.containers.start(node, vmid, call(DEADLINES.power, signal));
    const found = address.kind === 'static' ? address.address : await leasedAddress(ports, node, vmid, signal);
    const hostKeys = keys.length > 0 ? keys : await pinnedHostKeys({ ports, signal }, node, vmid);
    const where = { vmid, node, address: found, hostKeys };
    const shell = await ports.shells.open(where, call(DEADLINES.reachable, signal));
    const close = async (): Promise<void> => {
      await shell.close();
      await destroy(ports, node, vmid, options.settings.site);
    };
    return { vmid, address: found, shell, close };
  } catch (error) {
    await destroy(ports, node, vmid, options.settings.site).catch(() => undefined);
    throw error;
  }
}

async function jobAddress(ports: Ports, { settings, desired, signal }: RunOptions, vmid: number) {
  const found = await candidateAddress({ ports, settings, desired, signal }, vmid);
  if (found.kind === 'static') return found;
  return found.kind === 'dhcp' ? ({ kind: 'dhcp' } as const) : undefined;
}

/** The job's vmid becomes free; a container that is no job there is never touched. */
async function reap(ports: Ports, { settings, signal }: RunOptions, vmid: number): Promise<void> {
  const read = call(DEADLINES.read, signal);
  const guests = await ports.inventory.guests(read);
  const own = guests.find((guest) => guest.vmid === vmid);
  if (own?.type === 'qemu') throw notAJob(vmid);
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const jobs = guests.filter((guest) => guest.type === 'lxc' && /^job-\d+$/.test(guest.name ?? ''));
  for (const guest of own === undefined ? jobs : [own, ...jobs.filter((job) => job !== own)]) {
    const state = await ports.inventory.container(guest.node, guest.vmid, read);
    if (state === undefined) continue;
    if (guest === own && !isJob(state, settings.site)) throw notAJob(vmid);
    const { mark } = parseDescription(state.config.description);
    const due = mark !== undefined && isJob(state, settings.site) && (guest === own || isExpired(mark, now));
    if (due) await forget(ports, guest, settings.site);
  }
}

async function forget(ports: Ports, { node, vmid }: Guest, site: string): Promise<void> {
  ports.reporter.tell({ kind: 'note', text: `job ${vmid} was left by an earlier run: it is destroyed` });
  await destroy(ports, node, vmid, site);
}

/** Not under the run's signal: what was made for a run goes with it, however it ends. */
async function destroy({ containers, inventory }: Ports, node: string, vmid: number, site: string): Promise<void> {
  const { signal } = new AbortController();
  const state = await inventory.container(node, vmid, call(DEADLINES.read, signal));
  if (state === undefined || !isJob(state, site)) return;
  if (state.running) await containers.shutdown(node, vmid, 1, call(DEADLINES.power, signal));
  await containers.destroy(node, vmid, call(DEADLINES.power, signal));
}

interface Wish {
  readonly vmid: number;
  readonly node: string;
  readonly template: string;
  readonly parameters: Parameters;
}

/** Fingerprints of its host keys, where the task tells them. */
async function create(ports: Ports, { settings, desired, signal }: RunOptions, wish: Wish): Promise<readonly string[]> {
  const { vmid, node, template, parameters } = wish;
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const mark: Mark = {
    site: settings.site,
    owner: desired.owner,
    name: jobName(vmid),
    stage: desired.stage,
    vmid,
    role: 'job',
    template,
    applied: {},
    hostKeys: [],
    expires: new Date(now.getTime() + JOB_EXPIRES_MS).toISOString(),
  };
  const whole: Parameters = {
    ...parameters,
    ostemplate: template,
    description: formatDescription('', mark),
    'ssh-public-keys': authorizedKeys(await ports.keys.authority(), []),
  };
  const send = (sent: Parameters) => ports.containers.create(node, vmid, sent, call(DEADLINES.create, signal));
  try {
    return hostKeysOf((await send(whole)).log);
  } catch (error) {
    if (!isIndexRefused(error)) throw error;
    const { tags: _, ...untagged } = whole;
    return hostKeysOf((await send(untagged)).log);
  }
}

async function templateOf({ inventory, containers }: Ports, { settings, signal }: RunOptions, node: string) {
  const read = call(DEADLINES.read, signal);
  const storage = settings.templateStorage;
  const choice = { kind: 'newest', os: 'debian' } as const;
  const present = await inventory.templates(node, storage, read);
  const known = present.some(({ os }) => os === 'debian') ? [] : await inventory.offeredTemplates(node, read);
  const chosen = chooseTemplate(choice, { storage, present, offered: known });
  if (chosen.download !== undefined) {
    await containers.downloadTemplate(node, storage, chosen.download, call(DEADLINES.download, signal));
  }
  return chosen.volid;
}

async function leasedAddress({ inventory, clock }: Ports, node: string, vmid: number, signal: AbortSignal) {
  const until = clock.now().getTime() + DEADLINES.reachable;
  for (let wait = 100; clock.now().getTime() < until; wait = Math.min(wait * 2, 2000)) {
    const found = await inventory.addresses(node, vmid, call(DEADLINES.read, signal));
    const address = found.find((entry) => entry.includes('.'));
    if (address !== undefined) return address;
    await clock.sleep(wait, signal);
  }
  throw new GitopsError('remote', `Unable to reach job ${vmid}: it got no address from DHCP`, {
    advice: ['set candidate_addresses to addresses that are free', 'or set ansible.place to target'],
  });
}

function noAddress(vmid: number): GitopsError {
  return new GitopsError('user', `Unable to make a job for container ${vmid}: candidate_addresses says none`, {
    advice: ['set candidate_addresses: jobs use them too', 'or set ansible.place to target'],
  });
}
