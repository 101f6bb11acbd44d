import { call, DEADLINES } from '../apply/deadlines.ts';
import { cloneImage, markOfClone, shapeClone } from '../apply/image/clone.ts';
import { ownHostKeys } from '../apply/image/own-keys.ts';
import { leasedAddress } from '../apply/leased-address.ts';
import { isIndexRefused } from '../apply/steps/change.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from '../apply/steps/create.ts';
import { candidateAddress } from '../candidate-address.ts';
import { GitopsError } from '../model/errors.ts';
import type { CloneSource } from '../model/image.ts';
import { formatDescription, type Mark } from '../model/mark.ts';
import type { Parameters } from '../model/plan.ts';
import type { Ports, Shell } from '../model/ports.ts';
import { JOB_EXPIRES_MS, type JobAddress, jobParameters } from '../plan/job.ts';
import { chooseTemplate } from '../plan/template.ts';
import type { RunOptions } from '../run.ts';
import { jobImage } from './image.ts';
import { reapJobs } from './reaper.ts';
import { destroyThrowAway } from './throw-away.ts';

/** A container that was made for one run, and is destroyed after it. */
export interface Job {
  readonly vmid: number;
  readonly address: string;
  readonly shell: Shell;
  close(): Promise<void>;
}

/** vmid of the job of a container: always the same one, and whoever holds the container's lease may have it. */
const JOB_BASE = 700_000;

/** The container that a job is for, and what the job needs to have. */
export interface JobTarget {
  readonly vmid: number;
  readonly node: string;
  readonly programs?: 'ansible';
}

interface Wish {
  readonly vmid: number;
  readonly node: string;
  readonly template: string;
  readonly image: CloneSource | undefined;
  readonly parameters: Parameters;
}

/**
 * Makes a job beside a container: the newest Debian, from an image where images are on, and nothing of the site but its CA's
 * public key. What an earlier run left at its vmid is destroyed first, and so are all jobs of the site that have
 * expired.
 */
export async function openJob(ports: Ports, options: RunOptions, target: JobTarget): Promise<Job> {
  const { settings, signal } = options;
  const { site } = settings;
  const { node } = target;
  const vmid = jobOf(settings, target.vmid);
  await reapJobs(ports, { site, vmid, signal });
  const address = await jobAddress(ports, options, vmid);
  if (address === undefined) throw noAddress(target.vmid);
  const template = await newestDebian(ports, options, node);
  const parameters = jobParameters(target.vmid, options.desired, settings, address);
  const image = await jobImage(ports, options, { ...target, template, address });
  try {
    const opened = await start(ports, options, { vmid, node, template, image, parameters }, address);
    const close = async (): Promise<void> => {
      await opened.shell.close();
      await destroyThrowAway(ports, { node, vmid, site, role: 'job' });
    };
    return { vmid, ...opened, close };
  } catch (error) {
    await destroyThrowAway(ports, { node, vmid, site, role: 'job' }).catch(() => undefined);
    throw error;
  }
}

const jobOf = ({ jobVmidBase = JOB_BASE }: RunOptions['settings'], vmid: number): number => jobVmidBase + vmid;

async function start(
  ports: Ports,
  options: RunOptions,
  wish: Wish,
  address: JobAddress,
): Promise<Pick<Job, 'address' | 'shell'>> {
  const { signal } = options;
  const { vmid, node, image } = wish;
  const made = image === undefined ? await create(ports, options, wish) : await clone(ports, options, wish, image);
  await ports.containers.start(node, vmid, call(DEADLINES.power, signal));
  const found = address.kind === 'static' ? address.address : await addressOf(ports, node, vmid, signal);
  const known = made.length > 0 ? made : await pinnedHostKeys({ ports, signal }, node, vmid);
  const where = { vmid, node, address: found };
  const reachable = call(DEADLINES.reachable, signal);
  const shell = await ports.shells.open({ ...where, hostKeys: known }, reachable);
  if (image === undefined) return { address: found, shell };
  // Before anything of a repository runs there: it must never see keys that the next job answers with.
  const hostKeys = await ownHostKeys(shell, { vmid, known, call: reachable }, async () => undefined);
  await shell.close();
  return { address: found, shell: await ports.shells.open({ ...where, hostKeys }, reachable) };
}

