import { fieldNames, fields } from '../definition/fields.ts';
import { type KeyToWrite, type PlainValue, writeDefinition } from '../definition/write.ts';
import { parseDescription } from '../model/mark.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Settings } from '../model/settings.ts';
import { effectiveConfig } from '../plan/edit.ts';
import { normalText } from '../plan/text.ts';
import { leftOutOf } from './left-out.ts';
import { networkOf } from './network.ts';
import { optionsOf } from './options.ts';
import type { Config, Note, Part } from './part.ts';
import { resourcesOf } from './resources.ts';
import { storageOf } from './storage.ts';

/** What is known about a container beside its state. */
export interface ImportFacts {
  /** What a definition is completed with. */
  readonly settings: Pick<Settings, 'network' | 'share'>;
  readonly pool?: string;
  /** Where an editor finds the JSON Schema, as seen from the new file. */
  readonly schema: string;
  /** Raw `lxc.*` lines. */
  readonly rawLines: readonly string[];
  /** Names. */
  readonly snapshots: readonly string[];
}

export interface ImportedDefinition {
  /** Text of container.yml. */
  readonly text: string;
  /** What could not be taken over, in the order of the file. */
  readonly notes: readonly Note[];
}

/** A definition that describes a container as it will be once what is pending has been applied. Pure. */
export function definitionOf(state: ContainerState, facts: ImportFacts): ImportedDefinition {
  const config = effectiveConfig(state);
  const { text, mark } = parseDescription(config.description);
  const own = mark?.vmid === state.vmid ? mark : undefined;
  const { share, network } = facts.settings;
  const parts: readonly Part[] = [
    identityOf(state.vmid, config, own?.template),
    networkOf(config, network),
    resourcesOf(config),
    storageOf(config, {
      vmid: state.vmid,
      ...(share === undefined ? {} : { share }),
      ...(own?.volumes === undefined ? {} : { names: own.volumes }),
    }),
    optionsOf(config, { text: normalText(text), ...(facts.pool === undefined ? {} : { pool: facts.pool }) }),
  ];
  const checked = parts.flatMap((part) => part.keys).map(accepted);
  const order = new Map(fieldNames.map((name, index) => [fields[name].yaml, index]));
  const keys = checked
    .flatMap((part) => part.keys)
    .toSorted((a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0));
  const notes = [
    ...parts.flatMap((part) => part.notes),
    ...checked.flatMap((part) => part.notes),
    ...leftOutOf(config, { node: state.node, ...facts }),
  ];
  return { text: writeDefinition({ head: headOf(state, facts.schema), keys, tail: tailOf(notes) }), notes };
}

function identityOf(vmid: number, config: Config, template: string | undefined): Part {
  const comment =
    template === undefined
      ? ['What its root file system was made from is not known; a new one is made from the newest Debian.']
      : [`Its root file system was made from ${template}.`];
  return {
    keys: [
      { key: 'vmid', value: vmid, comment },
      // What Proxmox VE calls one that has no name.
      { key: 'hostname', value: config.hostname ?? `CT${vmid}` },
    ],
    notes: [],
  };
}

const byYaml = new Map(fieldNames.map((name) => [fields[name].yaml, fields[name]]));

/** The key, when container.yml takes its value; of lists and maps of things those parts that it takes. */
function accepted(written: KeyToWrite): Part {
  const { key, value } = written;
  const field = byYaml.get(key);
  const takes = (candidate: PlainValue): boolean => field !== undefined && 'value' in field.read(candidate);
  if (takes(value)) return { keys: [written], notes: [] };
  const note = (part: PlainValue): Note => ({ key, text: `${shown(part)} is nothing that container.yml takes` });
  if (SEPARABLE.has(key) && isList(value)) {
    const kept = value.filter((item) => takes([item]));
    const notes = value.filter((item) => !kept.includes(item)).map(note);
    if (kept.length > 0 && takes(kept)) return { keys: [{ ...written, value: kept }], notes };
  }
  if (key === 'volumes' && typeof value === 'object' && !isList(value)) {
    const entries = Object.entries(value);
    const kept = entries.filter(([name, volume]) => takes({ [name]: volume }));
    const notes = entries.filter((entry) => !kept.includes(entry)).map(([, volume]) => note(volume));
    if (kept.length > 0) return { keys: [{ ...written, value: Object.fromEntries(kept) }], notes };
  }
  return { keys: [], notes: [note(value)] };
}

/** Lists whose items stand for themselves. A shorter list of tags would take tags away, one of name servers a server. */
const SEPARABLE = new Set(['mount', 'devices']);

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function shown(value: PlainValue): string {
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

function headOf(state: ContainerState, schema: string): readonly string[] {
  return [`yaml-language-server: $schema=${schema}`, `Taken over from container ${state.vmid}.`];
}

function tailOf(notes: readonly Note[]): readonly string[] {
  if (notes.length === 0) return [];
  return ['Not taken over:', ...notes.map(({ key, text }) => `  ${key}: ${text}`)];
}
