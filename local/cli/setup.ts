import { connectAdministration, connectMask, connectNodeItself, type Mask } from '../../src/connect.ts';
import type { Administration } from '../../src/model/administration.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { Call, Event } from '../../src/model/ports.ts';
import type { Connection, Settings } from '../../src/model/settings.ts';
import { renderSetup, setupJson } from '../../src/report/setup.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { setupCommands } from '../../src/setup/commands.ts';
import { configText, mergeConfig } from '../../src/setup/config-file.ts';
import { type Done, ensure } from '../../src/setup/ensure.ts';
import { type Survey, type SurveyPorts, survey } from '../../src/setup/survey.ts';
import { configValues } from '../../src/setup/values.ts';
import { TOKEN, wishOf } from '../../src/setup/wish.ts';
import { type CommonOptions, readText, sourcesOf } from './context.ts';
import { askSecret } from './secret-prompt.ts';
import { stateDirectory } from './state.ts';
import { openTerminal, type Terminal } from './terminal.ts';
import { writeConfig } from './write-config.ts';

export interface SetupOptions extends CommonOptions {
  readonly run?: boolean;
  readonly renewToken?: boolean;
  readonly output?: string;
  readonly token?: string;
  readonly pool?: string;
  readonly fingerprint?: string;
  /** Further storages, for volumes and backups. */
  readonly alsoStorage?: readonly string[];
}

const OUTPUT = 'local/config.json';
/** What a server may be asked for the newest release's role when nobody has asked it for its own. */
const NEWEST = 9;
const CALL_MS = 60_000;

interface Session {
  readonly settings: Settings;
  readonly terminal: Terminal;
  readonly mask: Mask;
  readonly call: Call;
  readonly token: string;
  readonly output: string;
  readonly storages: readonly string[];
}

/** Prints what makes pool, role, user and token; with --run makes them, and writes the settings file. */
export async function setup(options: SetupOptions): Promise<number> {
  const mask = connectMask();
  const flags = {
    ...options.settings,
    ...(options.pool === undefined ? {} : { 'proxmox-pool': options.pool }),
    ...(options.fingerprint === undefined ? {} : { 'proxmox-fingerprint': options.fingerprint }),
  };
  const home = { stateDirectory: stateDirectory(), read: readText, connectionOptional: true };
  const { settings, secrets } = resolveSettings(sourcesOf(flags), home);
  for (const secret of secrets) mask.mask(secret);
  const terminal = openTerminal({ json: options.json === true, verbose: false, mask: (text) => mask.apply(text) });
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => stop.abort(new GitopsError('user', `Stopped by ${name}; run it again to finish`)));
  }
  const session: Session = {
    settings,
    terminal,
    mask,
    call: { timeoutMs: CALL_MS, signal: stop.signal },
    token: tokenOf(options.token),
    output: options.output ?? OUTPUT,
    storages: options.alsoStorage ?? [],
  };
  try {
    return options.run === true ? await run(session, options) : print(session, options);
  } finally {
    terminal.progress.close();
  }
}

function tokenOf(given: string | undefined): string {
  if (given === undefined) return TOKEN;
  if (/^[^\s@:/!]+@[A-Za-z][\w.-]+![A-Za-z][\w.-]+$/.test(given)) return given;
  throw new GitopsError(
    'user',
    `Unable to use token ${JSON.stringify(given)}: expected user@realm!name, such as ${TOKEN}`,
  );
}

function print({ settings, token, storages, terminal, output }: Session, options: SetupOptions): number {
  const commands = setupCommands(wishOf({ settings, token, storages, major: NEWEST, zone: 'localnetwork' }));
  if (options.json === true) terminal.json(JSON.stringify({ version: 1, kind: 'setup', commands }));
  else {
    terminal.print([
      'On a Proxmox VE node, as root:',
      '',
      ...commands.map((line) => `  ${line}`),
      '',
      `The line with "token add" prints the secret, once. Put it with the rest into ${output} (docs/settings.md), or let`,
      'pve-gitops do all of it: pve-gitops setup --run, with PROXMOX_HOST, or on the node itself.',
    ]);
  }
  return 0;
}