function markOf(
  { inventory, clock }: Ports,
  { settings, desired }: RunOptions,
  { vmid, template, parameters }: Wish,
): Mark {
  const now = inventory.serverTime() ?? clock.now();
  return {
    site: settings.site,
    owner: desired.owner,
    name: String(parameters.hostname),
    stage: desired.stage,
    vmid,
    role: 'job',
    template,
    applied: {},
    hostKeys: [],
    expires: new Date(now.getTime() + JOB_EXPIRES_MS).toISOString(),
  };
}

/** Fingerprints of its host keys, where the task tells them. */
async function create(ports: Ports, options: RunOptions, wish: Wish): Promise<readonly string[]> {
  const { vmid, node, template, parameters } = wish;
  const whole: Parameters = {
    ...parameters,
    ostemplate: template,
    description: formatDescription('', markOf(ports, options, wish)),
    'ssh-public-keys': authorizedKeys(await ports.keys.authority(), []),
  };
  const send = (sent: Parameters) => ports.containers.create(node, vmid, sent, call(DEADLINES.create, options.signal));
  try {
    return hostKeysOf((await send(whole)).log);
  } catch (error) {
    if (!isIndexRefused(error)) throw error;
    const { tags: _, ...untagged } = whole;
    return hostKeysOf((await send(untagged)).log);
  }
}

async function clone(ports: Ports, options: RunOptions, wish: Wish, image: CloneSource): Promise<readonly string[]> {
  const { vmid, node, parameters } = wish;
  const description = formatDescription('', markOfClone(markOf(ports, options, wish), image));
  await cloneImage(ports, { node, vmid, parameters, description, image }, options.signal);
  await shapeClone(ports, { node, vmid, parameters }, options.signal);
  return image.hostKeys;
}

/** The newest Debian that this server knows, fetched where it is not there yet. */
export async function newestDebian(
  { inventory, containers }: Ports,
  { settings, signal }: Pick<RunOptions, 'settings' | 'signal'>,
  node: string,
): Promise<string> {
  const read = call(DEADLINES.read, signal);
  const storage = settings.templateStorage;
  const present = await inventory.templates(node, storage, read);
  const known = present.some(({ os }) => os === 'debian') ? [] : await inventory.offeredTemplates(node, read);
  const chosen = chooseTemplate({ kind: 'newest', os: 'debian' }, { storage, present, offered: known });
  if (chosen.download !== undefined) {
    await containers.downloadTemplate(node, storage, chosen.download, call(DEADLINES.download, signal));
  }
  return chosen.volid;
}

async function jobAddress(ports: Ports, { settings, desired, signal }: RunOptions, vmid: number) {
  const found = await candidateAddress({ ports, settings, desired, signal }, vmid);
  if (found.kind === 'static') return found;
  return found.kind === 'dhcp' ? ({ kind: 'dhcp' } as const) : undefined;
}

async function addressOf(ports: Ports, node: string, vmid: number, signal: AbortSignal): Promise<string> {
  const found = await leasedAddress(ports, { node, vmid }, signal);
  if (found !== undefined) return found;
  throw new GitopsError('remote', `Unable to reach job ${vmid}: it got no address from DHCP`, {
    advice: ['set candidate_addresses to addresses that are free', 'or set ansible.place to target'],
  });
}

function noAddress(vmid: number): GitopsError {
  return new GitopsError('user', `Unable to make a job for container ${vmid}: candidate_addresses says none`, {
    advice: ['set candidate_addresses: jobs use them too', 'or set ansible.place to target'],
  });
}
