import type { ConfigureInput } from './configure/engine.ts';
import type { Ports } from './model/ports.ts';
import type { RunOptions } from './run.ts';
import { siteForRecipe } from './site-containers.ts';

export interface ForgeOptions {
  /** The forge's address, for recipes. */
  readonly forgeUrl?: string;
  /** The forge's host, handed to scripts as HOST. */
  readonly forgeHost?: string;
}

/** What a recipe is told beside its environment; nothing for other engines. */
export async function cincInput(
  ports: Ports,
  options: RunOptions,
  environment: Readonly<Record<string, string>>,
): Promise<Partial<ConfigureInput>> {
  const { desired, settings, forgeUrl } = options;
  if (desired.engine !== 'cinc') return {};
  const site = await siteForRecipe(ports, options);
  const [organisation = ''] = desired.owner.split('/');
  const forge = forgeUrl === undefined ? {} : { FORGE_URL: forgeUrl, FORGE_OWNER: organisation };
  return {
    name: desired.name,
    variables: await ports.variables.all(),
    ...(site === undefined ? {} : { site }),
    environment: { ...forge, ...environment },
    ...(settings.cinc === undefined ? {} : { cinc: settings.cinc }),
  };
}
