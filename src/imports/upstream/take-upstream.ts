import { GitopsError } from '../../model/errors.ts';
import type { Settings } from '../../model/settings.ts';
import type { Item } from '../directory/hooks.ts';
import { readEnv } from './read-env.ts';
import { offeredCalls } from './recipe-items.ts';
import { type SiteSettings, siteSettings } from './site-settings.ts';
import { type TakenLib, takeLib, type UpstreamFacts } from './take-lib.ts';

export interface UpstreamInput {
  readonly facts: UpstreamFacts;
  readonly organisation: string;
  readonly schema: (path: string) => string;
  /** Settings as they are with the repository's own network. */
  readonly settingsWith: (network: Readonly<Record<string, string>>) => Settings;
  /** Texts of our own cookbook. */
  readonly cookbook: Readonly<Record<string, string>>;
}

export interface TakenUpstream {
  readonly definitions: readonly TakenLib[];
  /** Further new files by path in the target. */
  readonly written: ReadonlyMap<string, string>;
  readonly items: readonly Item[];
}

/** Where our settings stand in the target. */
export const SITE_FILE = 'local/config.json';

/** Top-level parts of such a repository, with what stands for them here. */
const REPLACED: Readonly<Record<string, string>> = {
  base: 'the playbook that creates containers and their baseline: both are done by pve-gitops (users app and config, packages, SSH)',
  config:
    'the cookbook of their control plane: this project brings its own (libs/config), and the libraries that recipes expect',
  'local/share':
    'keys, certificates and snapshots of /share: not read; SSH keys are not needed any more, the rest is yours to copy',
  'tasks/deploy': 'AUTO_DEPLOY of the control plane stands for it',
  'tasks/health': 'checks stand in a definition (health), and their result in the container’s notes',
  'tasks/update':
    'dist-upgrade of every container of the node: pve-gitops changes only its own, by a deploy with the setting upgrade',
};

/** A Proxmox-GitOps repository in our form, with everything that could not be taken over. Pure. */
export function takeUpstream({ facts, ...input }: UpstreamInput): TakenUpstream {
  const libs = [...new Set([...facts.paths, ...facts.hollow.map((path) => `${path}/`)].flatMap(libOf))].toSorted();
  const isTheirs = facts.paths.some((path) => /^(?:libs\/[^/]+\/)?(?:config|container)\.env$/.test(path));
  if (!isTheirs) {
    throw new GitopsError('user', `Unable to import ${facts.shown}: it is no Proxmox-GitOps repository`, {
      advice: ['its root has container.env (or config.env), and libs/ with a directory for each container'],
    });
  }
  const site = siteOf(facts);
  const settings = input.settingsWith(site.network);
  const context = { ...input, facts, settings, asRoot: site.hasPassword, offered: offeredCalls(input.cookbook) };
  const results = libs.map((path) => takeLib(path, context));
  const globals = globalsOf(facts);
  const written = new Map(globals.written);
  if (Object.keys(site.values).length > 0) written.set(SITE_FILE, `${JSON.stringify(site.values, null, 2)}\n`);
  return {
    definitions: results.flatMap((result) => ('desired' in result ? [result] : [])),
    written,
    items: [
      ...controlPlane(facts),
      ...results.flatMap(({ items }) => items),
      ...globals.items,
      ...site.items,
      ...Object.entries(REPLACED).flatMap(([place, text]) =>
        facts.paths.some((path) => path.startsWith(`${place}/`)) ? [{ place, text }] : [],
      ),
    ],
  };
}

function libOf(path: string): string[] {
  const match = /^libs\/[^/]+(?=\/)/.exec(path);
  return match === null ? [] : [match[0]];
}

/** The file for this machine counts over the one in git, as there. */
function siteOf({ paths, text }: UpstreamFacts): SiteSettings {
  const files = ['local/config.local.json', 'local/config.json', 'local/.config.json'];
  const found = files.find((path) => paths.includes(path));
  return found === undefined
    ? { values: {}, network: {}, hasPassword: false, items: [] }
    : siteSettings(found, text(found));
}

function controlPlane({ paths, text }: UpstreamFacts): Item[] {
  const path = paths.find((entry) => /^(?:config|container)\.env$/.test(entry));
  if (path === undefined) return [];
  const { keys } = readEnv({ path, text: text(path) }, true);
  const said = keys.map(({ key, value }) => `${key} ${JSON.stringify(value)}`).join(', ');
  const why = 'their control plane stays as it is, and ours is made beside it: give it another vmid and address';
  return [{ place: path, text: `${why} (there: ${said})` }];
}

/** Values that recipes read with Env.get: they were variables of the organisation, and are here. */
function globalsOf({ paths, text }: UpstreamFacts): {
  readonly written: readonly (readonly [string, string])[];
  readonly items: readonly Item[];
} {
  const all: Record<string, string> = {};
  const items: Item[] = [];
  for (const path of ['globals.json', 'globals.local.json'].filter((entry) => paths.includes(entry))) {
    try {
      const parsed: unknown = JSON.parse(text(path));
      if (typeof parsed !== 'object' || parsed === null) throw new TypeError('no object');
      if (path.includes('.local.')) {
        items.push({ place: path, text: 'is for one machine, and was not copied: set its values in the forge' });
        continue;
      }
      for (const [name, value] of Object.entries(parsed)) {
        all[name] = typeof value === 'string' ? value : JSON.stringify(value);
      }
    } catch {
      items.push({ place: path, text: 'is no JSON and was not read' });
    }
  }
  const names = Object.keys(all);
  if (names.length === 0) return { written: [], items };
  const where =
    'recipes find them with Env.get: adopt --all keeps them in the site’s own store, with a forge set them there';
  return {
    written: [['globals.json', `${JSON.stringify(all, null, 2)}\n`]],
    items: [...items, { place: 'globals.json', text: `${names.join(', ')}: ${where}` }],
  };
}
