import { createHash } from 'node:crypto';

/** Keys and values as texts, the form Proxmox VE keeps them in. `description` is one of them. */
export type Values = Record<string, string>;

/** A guest's config file, parsed. Mutable on purpose: a change is made on a copy and written whole. */
export interface GuestConfig {
  values: Values;
  /** raw `lxc.*` lines in their order */
  raw: [string, string][];
  /** with `delete`: keys to be removed */
  pending: Values;
  snapshots: Record<string, { values: Values; raw: [string, string][] }>;
}

export function emptyConfig(): GuestConfig {
  return { values: {}, raw: [], pending: {}, snapshots: {} };
}

/** SHA-1 of the file: checked against recorded digests. */
export function digestOf(text: string): string {
  return createHash('sha1').update(text, 'utf8').digest('hex');
}

/** Control characters, `%`, `:` and everything beyond ASCII become %XX (PVE::Tools::encode_text). */
function encodeText(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => {
      const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && byte !== 0x3a;
      return plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function decodeText(text: string): string {
  const bytes = Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  return bytes.toString('utf8');
}

/** Perl's split drops empty fields at the end, and so do the comment lines. */
function descriptionLines(description: string): string[] {
  const lines = description.split('\n');
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  return lines;
}

function printSection(section: {
  readonly values: Values;
  readonly raw: readonly (readonly [string, string])[];
}): string {
  const { description = '', ...values } = section.values;
  const comments = descriptionLines(description).map((line) => `#${encodeText(line)}\n`);
  const lines = Object.keys(values)
    .sort()
    .map((key) => `${key}: ${values[key]}\n`);
  return [...comments, ...lines, ...section.raw.map(([key, value]) => `${key}: ${value}\n`)].join('');
}

/** The file's text, byte for byte as pve-container writes it. */
export function printConfig(config: GuestConfig): string {
  let text = printSection(config);
  if (Object.keys(config.pending).length > 0) {
    text += `\n[pve:pending]\n${printSection({ values: config.pending, raw: [] })}`;
  }
  for (const name of Object.keys(config.snapshots).sort()) {
    const snapshot = config.snapshots[name];
    if (snapshot !== undefined) text += `\n[${name}]\n${printSection(snapshot)}`;
  }
  return text;
}

/** Reads a file of ours, or one that pve-container wrote; lines that are neither are dropped, as it does. */
export function parseConfig(text: string): GuestConfig {
  const config = emptyConfig();
  let section: { values: Values; raw: [string, string][] } = config;
  let description = '';
  const finish = (): void => {
    if (description !== '') section.values.description = description;
    description = '';
  };
  for (const line of text.split('\n')) {
    const header = /^\[([a-z][a-z0-9_:-]+)\]\s*$/i.exec(line)?.[1];
    if (header !== undefined) {
      finish();
      if (header.toLowerCase() === 'pve:pending') {
        section = { values: config.pending, raw: [] };
      } else {
        const snapshot: { values: Values; raw: [string, string][] } = { values: {}, raw: [] };
        config.snapshots[header] = snapshot;
        section = snapshot;
      }
    } else if (line.startsWith('#')) {
      description += `${decodeText(line.slice(1))}\n`;
    } else {
      const raw = /^(lxc\.[a-z0-9_\-.]+)(?::|\s*=)\s*(.*?)\s*$/.exec(line);
      const entry = /^([a-z][a-z_]*\d*):\s*(.+?)\s*$/.exec(line);
      if (raw?.[1] !== undefined) section.raw.push([raw[1], raw[2] ?? '']);
      else if (entry?.[1] !== undefined) section.values[entry[1]] = entry[2] ?? '';
    }
  }
  finish();
  return config;
}
