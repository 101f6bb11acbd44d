import { call, DEADLINES } from '../apply/deadlines.ts';
import { engineOfKind, type ImagePlace, makeImage } from '../base-image.ts';
import { candidateAddress } from '../candidate-address.ts';
import { parseDefinition } from '../definition/parse.ts';
import { resolve } from '../desired/resolve.ts';
import type { Address, Desired, TemplateChoice } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import type { BaseImage } from '../model/image.ts';
import type { Ports } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { parseTemplateVolid } from '../model/template-name.ts';
import { ageInDays, sharedStorage } from '../plan/image.ts';
import { chooseTemplate } from '../plan/template.ts';
import { listImages } from './list.ts';

export interface BuildWish {
  /** Of a definition; absent: of what new containers are made from, and of every kind that is there already. */
  readonly desired?: Desired;
  /** Also when the one that is there is of today. */
  readonly force: boolean;
}

export interface Built {
  readonly image: BaseImage;
  /** It was there, and new enough. */
  readonly kept: boolean;
}

/** One to build, and where. */
interface Order {
  readonly desired: Desired;
  readonly node: string;
}

/** Builds images with all upgrades of today; containers that are there stay what they are. */
export async function buildImages(
  ports: Ports,
  settings: Settings,
  { desired, force }: BuildWish,
  signal: AbortSignal,
): Promise<Built[]> {
  const orders = await ordersOf(ports, settings, desired, signal);
  const built = new Map<string, Built>();
  for (const { desired: wish, node } of orders) {
    const template = await templateFor(ports, wish, node, signal);
    const { storage } = wish.rootfs;
    const kinds = await ports.surroundings.storageKinds(node, call(DEADLINES.read, signal));
    // One will do for all nodes that have its storage.
    const whose = sharedStorage(storage, kinds) === undefined ? node : '';
    const place = JSON.stringify([whose, storage, template, engineOfKind(`-${wish.engine}`)]);
    if (built.has(place)) continue;
    built.set(place, await buildOne(ports, settings, { desired: wish, node, template }, force, signal));
  }
  return [...built.values()];
}

async function ordersOf(
  ports: Ports,
  settings: Settings,
  desired: Desired | undefined,
  signal: AbortSignal,
): Promise<Order[]> {
  const node = await nodeFor(ports, settings, desired, signal);
  if (desired !== undefined) return [{ desired, node }];
  const plain = plainDesired(settings);
  const there = (await listImages(ports, settings, signal)).map(({ image }): Order => {
    const known = parseTemplateVolid(image.template);
    const template: TemplateChoice =
      known === undefined
        ? { kind: 'volid', volid: image.template }
        : { kind: 'newest', os: known.os, release: known.release };
    const rootfs = { ...plain.rootfs, storage: image.storage };
    const engine = engineOfKind(image.kind);
    return { desired: { ...plain, template, rootfs, engine }, node: image.state.node };
  });
  return [{ desired: plain, node }, ...there];
}

async function buildOne(
  ports: Ports,
  settings: Settings,
  { desired, node, template }: Order & { readonly template: string },
  force: boolean,
  signal: AbortSignal,
): Promise<Built> {
  // Times have seconds: one that was made just before would pass for one of this run.
  const before = await listImages(ports, settings, signal);
  const known = new Set(before.filter(({ state }) => state !== 'unfinished').map(({ image }) => image.state.vmid));
  const maxAge = settings.images?.maxAgeDays ?? 0;
  const isNew = ({ state }: BaseImage): boolean => !known.has(state.vmid);
  const isGood = ({ built = '', upgraded }: BaseImage): boolean =>
    upgraded && ageInDays(built, ports.inventory.serverTime() ?? ports.clock.now()) < maxAge;
  const place: ImagePlace = { vmid: 0, node, template };
  const address = await candidateAddress({ ports, settings, desired, signal }, settings.images?.vmidBase ?? 0);
  if (address.kind === 'live') {
    throw new GitopsError('user', 'Unable to build an image: candidate_addresses is none, and it needs an address', {
      advice: ['set candidate_addresses to dhcp or to addresses that are free; a deploy builds images at its own'],
    });
  }
  const [first] = desired.interfaces;
  const ipv4: Address = address.kind === 'static' ? address : { kind: 'dhcp' };
  const interfaces = first === undefined ? [] : [{ ...first, ipv4 }];
  const image = await makeImage(
    ports,
    { settings, signal, scope: 'all', desired: { ...desired, interfaces } },
    { place, upgrade: true, anonymous: true, enough: (found) => isNew(found) || (!force && isGood(found)) },
  );
  return { image, kept: !isNew(image) };
}

async function templateFor({ inventory, containers }: Ports, desired: Desired, node: string, signal: AbortSignal) {
  const read = call(DEADLINES.read, signal);
  const storage = desired.templateStorage;
  const [present, offered] = await Promise.all([
    inventory.templates(node, storage, read),
    desired.template.kind === 'newest' ? inventory.offeredTemplates(node, read).catch(() => []) : [],
  ]);
  const chosen = chooseTemplate(desired.template, { storage, present, offered });
  if (chosen.download !== undefined)
    await containers.downloadTemplate(node, storage, chosen.download, call(DEADLINES.download, signal));
  return chosen.volid;
}

async function nodeFor(
  { inventory }: Ports,
  settings: Settings,
  desired: Desired | undefined,
  signal: AbortSignal,
): Promise<string> {
  const named = desired?.nodes[0] ?? settings.connection.node;
  const node = named ?? (await inventory.nodes(call(DEADLINES.read, signal)))[0];
  if (node !== undefined) return node;
  throw new GitopsError('remote', 'Unable to choose a node for an image: none is online');
}

/** What a definition that says next to nothing asks for. */
function plainDesired(settings: Settings): Desired {
  const files = new Map([['config.env', new TextEncoder().encode('IP=dhcp\nHOSTNAME=image\n')]]);
  const definition = parseDefinition({ directory: 'image', stage: 'image', files, names: ['config.env'] });
  return resolve(definition, settings, { name: 'image', owner: 'pve-gitops/images', stage: 'image' });
}
