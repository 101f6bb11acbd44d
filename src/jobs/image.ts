import { call, DEADLINES } from '../apply/deadlines.ts';
import { findImages } from '../apply/image/find.ts';
import { makeImage, recipeOf } from '../base-image.ts';
import type { EngineName } from '../model/definition.ts';
import type { BaseImage, CloneSource } from '../model/image.ts';
import type { Ports } from '../model/ports.ts';
import { ageInDays, isFinished, newestFirst, sharedStorage } from '../plan/image.ts';
import { type JobAddress, jobMac } from '../plan/job.ts';
import type { RunOptions } from '../run.ts';

export interface JobImagePlace {
  readonly node: string;
  /** volid */
  readonly template: string;
  /** Of the container that the job is for. */
  readonly vmid: number;
  readonly programs?: 'ansible';
  /** Where the job will be: it is built there, before. */
  readonly address: JobAddress;
}

/** What a job is cloned from: Debian with the baseline and its programs. undefined: images are off, or there can be none. */
export async function jobImage(
  ports: Ports,
  options: RunOptions,
  { node, template, address, vmid, programs }: JobImagePlace,
): Promise<CloneSource | undefined> {
  const { settings, signal } = options;
  const engine: EngineName = programs ?? 'none';
  const { images } = settings;
  if (images === undefined || images.mode === 'off') return undefined;
  const read = call(DEADLINES.read, signal);
  const search = { inventory: ports.inventory, site: settings.site, vmidBase: images.vmidBase, node };
  const [recipe, near, storages] = await Promise.all([
    recipeOf(ports, settings, template, engine),
    findImages(search, read),
    ports.surroundings.storageKinds(node, read),
  ]);
  const sharing = sharedStorage(settings.storage, storages);
  const all = sharing === undefined ? near : await findImages({ ...search, sharing }, read);
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const isGood = ({ built }: BaseImage): boolean => built !== undefined && ageInDays(built, now) <= images.maxAgeDays;
  const here = all.filter((image) => image.key === recipe.key && isFinished(image, storages)).toSorted(byAge);
  const takes = storages.some(({ storage, content }) => storage === settings.storage && content.includes('rootdir'));
  const [first] = options.desired.interfaces;
  const builds = images.mode === 'build' && takes && first !== undefined;
  const good = here.find(isGood) ?? (builds ? undefined : here[0]);
  if (good !== undefined) return sourceOf(good, node, storages);
  if (!builds) return undefined;
  ports.reporter.tell({ kind: 'line', text: `building image ${recipe.name}: further runs are cloned from it` });
  const rootfs = { storage: settings.storage, size: 4 };
  const interfaces = [{ ...first, ipv4: address, mac: jobMac(settings.site, vmid) }];
  const desired = { ...options.desired, engine, rootfs, interfaces };
  const place = { vmid, node, template };
  const order = { place, upgrade: false, anonymous: true as const, enough: isGood };
  return sourceOf(await makeImage(ports, { ...options, desired }, order), node, storages);
}

const made = ({ state, built }: BaseImage) => ({ vmid: state.vmid, built });
const byAge = (a: BaseImage, b: BaseImage): number => newestFirst(made(a), made(b));

type StorageKinds = Awaited<ReturnType<Ports['surroundings']['storageKinds']>>;

function sourceOf(image: BaseImage, node: string, storages: StorageKinds): CloneSource {
  const links = storages.some((entry) => entry.storage === image.storage && entry.linkedClones);
  return {
    vmid: image.state.vmid,
    ...(image.state.node === node ? {} : { node: image.state.node }),
    name: image.name,
    built: image.built ?? '',
    kind: links && image.state.config.template === '1' ? 'linked' : 'full',
    size: image.size,
    hostKeys: image.hostKeys,
  };
}
