import { buildImages } from '../../src/images/build.ts';
import { type ListedImage, listImages } from '../../src/images/list.ts';
import { pruneImages } from '../../src/images/prune.ts';
import { type CommonOptions, defineDirectory, withContext } from './context.ts';
import { table } from './table.ts';

export interface ImageBuildOptions extends CommonOptions {
  readonly force?: boolean;
}

/** Builds the images that new containers are cloned from, when those that are there are not of today's making. */
export function imageBuild(directory: string | undefined, options: ImageBuildOptions): Promise<number> {
  return withContext(options, async (context) => {
    const { ports, settings, terminal, signal } = context;
    terminal.progress.tell({ kind: 'stage', title: 'image build' });
    const defined =
      directory === undefined ? {} : { desired: (await defineDirectory(context, directory, options)).desired };
    const built = await buildImages(ports, settings, { ...defined, force: options.force === true }, signal);
    terminal.progress.close();
    if (options.json === true) {
      const images = built.map(({ image: { name, state, built: at }, kept }) => ({ name, vmid: state.vmid, at, kept }));
      terminal.json(JSON.stringify({ version: 1, images }));
      return 0;
    }
    const say = (kept: boolean): string => (kept ? 'is there and new enough' : 'built');
    terminal.print(built.map(({ image, kept }) => `${image.name}: ${say(kept)} (template ${image.state.vmid})`));
    return 0;
  });
}

export function imageList(options: CommonOptions): Promise<number> {
  return withContext(options, async ({ ports, settings, terminal, signal }) => {
    const images = await listImages(ports, settings, signal);
    if (options.json === true) {
      terminal.json(JSON.stringify({ version: 1, site: settings.site, images: images.map(asJson) }));
      return 0;
    }
    if (images.length === 0) {
      terminal.print(['no image of this site: the first deploy makes one, or pve-gitops image build']);
      return 0;
    }
    const rows = images.map((listed) => {
      const { image, state, ageDays, neededBy, heldBy } = listed;
      const age = image.built === undefined ? '-' : `${ageDays} d`;
      const note = heldBy === undefined ? needText(neededBy) : `held by ${heldBy}`;
      return [image.name, String(image.state.vmid), image.state.node, image.storage, state, age, note];
    });
    terminal.print(table([['NAME', 'VMID', 'NODE', 'STORAGE', 'STATE', 'AGE', ''], ...rows]));
    return 0;
  });
}

const needText = (neededBy: readonly number[]): string =>
  neededBy.length === 0 ? '' : `needed by ${neededBy.join(', ')}`;

function asJson({ image, state, ageDays, neededBy }: ListedImage): object {
  const { name, kind, key, template, storage, built } = image;
  return {
    name,
    kind,
    key,
    template,
    storage,
    built,
    vmid: image.state.vmid,
    node: image.state.node,
    state,
    ageDays,
    neededBy,
  };
}

export interface ImagePruneOptions extends CommonOptions {
  readonly olderThan?: number;
  readonly dryRun?: boolean;
}

/** Removes images that nobody needs any more. */
export function imagePrune(options: ImagePruneOptions): Promise<number> {
  return withContext(options, async ({ ports, settings, terminal, signal }) => {
    const wish = { olderThanDays: options.olderThan ?? 7, dry: options.dryRun === true };
    const pruned = await pruneImages(ports, settings, wish, signal);
    if (options.json === true) {
      terminal.json(JSON.stringify({ version: 1, images: pruned }));
      return 0;
    }
    const lines = pruned.map(({ name, vmid, fate, reason }) => `${name} (${vmid}) ${fate}: ${reason}`);
    terminal.print(lines.length === 0 ? ['no image of this site'] : lines);
    return 0;
  });
}
