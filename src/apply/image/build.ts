import { GitopsError, isGitopsError } from '../../model/errors.ts';
import { type BaseImage, IMAGE_RANGE } from '../../model/image.ts';
import { formatDescription, type Mark, parseDescription } from '../../model/mark.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Ports, Shell } from '../../model/ports.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { assertFree, type Holding, type LeasePorts, newLease, whileRenewing } from '../lease.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from '../steps/create.ts';
import { findImages, imageOf } from './find.ts';
import { seal } from './seal.ts';

/** Between two looks at an image that somebody else is building. */
const LOOK_MS = 1_000;
const TEXT = 'A base image: containers are cloned from it. `pve-gitops image list` tells what it is for.';

export interface ImageBuild {
  readonly ports: LeasePorts & Pick<Ports, 'keys' | 'clones'>;
  readonly signal: AbortSignal;
  /** Where it is built, unless it is in the making elsewhere already. */
  readonly node: string;
  /** Its storage, when other nodes have that too: what they build on it will do here. */
  readonly sharing?: string;
  readonly vmidBase: number;
  readonly site: string;
  readonly name: string;
  readonly key: string;
  readonly kind: string;
  /** volid */
  readonly template: string;
  /** vmid of the container at whose address it is built. */
  readonly for?: number;
  /** With all upgrades of today. */
  readonly upgraded: boolean;
  readonly parameters: Parameters;
  readonly sshKeys: readonly string[];
  /** Whether its storage has bases for linked clones. */
  readonly links: boolean;
  /** A finished image of this key does: false builds one beside it. */
  readonly enough: (image: BaseImage) => boolean;
  /** Baseline and engine packages; the answer is the hash of that baseline. */
  prepare(holding: Holding): Promise<string>;
  shell(holding: Holding): Promise<Shell>;
  close(): Promise<void>;
}

/**
 * Makes an image, or waits for the run that makes it, or takes over from one that was killed: looks, takes the next step,
 * looks again. A failure takes away what it has made.
 */
export async function buildImage(build: ImageBuild): Promise<BaseImage> {
  let made: number | undefined;
  try {
    for (;;) {
      const seen = await look(build);
      if (seen === undefined) {
        made = (await create(build)) ?? made;
        continue;
      }
      const { image, holding } = seen;
      if (image.built !== undefined) return await finish(build, image);
      if (!(await isHeld(build, holding))) continue;
      made = image.state.vmid;
      await step(build, holding);
    }
  } catch (error) {
    await build.close();
    if (made !== undefined && !build.signal.aborted) await takeAway(build, made);
    throw error;
  }
}

interface Seen {
  readonly image: BaseImage;
  readonly holding: Holding;
}

function known({ ports, signal, site, vmidBase, node, sharing }: ImageBuild): Promise<BaseImage[]> {
  const search = { ...ports, site, vmidBase, node, ...(sharing === undefined ? {} : { sharing }) };
  return findImages(search, call(DEADLINES.read, signal));
}

/** One that is finished and does, else one in the making. */
async function look(build: ImageBuild): Promise<Seen | undefined> {
  const all = (await known(build)).filter((image) => image.key === build.key);
  const image =
    all.find((entry) => entry.built !== undefined && build.enough(entry)) ??
    all.find((entry) => entry.built === undefined);
  if (image === undefined) return undefined;
  const { mark, text } = parseDescription(image.state.config.description);
  return mark === undefined ? undefined : { image, holding: { state: image.state, mark, text } };
}

/** The POST is the lock: of two runs that build at the same time one finds its vmid taken, and then the other's image. */
async function create(build: ImageBuild): Promise<number | undefined> {
  const { ports, signal, node, site, name, key, kind, template, parameters, vmidBase } = build;
  const read = call(DEADLINES.read, signal);
  const taken = new Set((await ports.inventory.guests(read)).map(({ vmid }) => vmid));
  let vmid = vmidBase;
  while (taken.has(vmid) || !(await ports.inventory.vmidFree(vmid, read))) vmid += 1;
  if (vmid >= vmidBase + IMAGE_RANGE) throw new GitopsError('user', `Unable to build image ${name}: no vmid is free`);
  const mark: Mark = {
    site,
    owner: 'pve-gitops/images',
    name,
    stage: 'image',
    vmid,
    role: 'image',
    template,
    applied: {},
    hostKeys: [],
    image: {
      key,
      kind,
      ...(build.for === undefined ? {} : { for: build.for }),
      ...(build.upgraded ? { upgraded: true as const } : {}),
    },
    lease: newLease(ports),
  };
  const whole = {
    ...parameters,
    ostemplate: template,
    description: formatDescription(TEXT, mark),
    'ssh-public-keys': authorizedKeys(await ports.keys.authority(), build.sshKeys),
  };
  try {
    const { log } = await ports.containers.create(node, vmid, whole, call(DEADLINES.create, signal));
    const hostKeys = hostKeysOf(log);
    if (hostKeys.length > 0) await note(build, { node, vmid }, (now) => ({ ...now, hostKeys }));
    return vmid;
  } catch (error) {
    if (!isGitopsError(error) || !/already exists/.test(error.message)) throw error;
    return undefined;
  }
}

