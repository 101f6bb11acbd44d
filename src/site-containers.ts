import { call, DEADLINES } from './apply/deadlines.ts';
import type { SiteContainer } from './configure/engine.ts';
import { parseDescription } from './model/mark.ts';
import type { ContainerState } from './model/observed.ts';
import type { Ports } from './model/ports.ts';
import { parseProperties } from './model/property-string.ts';

/** Our own tag is only an index: the owner mark decides. */
const TAG = 'pve-gitops';

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