async function run(session: Session, options: SetupOptions): Promise<number> {
  const { settings, terminal, call, token, output, storages, mask } = session;
  const before = readText(output);
  const other = configText(output, before, 'proxmox.token_id');
  if (other !== undefined && other !== token && configText(output, before, 'proxmox.token_secret') !== undefined) {
    throw new GitopsError('user', `Unable to write ${output}: it holds the secret of another token, ${other}`, {
      advice: ['write to another file: --output FILE', 'or take token_id and token_secret out of it'],
    });
  }
  const secret = other === token ? configText(output, before, 'proxmox.token_secret') : undefined;
  if (secret !== undefined) mask.mask(secret);
  const tell = (event: Event): void => terminal.progress.tell(event);
  const link = await linkOf(session);
  try {
    tell({ kind: 'started', what: 'looking at the server' });
    const found = await survey(link, { settings, token, storages, call });
    const onNode = link.inspection === undefined;
    const caFile = configText(output, before, 'proxmox.ca_file') !== undefined;
    const values = configValues({ ...found, settings, caFile, onNode });
    const write = (more: Readonly<Record<string, string>>): readonly string[] => {
      const merged = mergeConfig(output, readText(output), { ...values, ...more });
      if (merged.changed.length > 0) writeConfig(output, merged.text);
      return merged.changed;
    };
    const written: string[] = [];
    tell({ kind: 'started', what: 'making what is missing' });
    const done = await ensure(link.administration, found.wish, {
      renew: options.renewToken === true,
      secretKnown: secret !== undefined && (await isGood(session, found, secret)),
      save: async (fresh) => {
        mask.mask(fresh);
        written.push(...write({ 'proxmox.token_secret': fresh }));
      },
      call,
    });
    show(session, options, found, done, [...written, ...write({})]);
    return 0;
  } finally {
    await link.close();
  }
}

interface Link extends SurveyPorts {
  close(): Promise<void>;
}

/** The API where there is a login for it; else the node's own command; else the login that is asked for. */
async function linkOf({ settings, mask, call, token }: Session): Promise<Link> {
  const { connection } = settings;
  const { token: given, ...rest } = connection;
  const user = connection.user ?? 'root@pam';
  const over = (login: Partial<Connection>): Link => connectAdministration({ ...rest, ...login });
  if (connection.hosts.length > 0) {
    if (connection.password !== undefined) return over({ user });
    if (given !== undefined && given.id !== token) return over({ token: given });
  }
  const [host] = connection.hosts;
  const administration = process.getuid?.() === 0 ? await connectNodeItself(mask, call.signal) : undefined;
  if (administration !== undefined && (host === undefined || (await isSelf(administration, host, call)))) {
    return { administration, close: async () => undefined };
  }
  if (host === undefined) {
    throw new GitopsError('user', 'Unable to set up: this is no Proxmox VE node, and no host is set', {
      advice: ['say where it is: PROXMOX_HOST, or --proxmox-host', 'or run it on a Proxmox VE node as root'],
    });
  }
  const password = await askSecret(`password of ${user} at ${host}`, ['give it as PROXMOX_PASSWORD']);
  mask.mask(password);
  return over({ user, password });
}

/** Whether a host that settings name is the node that this runs on. */
async function isSelf(administration: Administration, host: string, call: Call): Promise<boolean> {
  const self = await administration.self(call);
  const name = host.replace(/:\d+$/, '');
  return ['localhost', '127.0.0.1', self?.address, self?.node].includes(name) || name.startsWith(`${self?.node}.`);
}

/** Whether the secret in the file still opens the door; where no host can be reached from here, it is believed. */
async function isGood({ settings, token, call }: Session, { hosts }: Survey, secret: string): Promise<boolean> {
  const { port, trust } = settings.connection;
  const names = hosts.map(({ host }) => host);
  const { inspection, close } = connectAdministration({ hosts: names, port, trust, token: { id: token, secret } });
  try {
    const states = await inspection.hosts(call);
    return !states.some((state) => state.kind === 'answers' && state.refusal !== undefined);
  } finally {
    await close();
  }
}

function show(
  { terminal, output }: Session,
  options: SetupOptions,
  found: Survey,
  done: readonly Done[],
  changed: readonly string[],
): void {
  terminal.progress.close();
  const report = { release: found.release, hosts: found.hosts, done, output, changed: [...new Set(changed)] };
  if (options.json === true) terminal.json(setupJson(report));
  else terminal.print(renderSetup(report, terminal.style));
}
