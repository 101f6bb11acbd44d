import { createHash, randomBytes } from 'node:crypto';
import { call, DEADLINES } from './apply/deadlines.ts';
import { buildImage } from './apply/image/build.ts';
import { findImages } from './apply/image/find.ts';
import { refreshLists } from './apply/image/refresh.ts';
import type { Holding } from './apply/lease.ts';
import { baselineHash } from './baseline/debian.ts';
import { candidateInterfaces } from './candidate-address.ts';
import { INSTALL_ANSIBLE } from './configure/ansible-scripts.ts';
import { cincInstallScript, cincSource } from './configure/cinc-install.ts';
import { GuestSession } from './guest-session.ts';
import type { EngineName } from './model/definition.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { BaseImage, ImageFacts } from './model/image.ts';
import type { Call, Keys, Ports, Shell } from './model/ports.ts';
import type { Settings } from './model/settings.ts';
import { parseTemplateVolid } from './model/template-name.ts';
import { imageFacts, imageParameters, sharedStorage } from './plan/image.ts';
import { type TemplateFacts, templateOrNone } from './plan/template.ts';
import type { RunOptions } from './run.ts';

/** What goes into an image. */
export interface ImageRecipe {
  /** volid */
  readonly template: string;
  /** Hash over all of it. */
  readonly key: string;
  readonly kind: string;
  readonly name: string;
  /** Hash of its baseline, without upgrades: those are not the same from day to day. */
  readonly baseline: string;
}

/** A container's own wishes (another time zone, upgrades) are given to its clone. */
const settingsOf = ({ timezone, locale, sshKeys }: Settings): Desired['baseline'] => ({
  timezone,
  locale,
  sshKeys,
  upgrade: false,
});

export interface EnginePackages {
  readonly engine: EngineName;
  /** Installs them as root where they are missing. */
  readonly argv: readonly string[];
}

/** undefined: the engine needs nothing inside of a container, or what the baseline has. */
function enginePackages(engine: EngineName, { cinc }: Settings): EnginePackages | undefined {
  if (engine === 'cinc') return { engine, argv: cincInstallScript(cincSource(cinc)) };
  // Jobs are cloned from it too; a container that playbooks configure needs only the Python of it.
  return engine === 'ansible' ? { engine, argv: ['bash', '-c', INSTALL_ANSIBLE] } : undefined;
}

/** Of an image that is there. */
export function engineOfKind(kind: string): EngineName {
  return kind.endsWith('-cinc') ? 'cinc' : kind.endsWith('-ansible') ? 'ansible' : 'none';
}

export async function recipeOf(
  { keys }: { readonly keys: Pick<Keys, 'authority'> },
  settings: Settings,
  template: string,
  engine: EngineName,
): Promise<ImageRecipe> {
  const baseline = baselineHash(settingsOf(settings), await keys.authority());
  const packages = enginePackages(engine, settings);
  const file = template.replace(/^[^:]+:(?:.*\/)?/, '');
  const key = createHash('sha256')
    .update(JSON.stringify(['image 1', file, baseline, packages?.argv ?? []]))
    .digest('hex')
    .slice(0, 12);
  const known = parseTemplateVolid(template);
  const system = known === undefined ? 'custom' : `${known.os}-${known.release}`;
  const kind = packages === undefined ? system : `${system}-${packages.engine}`;
  return { template, key, kind, name: `${kind}-${key}`, baseline };
}

export interface ImagePlace {
  readonly vmid: number;
  readonly node: string;
  /** volid of the template that the container is to be made from. */
  readonly template: string;
}

