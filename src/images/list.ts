import { call, DEADLINES } from '../apply/deadlines.ts';
import { findImages } from '../apply/image/find.ts';
import { engineOfKind, recipeOf } from '../base-image.ts';
import type { BaseImage } from '../model/image.ts';
import { parseDescription } from '../model/mark.ts';
import type { Ports } from '../model/ports.ts';
import type { StorageKind } from '../model/resources.ts';
import type { Settings } from '../model/settings.ts';
import { ageInDays, isFinished, newestFirst, sharedStorage } from '../plan/image.ts';

export interface ListedImage {
  readonly image: BaseImage;
  /**
   * current: new containers are cloned from it. old: of today's recipe, and a newer one is there, or none of its making is
   * wanted any more. unfinished: being built, or left by a run that was killed.
   */
  readonly state: 'current' | 'old' | 'unfinished';
  /** Since it was built; 0 when it was not. */
  readonly ageDays: number;
  /** vmids of guests whose volumes need its own. */
  readonly neededBy: readonly number[];
  /** Who builds it. */
  readonly heldBy?: string;
}

/** All images of this site that this identity may see. */
export async function listImages(ports: Ports, settings: Settings, signal: AbortSignal): Promise<ListedImage[]> {
  if (settings.images === undefined) return [];
  const read = call(DEADLINES.read, signal);
  const search = { inventory: ports.inventory, site: settings.site, vmidBase: settings.images.vmidBase };
  const images = await findImages(search, read);
  if (images.length === 0) return [];
  const nodes = [...new Set(images.map(({ state }) => state.node))];
  const kinds = new Map(
    await Promise.all(nodes.map(async (node) => [node, await ports.surroundings.storageKinds(node, read)] as const)),
  );
  const keys = new Map<string, string>();
  for (const { template, kind } of images) {
    const { key } = await recipeOf(ports, settings, template, engineOfKind(kind));
    keys.set(`${template} ${kind}`, key);
  }
  const needs = await neededVolumes(ports, signal);
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const finished = images.filter((image) => isFinished(image, kinds.get(image.state.node) ?? []));
  return images.map((image): ListedImage => {
    const { lease } = parseDescription(image.state.config.description).mark ?? {};
    return {
      image,
      state: !finished.includes(image)
        ? 'unfinished'
        : keys.get(`${image.template} ${image.kind}`) === image.key && !isOutdone(image, finished, kinds)
          ? 'current'
          : 'old',
      ageDays: image.built === undefined ? 0 : ageInDays(image.built, now),
      neededBy: needs.get(image.state.vmid) ?? [],
      ...(lease === undefined ? {} : { heldBy: lease.by ?? lease.run }),
    };
  });
}

const made = ({ state, built }: BaseImage) => ({ vmid: state.vmid, built });

/** Whether a newer one of its kind stands in the same place: on the same node, or on a storage that several have. */
function isOutdone(
  image: BaseImage,
  finished: readonly BaseImage[],
  kinds: ReadonlyMap<string, readonly StorageKind[]>,
): boolean {
  const shared = sharedStorage(image.storage, kinds.get(image.state.node) ?? []) !== undefined;
  return finished.some(
    (other) =>
      other !== image &&
      other.kind === image.kind &&
      other.storage === image.storage &&
      (shared || other.state.node === image.state.node) &&
      newestFirst(made(other), made(image)) < 0,
  );
}

/**
 * vmid of a template → vmids of the guests that cannot be without it: ZFS, RBD and qcow2 name the base in the volume of a
 * linked clone. What may not be seen here is refused by the server when its base is to go.
 */
async function neededVolumes({ inventory }: Ports, signal: AbortSignal): Promise<Map<number, number[]>> {
  const read = call(DEADLINES.read, signal);
  const guests = (await inventory.guests(read)).filter(({ type }) => type === 'lxc');
  const states = await Promise.all(
    guests.map(({ node, vmid }) => inventory.container(node, vmid, read).catch(() => undefined)),
  );
  const needs = new Map<number, number[]>();
  for (const state of states) {
    const values = Object.entries(state?.config ?? {}).filter(([key]) => /^(?:rootfs|mp\d+|unused\d+)$/.test(key));
    const bases = values.flatMap(([, value]) => [...value.matchAll(/(?:^|[:/])base(?:vol)?-(\d+)-/g)]);
    for (const base of new Set(bases.map((match) => Number(match[1])))) {
      if (state !== undefined && base !== state.vmid) needs.set(base, [...(needs.get(base) ?? []), state.vmid]);
    }
  }
  return needs;
}
