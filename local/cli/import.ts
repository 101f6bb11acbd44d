import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { BASE_NAMES, definitionFiles } from '../../src/definition/files.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import { type Inspected, inspect } from '../../src/imports/inspect.ts';
import { DEFINITION_FILE, type TakenOver, type Target, takeOver } from '../../src/imports/take-over.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { ContainerState } from '../../src/model/observed.ts';
import type { Source } from '../../src/model/ports.ts';
import { EXIT } from '../../src/report/exit-code.ts';
import { renderImport } from '../../src/report/import.ts';
import { type CommonOptions, type Context, withContext } from './context.ts';
import { importDirectory } from './import-directory.ts';
import { type ImportUpstreamOptions, importUpstream } from './import-upstream.ts';
import { schemaFrom } from './schema-from.ts';

export interface ImportOptions extends CommonOptions {
  /** A container that exists; without it the directory itself is imported. */
  readonly vmid?: number;
  /** Write over a container.yml that is there. */
  readonly force?: boolean;
  /** The definition on standard output instead of a file. */
  readonly print?: boolean;
}

export function importAny(
  given: string | undefined,
  upstream: string | undefined,
  options: ImportOptions & ImportUpstreamOptions,
): Promise<number> {
  const { vmid } = options;
  if (upstream !== undefined) {
    if (given === 'upstream' && vmid === undefined) return importUpstream(upstream, options);
    throw new GitopsError('user', `Unable to import ${given ?? ''} and ${upstream}: one directory at a time`, {
      advice: ['a Proxmox-GitOps repository: pve-gitops import upstream DIR --to FOLDER'],
    });
  }
  if (vmid !== undefined) return importContainer(given, { ...options, vmid });
  if (given !== undefined) return importDirectory(given, options);
  throw new GitopsError('user', 'Unable to import: name a directory, or a container with --vmid', {
    advice: [
      'pve-gitops import DIR',
      'pve-gitops import --vmid 105 [DIR]',
      'pve-gitops import upstream DIR --to FOLDER',
    ],
  });
}

/** Writes a definition of a container that exists, and says what a deploy of it would change. */
function importContainer(
  given: string | undefined,
  options: ImportOptions & { readonly vmid: number },
): Promise<number> {
  const { vmid, print = false, json = false } = options;
  if (!Number.isInteger(vmid) || vmid < 100 || vmid > 999_999_999) {
    throw new GitopsError('user', 'Unable to import a container: --vmid is a whole number from 100 to 999999999');
  }
  // What is printed belongs to the file that it is sent to, as JSON does.
  return withContext({ ...options, json: json || print }, async (context) => {
    const { ports, settings, signal, terminal } = context;
    const inspected = await inspect(ports, vmid, signal);
    const target = await targetOf(context, given ?? directoryFor(inspected.state), options);
    const who = {
      ...identityOf(target.directory, options.owner),
      stage: stageOf(options.stage, undefined, settings.stage),
    };
    const taken = takeOver(inspected, target, settings, who);
    if (!print) write(target.directory, taken.text);
    terminal.progress.close();
    show(context, options, { inspected, target, taken });
    return taken.differences.length > 0 ? EXIT.changes : EXIT.ok;
  });
}

/** The host name, which a server's answer could also use to lead elsewhere. */
function directoryFor({ vmid, config: { hostname = '' } }: ContainerState): string {
  return /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(hostname) ? hostname : `ct${vmid}`;
}

interface Result {
  readonly inspected: Inspected;
  readonly target: Target;
  readonly taken: TakenOver;
}

/** The directory as it is. Refused when a definition is there already, which is somebody's work. */
async function targetOf(context: Context, shown: string, { force, print, stage }: ImportOptions): Promise<Target> {
  const directory = resolve(shown);
  const { source } = context.ports;
  const files = await definitionsIn(source, directory, stageOf(stage, undefined, context.settings.stage));
  const there = print === true ? [] : BASE_NAMES.filter((name) => files.has(name));
  const other = there.find((name) => name !== DEFINITION_FILE);
  const reason = (name: string): string => `Unable to write ${join(shown, DEFINITION_FILE)}: ${name} is there already`;
  if (other !== undefined) {
    throw new GitopsError('user', reason(other), {
      advice: ['a directory has one definition: remove that file, or name another directory'],
    });
  }
  if (there.length > 0 && force !== true) {
    throw new GitopsError('user', reason(DEFINITION_FILE), {
      advice: ['name another directory, look at it with --print, or write over it with --force'],
    });
  }
  return { directory, shown, schema: schemaFrom(directory), files, names: (await source.list(directory)) ?? [] };
}

async function definitionsIn(
  source: Source,
  directory: string,
  stage: string,
): Promise<ReadonlyMap<string, Uint8Array>> {
  if ((await source.list(directory)) === undefined) return new Map();
  return source.read(directory, definitionFiles(stage));
}

function write(directory: string, text: string): void {
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, DEFINITION_FILE), text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GitopsError('user', `Unable to write ${join(directory, DEFINITION_FILE)}: ${reason}`, { cause: error });
  }
}

function show({ terminal }: Context, options: ImportOptions, { inspected, target, taken }: Result): void {
  const { state } = inspected;
  const file = join(relative(process.cwd(), target.directory) || '.', DEFINITION_FILE);
  const facts = { vmid: state.vmid, node: state.node, hostname: state.config.hostname ?? '', file };
  if (options.json === true) {
    const { text: definition, ...rest } = taken;
    const written = options.print !== true;
    terminal.json(JSON.stringify({ version: 1, kind: 'imported', ...facts, written, definition, ...rest }));
    return;
  }
  if (options.print === true) terminal.json(taken.text.trimEnd());
  terminal.print(renderImport({ ...facts, ...taken, written: options.print !== true }, terminal.style));
}
