import { definitionFiles } from '../../definition/files.ts';
import { parseDefinition } from '../../definition/parse.ts';
import { type KeyToWrite, writeDefinition } from '../../definition/write.ts';
import { resolve } from '../../desired/resolve.ts';
import type { Desired } from '../../model/desired.ts';
import { formatProblem, ProblemsError } from '../../model/errors.ts';
import type { Settings } from '../../model/settings.ts';
import { inOrder } from '../definition-key.ts';
import type { Item } from '../directory/hooks.ts';
import { type ReadEnv, readEnv } from './read-env.ts';
import { recipeItems } from './recipe-items.ts';
import { takeWorkflow } from './take-workflow.ts';

/** A repository as it stands; nothing of it is ever changed. */
export interface UpstreamFacts {
  /** As the person calls it. */
  readonly shown: string;
  /** Files below it, with `/`, without `.git`. */
  readonly paths: readonly string[];
  /** Folders in which nothing is: submodules that are not checked out. */
  readonly hollow: readonly string[];
  /** Symlinks that lead out of it. */
  readonly strays: readonly string[];
  readonly text: (path: string) => string;
}

export interface LibContext {
  readonly facts: UpstreamFacts;
  /** Organisation that the repositories will be in. */
  readonly organisation: string;
  /** The address of the JSON Schema, as seen from a file of the target. */
  readonly schema: (path: string) => string;
  readonly settings: Settings;
  /** Containers were made by root@pam, with keyctl and CIFS mounts. */
  readonly asRoot: boolean;
  readonly offered: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface TakenLib {
  /** `libs/broker` */
  readonly path: string;
  readonly desired: Desired;
  /** Stages with a file of their own. */
  readonly stages: readonly string[];
  /** New files by path in the target. */
  readonly written: ReadonlyMap<string, string>;
  /** Files that are taken as they stand. */
  readonly copied: readonly string[];
  readonly items: readonly Item[];
}

const ENV = /^(config|container)(?:\.([a-z][a-z0-9-]*))?\.env$/;

/** A container's directory: its env files become container.yml with overlays, everything else comes along as it is. */
export function takeLib(
  path: string,
  { facts, ...context }: LibContext,
): TakenLib | { readonly items: readonly Item[] } {
  const own = facts.paths.filter((entry) => entry.startsWith(`${path}/`));
  const names = own.map((entry) => entry.slice(path.length + 1));
  const layers = names.flatMap((name) => {
    const match = ENV.exec(name);
    return match === null ? [] : [{ file: `${path}/${name}`, layer: match[2] }];
  });
  const base = layers.find(({ layer }) => layer === undefined);
  if (base === undefined) return { items: [withoutBase(path, facts)] };
  const items: Item[] = [];
  const written = new Map<string, string>();
  const read = new Map<string, ReadEnv>();
  for (const { file, layer } of [base, ...layers.filter((entry) => entry !== base)]) {
    const env = readEnv({ path: file, text: facts.text(file) }, layer === undefined);
    items.push(...env.items);
    read.set(layer ?? '', env);
    const keys = [...env.keys, ...(layer === undefined && context.asRoot ? [featuresOf(env)] : [])];
    const target = `${path}/container${layer === undefined ? '' : `.${layer}`}.yml`;
    const head = [
      ...(layer === undefined ? [`yaml-language-server: $schema=${context.schema(target)}`] : []),
      `Made from ${file}.`,
    ];
    written.set(target, writeDefinition({ head, keys: inOrder(keys), tail: [] }));
  }
  if ([...read.values()].some(({ broken }) => broken)) {
    return { items: [...items, { place: path, text: 'was not written: mend these lines there, and import again' }] };
  }
  items.push(...orderItems(path, read));
  const copied: string[] = [];
  for (const entry of own) {
    const name = entry.slice(path.length + 1);
    if (ENV.test(name)) continue;
    if (facts.strays.includes(entry)) {
      items.push({ place: entry, text: 'is a symlink that leads out of the repository, and was not copied' });
      continue;
    }
    if (/^\.gitea\/workflows\/[^/]+\.ya?ml$/.test(name)) {
      const workflow = takeWorkflow(entry, facts.text(entry), context.organisation);
      written.set(entry, workflow.text);
      items.push(...workflow.items);
      continue;
    }
    copied.push(entry);
    if (/\.(?:rb|erb)$/.test(name)) items.push(...recipeItems(entry, facts.text(entry), context.offered));
  }
  const stages = [...read.keys()].filter((layer) => layer !== '' && layer !== 'local');
  const understood = readBack(path, names, written, stages, context);
  if (!('desired' in understood)) return { items: [...items, ...understood.problems] };
  return { path, desired: understood.desired, stages, written, copied, items };
}

function withoutBase(path: string, { paths, hollow }: UpstreamFacts): Item {
  if (hollow.includes(path)) {
    return { place: path, text: 'is empty: git submodule update --init, then import again' };
  }
  const recipe = paths.includes(`${path}/recipes/default.rb`)
    ? ': its recipe was converged within the control plane'
    : '';
  return { place: path, text: `has no container.env and is no container of its own${recipe}` };
}

/** As their playbook makes containers with root’s password. */
function featuresOf({ mounts }: ReadEnv): KeyToWrite {
  const value = { nesting: 'yes', keyctl: 'yes', ...(mounts ? { mount: ['cifs'] } : {}) };
  return {
    key: 'features',
    value,
    comment: ['As the containers were made; a new one needs root@pam for all but nesting.'],
  };
}

/** There a stage's file came after the local one; here it is the other way round. */
function orderItems(path: string, read: ReadonlyMap<string, ReadEnv>): Item[] {
  const local = read.get('local');
  if (local === undefined) return [];
  return [...read].flatMap(([layer, { names }]) => {
    const both = [...names.keys()].filter((name) => local.names.has(name));
    if (layer === '' || layer === 'local' || both.length === 0) return [];
    const place = `${path}/container.local.yml`;
    return [{ place, text: `now counts over stage ${layer} for ${both.join(', ')}: there it was the other way round` }];
  });
}

function readBack(
  path: string,
  names: readonly string[],
  written: ReadonlyMap<string, string>,
  stages: readonly string[],
  { settings, organisation }: Omit<LibContext, 'facts'>,
): { readonly desired: Desired } | { readonly problems: readonly Item[] } {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const files = [...written].map(
    ([file, text]) => [file.slice(path.length + 1), new TextEncoder().encode(text)] as const,
  );
  const listing = [...names.filter((entry) => !ENV.test(entry)), ...files.map(([file]) => file)];
  const resolved = (stage: string): Desired => {
    const own = new Map(files.filter(([file]) => definitionFiles(stage).includes(file)));
    const who = { name, owner: `${organisation}/${name}`, stage };
    return resolve(parseDefinition({ directory: path, stage, files: own, names: listing }), settings, who);
  };
  try {
    for (const stage of stages) resolved(stage);
    return { desired: resolved('main') };
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const text = (problem: (typeof error.problems)[number]) => `cannot be taken over: ${formatProblem(problem)}`;
    return { problems: error.problems.map((problem) => ({ place: path, text: text(problem) })) };
  }
}