/** What is there of images for a new container; undefined: it is made from its template. */
export async function imagesFor(
  ports: Ports,
  { settings, desired, signal }: RunOptions,
  { vmid, node }: Omit<ImagePlace, 'template'>,
  templates: TemplateFacts,
): Promise<ImageFacts | undefined> {
  const { images } = settings;
  if (images === undefined || images.mode === 'off' || !desired.unprivileged || desired.state === 'absent')
    return undefined;
  const template = templateOrNone(desired, templates);
  if (template === undefined) return undefined;
  const read = call(DEADLINES.read, signal);
  const search = { inventory: ports.inventory, site: settings.site, vmidBase: images.vmidBase, node };
  const [recipe, near, storages] = await Promise.all([
    recipeOf(ports, settings, template, desired.engine),
    findImages(search, read),
    ports.surroundings.storageKinds(node, read),
  ]);
  const sharing = sharedStorage(desired.rootfs.storage, storages);
  const found = sharing === undefined ? near : await findImages({ ...search, sharing }, read);
  const wanted = baselineHash({ ...desired.baseline, upgrade: false }, await ports.keys.authority());
  const has = wanted === recipe.baseline && !desired.baseline.upgrade;
  const { key, name } = recipe;
  const choice = { settings: images, key, name, desired, vmid, node, images: found, storages };
  return imageFacts(
    has ? { ...choice, baseline: baselineHash(desired.baseline, await ports.keys.authority()) } : choice,
  );
}

/** Whether a run builds one on behalf of this container, or was killed while it did. */
export async function isBeingBuilt(ports: Ports, { settings, signal }: RunOptions, vmid: number): Promise<boolean> {
  if (settings.images === undefined) return false;
  const search = { inventory: ports.inventory, site: settings.site, vmidBase: settings.images.vmidBase };
  const found = await findImages(search, call(DEADLINES.read, signal));
  return found.some((image) => image.for === vmid && image.state.running);
}

/** On behalf of a container, at its address; `upgrade`: with all that the mirror has today. */
export interface ImageOrder {
  readonly place: ImagePlace;
  readonly upgrade: boolean;
  enough(image: BaseImage): boolean;
  /** No container: the address is none of anybody's. */
  readonly anonymous?: true;
}

export async function makeImage(ports: Ports, options: RunOptions, order: ImageOrder): Promise<BaseImage> {
  const { settings, signal } = options;
  const { node, template, vmid } = order.place;
  const recipe = await recipeOf(ports, settings, template, options.desired.engine);
  const packages = enginePackages(options.desired.engine, settings);
  const storages = await ports.surroundings.storageKinds(node, call(DEADLINES.read, signal));
  const { storage } = options.desired.rootfs;
  const sharing = sharedStorage(storage, storages);
  const pool = options.desired.pool ?? settings.pool;
  const desired: Desired = {
    ...options.desired,
    ...(pool === undefined ? {} : { pool }),
    interfaces: options.desired.interfaces.slice(0, 1),
    baseline: { ...settingsOf(settings), upgrade: order.upgrade },
    engine: 'none',
    health: [],
    secrets: [],
  };
  // One that was begun for another container stands at that one's address.
  const at = ({ state }: Holding) => candidateInterfaces(state, desired.interfaces);
  const session = new GuestSession(ports, { ...options, desired }, at);
  const mac = `BC:24:11:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
  try {
    return await buildImage({
      ports,
      signal,
      node,
      ...(sharing === undefined ? {} : { sharing }),
      vmidBase: settings.images?.vmidBase ?? 0,
      site: settings.site,
      name: recipe.name,
      key: recipe.key,
      kind: recipe.kind,
      template,
      ...(order.anonymous === undefined ? { for: vmid } : {}),
      upgraded: order.upgrade,
      parameters: imageParameters(desired, recipe.name, mac.toUpperCase()),
      sshKeys: settings.sshKeys,
      links: storages.some((entry) => entry.storage === storage && entry.linkedClones),
      enough: (image) => order.enough(image),
      async prepare(holding: Holding) {
        await session.runBaseline(holding);
        if (packages !== undefined)
          await install(await session.open(holding), packages, call(DEADLINES.baseline, signal));
        await refreshLists(await session.open(holding), call(DEADLINES.baseline, signal));
        return recipe.baseline;
      },
      shell: (holding) => session.open(holding),
      close: () => session.close(),
    });
  } finally {
    await session.close();
  }
}

async function install(shell: Shell, { engine, argv }: EnginePackages, deadline: Call): Promise<void> {
  const { exitCode, stdout, stderr } = await shell.run({ name: `packages of ${engine}`, argv }, deadline);
  if (exitCode === 0) return;
  const log = `${stdout}\n${stderr}`.trim().split('\n').slice(-5);
  throw new GitopsError('remote', `Unable to install the packages of ${engine} into an image: ${log.at(-1)}`, { log });
}
