import { call, DEADLINES } from './apply/deadlines.ts';
import type { SiteContainer } from './configure/engine.ts';
import { parseDescription } from './model/mark.ts';
import type { ContainerState } from './model/observed.ts';
import type { Ports } from './model/ports.ts';
import { parseProperties } from './model/property-string.ts';
import type { RunOptions } from './run.ts';

/** Our own tag is only an index: the owner mark decides. */
const TAG = 'pve-gitops';

/**
 * What a recipe finds in Site.containers. undefined: it does not say that word, for which every container would be looked
 * at, a call each.
 */
export async function siteForRecipe(
  ports: Pick<Ports, 'inventory' | 'source'>,
  { desired, settings, directory, signal }: Pick<RunOptions, 'desired' | 'settings' | 'directory' | 'signal'>,
): Promise<readonly SiteContainer[] | undefined> {
  if (desired.engine !== 'cinc' || directory === undefined) return undefined;
  const folder = `${directory}/recipes`;
  const files = await ports.source.read(folder, (await ports.source.list(folder)) ?? []);
  const asks = [...files.values()].some((bytes) => /\bSite\.containers\b/.test(new TextDecoder().decode(bytes)));
  return asks ? siteContainers(ports, settings.site, signal) : undefined;
}

/** What such a recipe depends on: who comes or goes makes it due, its own container not. */
export async function othersForRecipe(
  ports: Pick<Ports, 'inventory' | 'source'>,
  options: Pick<RunOptions, 'desired' | 'settings' | 'directory' | 'signal'>,
): Promise<readonly SiteContainer[] | undefined> {
  const { name, stage } = options.desired;
  const others = (await siteForRecipe(ports, options))?.filter((one) => one.name !== name || one.stage !== stage);
  return others?.toSorted((a, b) => a.vmid - b.vmid);
}

/** Running containers of this site, as recipes get them from Site.containers. One that goes away meanwhile is left out. */
export async function siteContainers(
  { inventory }: Pick<Ports, 'inventory'>,
  site: string,
  signal: AbortSignal,
): Promise<readonly SiteContainer[]> {
  const guests = await inventory.guests(call(DEADLINES.read, signal));
  const running = guests.filter(
    ({ type, status, tags }) => type === 'lxc' && status === 'running' && tags.includes(TAG),
  );
  const found: SiteContainer[] = [];
  for (const { node, vmid } of running) {
    const state = await inventory.container(node, vmid, call(DEADLINES.read, signal));
    const { mark } = parseDescription(state?.config.description);
    if (state === undefined || mark?.site !== site || mark.vmid !== vmid || mark.role !== 'live') continue;
    const address = written(state) ?? (await inventory.addresses(node, vmid, call(DEADLINES.read, signal)))[0];
    const hostname = state.config.hostname ?? mark.name;
    found.push({ name: mark.name, stage: mark.stage, hostname, vmid, ...(address === undefined ? {} : { address }) });
  }
  return found;
}

/** The first static IPv4 address of its config. */
function written({ config }: ContainerState): string | undefined {
  const nets = Object.keys(config).filter((key) => /^net\d+$/.test(key));
  const addresses = nets.toSorted().map((key) => (parseProperties(config[key] ?? '').get('ip') ?? '').split('/')[0]);
  return addresses.find((address) => address !== undefined && /^\d+(?:\.\d+){3}$/.test(address));
}
