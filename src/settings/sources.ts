import type { Problem } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { Origin } from '../model/settings.ts';
import { JsonSyntaxError, readJson } from './json.ts';
import { readLeaves } from './leaves.ts';
import { type SettingName, settingNames, settingRows } from './table.ts';

export interface Sources {
  /** By input name (`proxmox-host`), without dashes before it; empty ones count as not given. */
  readonly flags: Readonly<Record<string, string>>;
  /** Whether `flags` are options of the CLI or inputs of an action; default: flag. */
  readonly flagsAre?: 'flag' | 'input';
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The first one counts, the others are not looked at (readSettingsFiles gives at most one). */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /**
   * What the local node says of itself, by key (`proxmox.host`). Stronger than all else: half of another server's
   * connection, its storages and its bridge are of no use to it.
   */
  readonly local?: { readonly origin: Origin; readonly values: Readonly<Record<string, string>> };
}

/** The text of one setting and where it is from. */
export interface Given {
  readonly text: string;
  /** 0 is the strongest source. */
  readonly rank: number;
  readonly origin: Origin;
  readonly place: Pick<Problem, 'file' | 'line' | 'column' | 'key'>;
}

export interface Collected {
  readonly given: ReadonlyMap<SettingName, Given>;
  readonly problems: readonly Problem[];
  /** Every secret that any source holds, also one that a stronger source hides. */
  readonly secrets: readonly string[];
}

interface Layer {
  readonly given: ReadonlyMap<SettingName, Omit<Given, 'rank'>>;
  readonly problems: readonly Problem[];
}

/** Joins the sources, strongest first. Never throws: what is wrong is in `problems`. */
export function collect(sources: Sources): Collected {
  const layers = [...fromLocal(sources), fromFlags(sources), fromEnvironment(sources), ...fromFiles(sources)];
  const given = new Map<SettingName, Given>();
  const secrets = new Set<string>();
  for (const [rank, layer] of layers.entries()) {
    for (const [name, found] of layer.given) {
      // A local node has no pool of another server's.
      if (name === 'pool' && sources.local !== undefined) continue;
      if (settingRows[name].secret) secrets.add(found.text);
      if (!given.has(name)) given.set(name, { ...found, rank });
    }
  }
  return { given, problems: layers.flatMap((layer) => layer.problems), secrets: [...secrets] };
}

/** Whether anything says where Proxmox VE is; when not, the CLI offers the local node. */
export function namesHost(sources: Sources): boolean {
  return collect(sources).given.has('hosts');
}

function fromFlags({ flags, flagsAre = 'flag' }: Sources): Layer {
  const given = new Map<SettingName, Omit<Given, 'rank'>>();
  const problems: Problem[] = [];
  const names = new Map(settingNames.map((name) => [settingRows[name].input, name]));
  for (const [input, raw] of Object.entries(flags)) {
    const shown = flagsAre === 'flag' ? `--${input}` : input;
    const place = { file: flagsAre === 'flag' ? 'command line' : 'action inputs', key: shown };
    const name = names.get(input);
    if (name !== undefined) add(given, name, raw, flagsAre === 'flag' ? shown : `input ${input}`, place);
    else if (input !== 'config')
      problems.push({ ...place, message: 'is not a setting', ...didYouMean(input, names.keys()) });
  }
  return { given, problems };
}

function fromEnvironment({ environment }: Sources): Layer {
  const given = new Map<SettingName, Omit<Given, 'rank'>>();
  for (const name of settingNames) {
    const key = settingRows[name].environment;
    add(given, name, environment[key] ?? '', `environment ${key}`, { file: 'environment', key });
  }
  return { given, problems: [] };
}

function fromFiles({ files }: Sources): Layer[] {
  const file = files[0];
  if (file === undefined) return [];
  const given = new Map<SettingName, Omit<Given, 'rank'>>();
  try {
    const { leaves, problems } = readLeaves(file.path, readJson(file.text));
    for (const { name, text, place } of leaves) add(given, name, text, `${file.path}: ${place.key}`, place);
    return [{ given, problems }];
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    const problem = { file: file.path, line: error.line, column: error.column, message: `not JSON: ${error.message}` };
    return [{ given, problems: [problem] }];
  }
}

function fromLocal({ local }: Sources): Layer[] {
  if (local === undefined) return [];
  const given = new Map<SettingName, Omit<Given, 'rank'>>();
  for (const name of settingNames) {
    const { key } = settingRows[name];
    add(given, name, local.values[key] ?? '', local.origin, { file: local.origin, key });
  }
  return [{ given, problems: [] }];
}

function add(
  given: Map<SettingName, Omit<Given, 'rank'>>,
  name: SettingName,
  raw: string,
  origin: Origin,
  place: Given['place'],
): void {
  // A password may begin or end with a blank; elsewhere blanks are slips, and forges send empty inputs as ''.
  const text = settingRows[name].secret ? raw : raw.trim();
  if (text.trim() !== '') given.set(name, { text, origin, place });
}

function didYouMean(word: string, known: Iterable<string>): { readonly fix?: string } {
  const near = nearest(word, known);
  return near === undefined ? {} : { fix: `did you mean ${near}?` };
}
