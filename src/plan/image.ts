import type { Desired, NetworkInterface } from '../model/desired.ts';
import type { BaseImage, CloneSource, ImageFacts, ImageSettings } from '../model/image.ts';
import type { Parameters } from '../model/plan.ts';
import { parseProperties } from '../model/property-string.ts';
import type { StorageKind } from '../model/resources.ts';
import { createNetwork } from './network.ts';
import { TAG } from './text.ts';

/** GiB of an image's disk, with room for an upgrade. Disks only grow: a smaller container is made from its template. */
export const IMAGE_GIB = 2;

export interface ImageChoice {
  readonly settings: ImageSettings;
  readonly key: string;
  readonly name: string;
  readonly desired: Desired;
  readonly vmid: number;
  /** Where the container is to stand. */
  readonly node: string;
  /** On other nodes only such that stand on its disk's storage, which is shared. */
  readonly images: readonly BaseImage[];
  /** Of the container's node. */
  readonly storages: readonly StorageKind[];
  /** Hash of the baseline that is wanted, when an image of this key has it. */
  readonly baseline?: string;
}

/** undefined: this container is made from its template. */
export function imageFacts(choice: ImageChoice): ImageFacts | undefined {
  const { settings, key, name, desired, images, storages } = choice;
  if (settings.mode === 'off' || !desired.unprivileged || desired.rootfs.size < IMAGE_GIB) return undefined;
  const source = sourceFor(choice);
  const takesImages = storages.some(
    ({ storage, content }) => storage === desired.rootfs.storage && content.includes('rootdir'),
  );
  const build = settings.mode === 'build' && source === undefined && takesImages && isReachable(desired);
  const maxAgeDays = settings.maxAgeDays;
  const known = images.find((image) => image.key === key && image.built === undefined);
  return { key, name: known?.name ?? name, build, maxAgeDays, ...(source === undefined ? {} : { source }) };
}

/** An image is built at the address of the first container that needs it. */
function isReachable({ interfaces: [first] }: Desired): boolean {
  return first !== undefined && (first.ipv4.kind === 'static' || first.ipv4.kind === 'dhcp') && first.connected;
}

/** The storage that a disk is to be on, when other nodes see the same; undefined: it is one node's own. */
export function sharedStorage(storage: string, storages: readonly StorageKind[]): string | undefined {
  return storages.some((entry) => entry.storage === storage && entry.shared) ? storage : undefined;
}

/** Linked before full, then the newest. */
function sourceFor({ key, desired, images, storages, vmid, node, baseline }: ImageChoice): CloneSource | undefined {
  const { storage, size } = desired.rootfs;
  const links = storages.some((entry) => entry.storage === storage && entry.linkedClones);
  const sources = images
    .filter((image) => image.key === key && isFinished(image, storages) && image.size <= size)
    .map((image): CloneSource => {
      const mac = knownMac(image, vmid, desired.interfaces[0]);
      return {
        vmid: image.state.vmid,
        ...(image.state.node === node ? {} : { node: image.state.node }),
        name: image.name,
        built: image.built ?? '',
        kind: links && image.storage === storage && image.state.config.template === '1' ? 'linked' : 'full',
        size: image.size,
        hostKeys: image.hostKeys,
        ...(baseline === undefined ? {} : { baseline }),
        ...(mac === undefined ? {} : { mac }),
      };
    });
  const rank = ({ kind }: CloneSource): number => (kind === 'linked' ? 0 : 1);
  return sources.toSorted((a, b) => rank(a) - rank(b) || newestFirst(a, b))[0];
}

interface Made {
  readonly vmid: number;
  readonly built: string | undefined;
}

/** Times have seconds: of two in one of them the later one has the higher vmid. */
export function newestFirst(a: Made, b: Made): number {
  return (b.built ?? '').localeCompare(a.built ?? '') || b.vmid - a.vmid;
}

/** Where the storage has bases for linked clones, one that is not a template yet is not finished. */
export function isFinished({ built, storage, state }: BaseImage, storages: readonly StorageKind[]): boolean {
  if (built === undefined || state.lock === 'create') return false;
  const links = storages.some((entry) => entry.storage === storage && entry.linkedClones);
  return !links || state.config.template === '1';
}

/** Only for the container that it was built for: never two with the same MAC address. */
function knownMac(image: BaseImage, vmid: number, first: NetworkInterface | undefined): string | undefined {
  if (image.for !== vmid || first === undefined || first.mac !== undefined || first.ipv4.kind !== 'static')
    return undefined;
  const net = parseProperties(image.state.config.net0 ?? '');
  const same =
    net.get('ip') === `${first.ipv4.address}/${first.ipv4.prefix}` &&
    net.get('bridge') === first.bridge &&
    Number(net.get('tag') ?? 0) === (first.vlan ?? 0);
  return same ? net.get('hwaddr') : undefined;
}

export function withMac(desired: Desired, mac: string | undefined): Desired {
  if (mac === undefined) return desired;
  const [first, ...others] = desired.interfaces;
  return first === undefined ? desired : { ...desired, interfaces: [{ ...first, mac }, ...others] };
}

/** An image in the making, at the first address of `desired`. */
export function imageParameters(desired: Desired, name: string, mac: string): Parameters {
  const [first] = withMac(desired, desired.interfaces[0]?.mac ?? mac).interfaces;
  const { nameserver, searchdomain, pool, rootfs } = desired;
  return {
    hostname: imageHostname(name),
    memory: 1024,
    swap: 512,
    onboot: 0,
    unprivileged: 1,
    features: 'nesting=1',
    rootfs: `${rootfs.storage}:${IMAGE_GIB}`,
    tags: TAG,
    ...(nameserver === undefined ? {} : { nameserver }),
    ...(searchdomain === undefined ? {} : { searchdomain }),
    ...(pool === undefined ? {} : { pool }),
    ...(first === undefined ? {} : { net0: createNetwork(first) }),
  };
}

export function imageHostname(name: string): string {
  return `image-${name}`.slice(0, 63);
}

/** `3 days ago`, for people. */
export function ageText(built: string, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - Date.parse(built)) / 60_000));
  const [count, unit] =
    minutes < 60
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), 'hour']
        : [days(minutes), 'day'];
  return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
}

const days = (minutes: number): number => Math.floor(minutes / 60 / 24);

export function ageInDays(built: string, now: Date): number {
  return days((now.getTime() - Date.parse(built)) / 60_000);
}
