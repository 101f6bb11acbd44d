import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConnectedPorts, connect, connectMask } from '../../src/connect.ts';
import { define } from '../../src/deploy.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import type { Desired } from '../../src/model/desired.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { Settings, ShownSetting } from '../../src/model/settings.ts';
import { readSettingsFiles, settingsFiles } from '../../src/settings/files.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { namesHost, type Sources } from '../../src/settings/sources.ts';
import { describeLocalNode, type LocalNode } from './local-node.ts';
import { stateDirectory } from './state.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** Options that every command takes. Settings stand under their input names (`proxmox-host`). */
export interface CommonOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly stage?: string;
  readonly owner?: string;
  /** Use the local node although a Proxmox VE is configured. */
  readonly local?: boolean;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Context {
  readonly ports: ConnectedPorts;
  readonly settings: Settings;
  /** The same with their origins, secrets masked. */
  readonly shown: readonly ShownSetting[];
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** The local node in use, when it is one. */
  readonly local?: LocalNode;
}

export function sourcesOf(flags: Readonly<Record<string, string>>): Sources {
  const candidates = settingsFiles(process.env, flags);
  const { config: _, ...rest } = flags;
  return { flags: rest, environment: process.env, files: readSettingsFiles(candidates, process.cwd(), readText) };
}

/** Whether anything says where a Proxmox VE is. */
export function isConfigured(flags: Readonly<Record<string, string>>): boolean {
  return namesHost(sourcesOf(flags));
}

/** Settings, terminal and ports of one command; `work` gets them, and everything is closed after it. */
export async function withContext(
  options: CommonOptions,
  work: (context: Context) => Promise<number>,
): Promise<number> {
  const mask = connectMask();
  const flags = options.debug === true ? { ...options.settings, debug: 'yes' } : options.settings;
  const sources = sourcesOf(flags);
  const local = options.local === true || !namesHost(sources) ? describeLocalNode(stateDirectory()) : undefined;
  if (options.local === true && local === undefined) {
    throw new GitopsError('user', 'Unable to use the local node: it is not running', {
      advice: ['start it: pve-gitops node start'],
    });
  }
  const { settings, shown, secrets } = resolveSettings(
    { ...sources, ...(local === undefined ? {} : { local: { origin: 'local node', values: local.settings } }) },
    {
      stateDirectory: stateDirectory(),
      read: (path) => readText(resolve(path)),
    },
  );
  for (const secret of secrets) mask.mask(secret);
  const terminal = openTerminal({
    json: options.json === true,
    verbose: options.verbose === true,
    mask: (text) => mask.apply(text),
  });
  const stop = new AbortController();
  // A run has as many listeners on its signal as it has calls at once.
  setMaxListeners(0, stop.signal);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () =>
      stop.abort(new GitopsError('user', `Stopped by ${name}; the next run finishes what was begun`)),
    );
  }
  const ports = await connect(settings, {
    reporter: terminal.progress,
    mask,
    environment: process.env,
    ...(local?.control === undefined ? {} : { simulated: local.control }),
  });
  try {
    const found = { ports, settings, shown, terminal, signal: stop.signal };
    return await work({ ...found, ...(local === undefined ? {} : { local }) });
  } finally {
    terminal.progress.close();
    await ports.close();
  }
}

export interface Defined {
  readonly directory: string;
  readonly desired: Desired;
}

/** Reads a definition's directory; its name and owner follow from the directory, so that a forge's run agrees. */
export async function defineDirectory(context: Context, given: string, options: CommonOptions): Promise<Defined> {
  const directory = resolve(given);
  const { name, owner } = identityOf(directory, options.owner);
  const commit = await context.ports.source.commit(directory);
  if (commit?.dirty === true) {
    context.terminal.progress.tell({
      kind: 'note',
      text: `files of ${name} differ from commit ${commit.hash.slice(0, 12)}`,
    });
  }
  const who = {
    name,
    owner,
    stage: stageOf(options.stage, undefined, context.settings.stage),
    ...(commit === undefined ? {} : { commit: commit.hash }),
  };
  return { directory, desired: await define(context.ports, context.settings, directory, who) };
}

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new GitopsError('user', `Unable to read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
