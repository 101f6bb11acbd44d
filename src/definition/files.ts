import type { Problem } from '../model/errors.ts';

export type Format = 'env' | 'yaml';

interface Base {
  readonly name: string;
  readonly stem: string;
  readonly extension: string;
  readonly format: Format;
}

const BASES: readonly Base[] = [
  { name: 'config.env', stem: 'config', extension: '.env', format: 'env' },
  { name: 'container.env', stem: 'container', extension: '.env', format: 'env' },
  { name: 'container.yml', stem: 'container', extension: '.yml', format: 'yaml' },
];

export const BASE_NAMES = BASES.map((base) => base.name);

/** Base and overlays, later wins: `config.env`, `config.develop.env`, `config.local.env`. */
function layersOf(base: Base, stage: string): string[] {
  const overlays = [...new Set([stage, 'local'])].map((word) => `${base.stem}.${word}${base.extension}`);
  return [base.name, ...overlays];
}

/** Every file that a definition of this stage may have; to be read where it is there. */
export function definitionFiles(stage: string): readonly string[] {
  return BASES.flatMap((base) => layersOf(base, stage));
}

export interface ChosenFiles {
  readonly format: Format;
  /** Those that are there, base first. */
  readonly names: readonly string[];
}

/** The one base that is there with its overlays, or what is wrong about the files. */
export function chooseFiles(
  directory: string,
  stage: string,
  present: ReadonlySet<string>,
  names: readonly string[],
): ChosenFiles | { readonly problems: readonly Problem[] } {
  const found = BASES.filter((base) => present.has(base.name));
  const [base, second] = found;
  if (base === undefined) return { problems: [missing(directory, names)] };
  if (second !== undefined) {
    const message = `is a second definition beside ${base.name}`;
    return { problems: [{ file: second.name, line: 1, message, fix: 'keep one of them' }] };
  }
  const layers = layersOf(base, stage);
  const stray = definitionFiles(stage).filter((name) => present.has(name) && !layers.includes(name));
  if (stray.length > 0) {
    const problem = (file: string): Problem => {
      const fix = `overlays of ${base.name} are named ${base.stem}.STAGE${base.extension}`;
      return { file, line: 1, message: `overlays a file that is not there`, fix };
    };
    return { problems: stray.map(problem) };
  }
  return { format: base.format, names: layers.filter((name) => present.has(name)) };
}

function missing(directory: string, names: readonly string[]): Problem {
  const message = `holds no ${BASE_NAMES.slice(0, -1).join(', no ')} and no ${BASE_NAMES.at(-1)}`;
  const almost = names.find((name) => BASE_NAMES.some((base) => nearName(name) === nearName(base)));
  return { file: directory, message, ...(almost === undefined ? {} : { fix: `rename ${almost}` }) };
}

/** `Config.env`, `container.yaml` and `.config.env` were meant as definitions. */
function nearName(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\./, '')
    .replace(/\.yaml$/, '.yml');
}