/** Whether this run holds it. Else it takes what nobody holds, or waits a moment; the next look tells. */
async function isHeld(build: ImageBuild, holding: Holding): Promise<boolean> {
  const { ports, signal } = build;
  if (holding.mark.lease?.run === ports.runs.id) return true;
  try {
    await assertFree(ports, holding, signal);
  } catch (error) {
    if (!isGitopsError(error) || error.kind !== 'busy') throw error;
    ports.reporter.tell({ kind: 'note', text: `image ${build.name} is being built by another run; waiting for it` });
    await ports.clock.sleep(LOOK_MS, signal);
    return false;
  }
  const { node, vmid, digest } = holding.state;
  const description = formatDescription(holding.text, { ...holding.mark, lease: newLease(ports) });
  await ports.marks.write(node, vmid, description, digest, call(DEADLINES.write, signal));
  return false;
}

/** Whatever comes next for one in the making that this run holds. */
async function step(build: ImageBuild, { state, mark, text }: Holding): Promise<void> {
  const { ports, signal } = build;
  const { node, vmid } = state;
  const power = call(DEADLINES.power, signal);
  if (mark.applied.baseline === undefined) {
    if (!state.running) await ports.containers.start(node, vmid, power);
    const hostKeys = mark.hostKeys.length > 0 ? mark.hostKeys : await pinnedHostKeys(build, node, vmid);
    const holding = { state, text, mark: { ...mark, hostKeys } };
    const renew = () => note(build, state, (now) => now);
    const baseline = await whileRenewing(ports, renew, signal, async () => {
      const hash = await build.prepare(holding);
      await seal(await build.shell(holding), vmid, call(DEADLINES.power, signal));
      return hash;
    });
    await build.close();
    await note(build, state, (now) => ({ ...now, hostKeys, applied: { baseline } }));
  } else if (state.running) {
    await ports.containers.shutdown(node, vmid, DEADLINES.graceSeconds, power);
  } else {
    const at = (ports.inventory.serverTime() ?? ports.clock.now()).toISOString();
    await note(build, state, ({ lease: _, image, ...now }) => ({
      ...now,
      ...(image === undefined ? {} : { image: { ...image, built: at } }),
    }));
  }
}

async function finish({ ports, signal, links, site }: ImageBuild, image: BaseImage): Promise<BaseImage> {
  const { vmid, node, config } = image.state;
  if (!links || config.template === '1') return image;
  await ports.clones.makeTemplate(node, vmid, call(DEADLINES.power, signal));
  const state = await ports.inventory.container(node, vmid, call(DEADLINES.read, signal));
  return (state === undefined ? undefined : imageOf(state, site)) ?? image;
}

/** Compare-and-set on the mark of the image, with the lease renewed unless the change takes it away. */
async function note(
  { ports, signal }: ImageBuild,
  { node, vmid }: Pick<ContainerState, 'node' | 'vmid'>,
  change: (mark: Mark) => Mark,
): Promise<void> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const state = await ports.inventory.container(node, vmid, call(DEADLINES.read, signal));
    const { mark, text } = parseDescription(state?.config.description);
    if (state === undefined || mark?.image === undefined || mark.vmid !== vmid) break;
    if (mark.lease?.run !== ports.runs.id) break;
    const next = change({ ...mark, lease: newLease(ports) });
    const write = call(DEADLINES.write, signal);
    if (await ports.marks.write(node, vmid, formatDescription(text, next), state.digest, write)) return;
  }
  throw new GitopsError('busy', `Unable to write the owner mark of image ${vmid}: another run has taken it`);
}

/** Half an image is of no use, and stands at the address of the container that it was built for. */
async function takeAway(build: ImageBuild, vmid: number): Promise<void> {
  const { ports, signal } = build;
  const mine = (await known(build)).find(({ state, built }) => state.vmid === vmid && built === undefined);
  const lease = parseDescription(mine?.state.config.description).mark?.lease;
  if (mine === undefined || lease?.run !== ports.runs.id) return;
  const power = call(DEADLINES.power, signal);
  const { node } = mine.state;
  try {
    if (mine.state.running) await ports.containers.shutdown(node, vmid, 1, power);
    await ports.containers.destroy(node, vmid, power);
  } catch (error) {
    const text = `image ${vmid} could not be taken away again: ${error instanceof Error ? error.message : String(error)}`;
    ports.reporter.tell({ kind: 'warning', text });
  }
}
