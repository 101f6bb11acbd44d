import type { ConfigureInput } from './configure/engine.ts';
import type { Ports } from './model/ports.ts';
import type { RunOptions } from './run.ts';
import { siteContainers } from './site-containers.ts';

export interface ForgeOptions {
  /** The forge's address, for recipes. */
  readonly forgeUrl?: string;
  /** The forge's host, handed to scripts as HOST. */
  readonly forgeHost?: string;
}

/** What a recipe is told beside its environment; nothing for other engines. */
export async function cincInput(
  ports: Ports,
  { desired, settings, forgeUrl, directory, signal }: RunOptions,
  environment: Readonly<Record<string, string>>,
): Promise<Partial<ConfigureInput>> {
  if (desired.engine !== 'cinc') return {};
  const [organisation = ''] = desired.owner.split('/');
  const forge = forgeUrl === undefined ? {} : { FORGE_URL: forgeUrl, FORGE_OWNER: organisation };
  return {
    name: desired.name,
    variables: await ports.variables.all(),
    ...((await asksForSite(ports, directory)) ? { site: await siteContainers(ports, settings.site, signal) } : {}),
    environment: { ...forge, ...environment },
    ...(settings.cinc === undefined ? {} : { cinc: settings.cinc }),
  };
}

/** Looking at every container costs a call each: only for a recipe that says the word. */
async function asksForSite({ source }: Ports, directory: string | undefined): Promise<boolean> {
  if (directory === undefined) return false;
  const folder = `${directory}/recipes`;
  const files = await source.read(folder, (await source.list(folder)) ?? []);
  return [...files.values()].some((bytes) => /\bSite\.containers\b/.test(new TextDecoder().decode(bytes)));
}
