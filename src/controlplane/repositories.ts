import type { Monorepo } from '../model/forge-site.ts';
import type { Call } from '../model/ports.ts';

/** A repository that the forge is to hold, and where the project has it. */
export interface Holding {
  /** owner/name */
  readonly repository: string;
  /** Path within the project; '' is all of it. */
  readonly path: string;
  readonly kind: 'control' | 'container';
  /** The project has it as a repository of its own: a clone of a forge's `config` with its submodules. */
  readonly own: boolean;
}

const DEFINITIONS = ['config.env', 'container.env', 'container.yml'];
/** The control plane's own definition stays a folder of the project's repository. */
export const CONTROL_PLANE = 'libs/config';

/** The project itself first, then every definition below libs/, then what is listed. */
export async function holdings(
  monorepo: Monorepo,
  organisation: string,
  listed: readonly string[],
  call: Call,
): Promise<readonly Holding[]> {
  const all: Holding[] = [{ repository: `${organisation}/config`, path: '', kind: 'control', own: false }];
  const libs = [...(await monorepo.entries('libs', call))].map(([name, { kind }]) => ({ path: `libs/${name}`, kind }));
  const more = await Promise.all(
    listed.map(async (path) => {
      const parent = path.split('/').slice(0, -1).join('/');
      const found = (await monorepo.entries(parent, call)).get(path.split('/').at(-1) ?? '');
      return { path, kind: found?.kind ?? 'file' };
    }),
  );
  for (const { path, kind } of [...libs, ...more]) {
    if (kind === 'file' || path === CONTROL_PLANE || all.some((known) => known.path === path)) continue;
    if (kind === 'folder' && !(await isDefinition(monorepo, path, call))) continue;
    const name = path.split('/').at(-1) ?? path;
    all.push({ repository: `${organisation}/${name}`, path, kind: 'container', own: kind === 'link' });
  }
  return all;
}

async function isDefinition(monorepo: Monorepo, path: string, call: Call): Promise<boolean> {
  const names = await monorepo.entries(path, call);
  return DEFINITIONS.some((name) => names.has(name));
}
