import type { ConfigureInput } from './configure/engine.ts';
import type { Ports } from './model/ports.ts';
import type { RunOptions } from './run.ts';

export interface ForgeOptions {
  /** The forge's address, for recipes. */
  readonly forgeUrl?: string;
  /** The forge's host, handed to scripts as HOST. */
  readonly forgeHost?: string;
}

/** What a recipe is told beside its environment; nothing for other engines. */
export async function cincInput(
  ports: Ports,
  { desired, settings, forgeUrl }: RunOptions,
  environment: Readonly<Record<string, string>>,
): Promise<Partial<ConfigureInput>> {
  if (desired.engine !== 'cinc') return {};
  const [organisation = ''] = desired.owner.split('/');
  const forge = forgeUrl === undefined ? {} : { FORGE_URL: forgeUrl, FORGE_OWNER: organisation };
  return {
    name: desired.name,
    variables: await ports.variables.all(),
    environment: { ...forge, ...environment },
    ...(settings.cinc === undefined ? {} : { cinc: settings.cinc }),
  };
}
