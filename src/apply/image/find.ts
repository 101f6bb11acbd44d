import { type GitopsError, isGitopsError } from '../../model/errors.ts';
import { type BaseImage, IMAGE_RANGE } from '../../model/image.ts';
import { parseDescription } from '../../model/mark.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Call, Inventory } from '../../model/ports.ts';
import { GIB, parseProperties, parseSize, volumeOf } from '../../model/property-string.ts';
import { storageOfVolume } from '../../model/volid.ts';

export interface ImageSearch {
  readonly inventory: Pick<Inventory, 'guests' | 'container'>;
  readonly site: string;
  readonly vmidBase: number;
  /** Absent: on all nodes. */
  readonly node?: string;
  /** A storage that the node shares with others: images on it count wherever they stand. */
  readonly sharing?: string;
}

export function isImageVmid(vmid: number, vmidBase: number): boolean {
  return vmid >= vmidBase && vmid < vmidBase + IMAGE_RANGE;
}

/** Our base images, finished or not, as far as this identity may see them. The vmid is the index, the mark the proof. */
export async function findImages(search: ImageSearch, read: Call): Promise<BaseImage[]> {
  const { inventory, site, vmidBase, node, sharing } = search;
  const isNear = (guest: { readonly node: string }): boolean => node === undefined || guest.node === node;
  const guests = (await inventory.guests(read)).filter(
    (guest) => guest.type === 'lxc' && isImageVmid(guest.vmid, vmidBase) && (isNear(guest) || sharing !== undefined),
  );
  const images = await Promise.all(
    guests.map(async (guest) => {
      const state = await inventory.container(guest.node, guest.vmid, read).catch((error: unknown) => {
        if (isGitopsError(error) && !read.signal.aborted && isUnseen(error, guest.node !== node)) return undefined;
        throw error;
      });
      const image = state === undefined ? undefined : imageOf(state, site);
      return image !== undefined && (isNear(guest) || image.storage === sharing) ? image : undefined;
    }),
  );
  return images.filter((image) => image !== undefined);
}

/**
 * Somebody's own container where images stand is not to be seen, and none of ours. Of another node that does not answer
 * nothing can be cloned; that the node itself does not is an error.
 */
function isUnseen({ remote: { status = 0 } }: GitopsError, elsewhere: boolean): boolean {
  return status === 403 || (elsewhere && (status === 0 || status >= 595));
}

/** undefined: it is none of ours. */
export function imageOf(state: ContainerState, site: string): BaseImage | undefined {
  const { mark } = parseDescription(state.config.description);
  if (mark?.role !== 'image' || mark.image === undefined) return undefined;
  if (mark.site !== site || mark.vmid !== state.vmid) return undefined;
  const rootfs = state.config.rootfs ?? '';
  const bytes = parseSize(parseProperties(rootfs).get('size')) ?? 0;
  const { key, kind, built } = mark.image;
  return {
    state,
    name: mark.name,
    key,
    kind,
    template: mark.template ?? '',
    hostKeys: mark.hostKeys,
    upgraded: mark.image.upgraded === true,
    storage: storageOfVolume(volumeOf(rootfs)) ?? '',
    size: Math.ceil(bytes / GIB),
    ...(built === undefined ? {} : { built }),
    ...(mark.applied.baseline === undefined ? {} : { baseline: mark.applied.baseline }),
    ...(mark.image.for === undefined ? {} : { for: mark.image.for }),
  };
}
