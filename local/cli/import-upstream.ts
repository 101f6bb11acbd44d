import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CINC_FILES } from '../../src/configure/cinc-files.ts';
import { definitionSchemaText } from '../../src/definition/json-schema.ts';
import type { UpstreamFacts } from '../../src/imports/upstream/take-lib.ts';
import { SITE_FILE, type TakenUpstream, takeUpstream } from '../../src/imports/upstream/take-upstream.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { summaryOf } from '../../src/report/desired.ts';
import { EXIT } from '../../src/report/exit-code.ts';
import { plainLine } from '../../src/report/plain-text.ts';
import type { Style } from '../../src/report/style.ts';
import type { CommonOptions } from './context.ts';
import { offline } from './offline.ts';

export interface ImportUpstreamOptions extends CommonOptions {
  /** The folder that is written. */
  readonly to?: string;
  /** Organisation of the repositories; that of the project is srv. */
  readonly organisation?: string;
}

/** For editors, beside the definitions. */
const SCHEMA_FILE = 'container.schema.json';

/** Bigger ones are no part of a definition, and only their place matters. */
const LARGEST = 1024 * 1024;

/** Reads a Proxmox-GitOps repository and writes it in our form into another folder. Asks no server, and changes nothing there. */
export function importUpstream(shown: string, options: ImportUpstreamOptions): Promise<number> {
  const { to, organisation = 'srv', json = false } = options;
  const source = resolve(shown);
  const target = targetOf(source, to);
  const { terminal } = offline(options);
  const taken = takeUpstream({
    facts: factsOf(source, shown),
    organisation,
    schema: (path) => `${'../'.repeat(path.split('/').length - 1)}${SCHEMA_FILE}`,
    settingsWith: (network) => offline({ ...options, settings: { ...asFlags(network), ...options.settings } }).settings,
    cookbook: CINC_FILES,
  });
  write(source, target, taken);
  if (json) terminal.json(JSON.stringify({ version: 1, kind: 'imported-upstream', target, ...shownOf(taken) }));
  else terminal.print(linesOf(shown, relative(process.cwd(), target) || '.', taken, terminal.style));
  return Promise.resolve(EXIT.ok);
}

function asFlags(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key.replaceAll(/[._]/g, '-'), value]));
}

/** Never within the source, and never over something that is there. */
function targetOf(source: string, to: string | undefined): string {
  if (to === undefined) {
    throw new GitopsError('user', 'Unable to import: the folder to write is not named', {
      advice: ['pve-gitops import upstream DIR --to FOLDER'],
    });
  }
  const target = resolve(to);
  const refuse = (reason: string): GitopsError =>
    new GitopsError('user', `Unable to import into ${to}: ${reason}`, { advice: ['name a new folder'] });
  if (!relative(source, target).startsWith('..')) throw refuse('it lies within what is imported, which is not changed');
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found?.isDirectory() === true ? readdirSync(target).length > 0 : found !== undefined) throw refuse('it is there');
  return target;
}

function factsOf(root: string, shown: string): UpstreamFacts {
  const paths: string[] = [];
  const hollow: string[] = [];
  const strays: string[] = [];
  const walk = (folder: string): void => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true }).filter(({ name }) => name !== '.git');
    if (entries.length === 0) hollow.push(folder);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
      if (entry.isSymbolicLink() && !isWithin(root, join(root, path))) strays.push(path);
    }
  };
  try {
    walk('');
  } catch (cause) {
    throw new GitopsError('user', `Unable to import ${shown}: ${(cause as Error).message}`, { cause });
  }
  const text = (path: string): string => {
    const full = join(root, path);
    return isWithin(root, full) && statSync(full).size <= LARGEST ? readFileSync(full, 'utf8') : '';
  };
  return { shown, paths, hollow, strays, text };
}

/** Whether a path leads to something that is there, and within the root. */
function isWithin(root: string, path: string): boolean {
  try {
    return realpathSync(path).startsWith(`${realpathSync(root)}${sep}`);
  } catch {
    return false;
  }
}

function write(source: string, target: string, { definitions, written }: TakenUpstream): void {
  const schema = [[SCHEMA_FILE, definitionSchemaText()]] as const;
  const files = new Map([...schema, ...written, ...definitions.flatMap((definition) => [...definition.written])]);
  try {
    mkdirSync(target, { recursive: true });
    for (const path of definitions.flatMap(({ copied }) => copied)) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      cpSync(join(source, path), join(target, path), { verbatimSymlinks: true });
    }
    for (const [path, text] of files) {
      mkdirSync(dirname(join(target, path)), { recursive: true });
      writeFileSync(join(target, path), text, { mode: path === SITE_FILE || path.includes('.local.') ? 0o600 : 0o644 });
    }
  } catch (cause) {
    throw new GitopsError('user', `Unable to write ${target}: ${(cause as Error).message}`, { cause });
  }
}

function shownOf({ definitions, written, items }: TakenUpstream): object {
  return {
    definitions: definitions.map(({ path, desired, stages }) => ({ path, stages, vmid: desired.vmid })),
    written: [...written.keys()],
    items,
  };
}

function linesOf(shown: string, target: string, taken: TakenUpstream, style: Style): string[] {
  const { definitions, items, written } = taken;
  const config = written.has(SITE_FILE) ? ` --config ${join(target, SITE_FILE)}` : '';
  const count = `${definitions.length} ${definitions.length === 1 ? 'container' : 'containers'}`;
  return [
    style.bold(plainLine(`${shown}: ${count} → ${target}`)),
    ...definitions.map(({ path, desired, stages }) => {
      const more = stages.length === 0 ? '' : `; stages ${stages.join(', ')}`;
      return `  ${style.good('taken over:')} ${plainLine(`${path}: ${summaryOf(desired)}${more}`)}`;
    }),
    ...[...written.keys()].map((path) => `  ${style.good('taken over:')} ${path}`),
    ...items.map(({ place, text }) => `  ${style.warn('not taken over:')} ${plainLine(`${place} ${text}`)}`),
    'next:',
    `  pve-gitops adopt --all ${target}${config}     what would be written, and that nothing is replaced`,
  ];
}
