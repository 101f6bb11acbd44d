import type { Source } from '../model/ports.ts';
import { isControlPlane } from './place.ts';
import { DATA, type SiteFiles, siteFiles } from './site-config.ts';

/** What the control plane that this runs in hands to one that it deploys to another place. */
export interface SiteOfHere extends SiteFiles {
  /** CA certificate of Proxmox VE, PEM. */
  readonly ca: string | undefined;
  /** Directory of the site's keys. */
  readonly keys: string;
  /** Name → folder on the volume. */
  readonly programs: Readonly<Record<string, string>>;
  /** Whether what can be deployed from there is: whoever made this one has said so. */
  readonly autoDeploy: boolean;
}

/**
 * Whether a control plane is deployed to another place than this one: its addresses tell.
 *
 * @param addresses of the container; none: nobody knows where it is
 * @param here addresses of this machine and of the forge that the run belongs to: a pilot is beside it
 */
export function goesElsewhere(addresses: readonly string[], here: readonly string[]): boolean {
  return addresses.length > 0 && !addresses.some((address) => here.includes(address));
}

/** undefined: the definition is no control plane's, or this machine is none. */
export async function siteOfHere(source: Source, definition: string): Promise<SiteOfHere | undefined> {
  if (!(await isControlPlane(source, definition))) return undefined;
  const files = await source.read(`${DATA}/site`, ['config.json', 'ca.pem', 'auto-deploy']);
  const text = (name: string): string | undefined => {
    const bytes = files.get(name);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  const config = text('config.json');
  if (config === undefined) return undefined;
  const ca = text('ca.pem');
  const programs = Object.fromEntries(await programsOfHere(source, definition));
  const values = valuesOf(JSON.parse(config) as Nested);
  const autoDeploy = text('auto-deploy') !== undefined;
  return { ...siteFiles(values, { withCa: ca !== undefined }), ca, keys: `${DATA}/state/ca`, programs, autoDeploy };
}

/** Name and folder of those that the volume holds in the definition's versions: another container may not reach a download. */
export async function programsOfHere(
  source: Source,
  definition: string,
): Promise<readonly (readonly [name: string, folder: string])[]> {
  const file = (await source.read(definition, ['versions.env'])).get('versions.env');
  const text = new TextDecoder().decode(file);
  const found: (readonly [string, string])[] = [];
  for (const name of ['gitea', 'runner']) {
    const version = new RegExp(`^${name.toUpperCase()}_VERSION=(.+)$`, 'm').exec(text)?.[1];
    const folder = `${DATA}/programs/${name}-${version}`;
    if ((await source.list(folder)) !== undefined) found.push([name, folder]);
  }
  return found;
}

type Nested = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

/** By key of docs/settings.md, as siteFiles has written them. */
function valuesOf(config: Nested): Map<string, string> {
  const pairs = Object.entries(config).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string'
      ? [[key, value]]
      : Object.entries(value).map(([name, inner]): [string, string] => [`${key}.${name}`, inner]),
  );
  return new Map(pairs);
}
