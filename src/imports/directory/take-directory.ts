import { BUILD_SCRIPT, isOneDirectoryForm, PRIVATE_FILE, SETTINGS_FILE } from '../../configure/directory-variables.ts';
import { DATA_PATH } from '../../configure/keep-data.ts';
import { definitionFiles } from '../../definition/files.ts';
import { parseDefinition } from '../../definition/parse.ts';
import { type KeyToWrite, writeDefinition } from '../../definition/write.ts';
import type { Identity } from '../../desired/identity.ts';
import { resolve } from '../../desired/resolve.ts';
import type { Desired } from '../../model/desired.ts';
import { formatProblem, GitopsError, ProblemsError } from '../../model/errors.ts';
import { GIB } from '../../model/property-string.ts';
import type { Settings } from '../../model/settings.ts';
import { inOrder } from '../definition-key.ts';
import { DEFINITION_FILE } from '../take-over.ts';
import type { Item } from './hooks.ts';
import { readSettings } from './read-settings.ts';
import { builderOf, scriptItems } from './scripts.ts';
import { takeSettings } from './take-settings.ts';

/** What git does not have, and this machine's runs read over the definition. */
export const PRIVATE_DEFINITION = 'container.local.yml';

/** A directory in the one-directory-per-container form, as it stands. */
export interface DirectoryFacts {
  /** Absolute. */
  readonly directory: string;
  /** As the person calls it. */
  readonly shown: string;
  /** The JSON Schema, as seen from it. */
  readonly schema: string;
  /** Names in it, and those in `bin` as `bin/NAME`. */
  readonly names: readonly string[];
  /** configSettings, .env, scripts and definition files that are there. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly data:
    | { readonly kind: 'none' }
    | { readonly kind: 'directory'; readonly bytes: number }
    | { readonly kind: 'link'; readonly target: string };
  /** `../.data/NAME`, where an older state of the form has its data. */
  readonly olderData?: string;
}

export interface TakenDirectory {
  /** New files: name → text. */
  readonly files: ReadonlyMap<string, string>;
  /** What became a key. */
  readonly taken: readonly Item[];
  /** What could not be taken over, or works in another way. */
  readonly items: readonly Item[];
  /** Names of variables that the scripts get from both files. */
  readonly variables: readonly string[];
  readonly desired: Desired;
}

/** The definition of such a directory, and what it does not say. Pure. Throws kind user for a directory of another form. */
export function takeDirectory(facts: DirectoryFacts, settings: Settings, who: Identity): TakenDirectory {
  const { names, files } = facts;
  const builder = builderOf(names);
  if (!isOneDirectoryForm(names) && builder === undefined) {
    throw new GitopsError(
      'user',
      `Unable to import ${facts.shown}: it has no ${SETTINGS_FILE} and no ${BUILD_SCRIPT}`,
      {
        advice: [
          'a container that exists: pve-gitops import --vmid N',
          'a Proxmox-GitOps repository: pve-gitops import upstream DIR',
        ],
      },
    );
  }
  const read = readSettings(files);
  const made = takeSettings(read.known, { storage: settings.storage, bridge: settings.network.bridge });
  const data = dataOf(facts, settings.storage);
  const others = names.includes('recipes') || names.includes('playbook.yml');
  const engine: KeyToWrite[] = others ? [{ key: 'engine', value: 'shell' }] : [];
  const items = [
    ...read.items,
    ...made.items,
    ...data.items,
    ...scriptItems(names, files, read.known.get('template')?.value),
    ...(made.hidden.length > 0
      ? [
          {
            place: PRIVATE_DEFINITION,
            text: `has what ${PRIVATE_FILE} says: keep it out of git as well`,
            note: true as const,
          },
        ]
      : []),
  ];
  const written = new Map<string, string>();
  if (builder !== undefined && !names.includes(BUILD_SCRIPT)) written.set(BUILD_SCRIPT, builder);
  written.set(
    DEFINITION_FILE,
    writeDefinition({
      head: [
        `yaml-language-server: $schema=${facts.schema}`,
        `Made from ${SETTINGS_FILE}, whose other assignments reach the scripts as variables.`,
      ],
      keys: inOrder([...made.keys, ...data.keys, ...engine]),
      tail: tailOf(items),
    }),
  );
  if (made.hidden.length > 0) {
    const head = [`Made from ${PRIVATE_FILE}: for this machine only, never for git.`];
    written.set(PRIVATE_DEFINITION, writeDefinition({ head, keys: inOrder(made.hidden), tail: [] }));
  }
  const desired = understood(facts, written, settings, who);
  return { files: written, taken: made.taken, items, variables: read.variables, desired };
}

function tailOf(items: readonly Item[]): readonly string[] {
  const left = items.filter(({ note }) => note !== true);
  return left.length === 0 ? [] : ['Not taken over:', ...left.map(({ place, text }) => `  ${place} ${text}`)];
}

/** Twice what is there now, so that it can grow for a while. */
function dataOf(
  { data, olderData }: DirectoryFacts,
  storage: string,
): { readonly keys: readonly KeyToWrite[]; readonly items: readonly Item[] } {
  switch (data.kind) {
    case 'directory': {
      const size = Math.max(1, Math.ceil((2 * data.bytes) / GIB));
      const comment = [
        'data: its content is copied into it once, with the first deploy; it outlives the root file system.',
      ];
      const value = { data: { path: DATA_PATH, disk: `${storage}:${size}` } };
      return { keys: [{ key: 'volumes', value, comment }], items: [] };
    }
    case 'link': {
      const text = `is a symlink: ${data.target} of the node is mounted, which needs root@pam, and no backup has it`;
      return {
        keys: [{ key: 'mount', value: `${data.target}:${DATA_PATH}` }],
        items: [{ place: 'data', text, note: true }],
      };
    }
    case 'none': {
      const text = `data of an older state of this form: move it to data, or make data a symlink to it, and import again`;
      return { keys: [], items: olderData === undefined ? [] : [{ place: olderData, text }] };
    }
    default:
      return data satisfies never;
  }
}

/** What was written is read back as a deploy reads it. */
function understood(
  { directory, shown, names, files }: DirectoryFacts,
  written: ReadonlyMap<string, string>,
  settings: Settings,
  who: Identity,
): Desired {
  const encoder = new TextEncoder();
  const all = new Map([...files, ...[...written].map(([name, text]) => [name, encoder.encode(text)] as const)]);
  const wanted = definitionFiles(who.stage);
  const definition = new Map([...all].filter(([name]) => wanted.includes(name)));
  try {
    const input = {
      directory,
      stage: who.stage,
      files: definition,
      names: [...new Set([...names, ...written.keys()])],
    };
    return resolve(parseDefinition(input), settings, who);
  } catch (error) {
    if (!(error instanceof ProblemsError)) throw error;
    const problems = error.problems.map((problem) => `  ${formatProblem(problem)}`).join('\n');
    throw new GitopsError('user', `Unable to import ${shown}: no definition may say what stands there\n${problems}`, {
      cause: error,
      advice: [`mend it in ${SETTINGS_FILE}, and import again`],
    });
  }
}
