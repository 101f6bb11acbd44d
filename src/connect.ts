import { createClock } from './adapters/clock/clock.ts';
import { createKeys } from './adapters/keys/site-keys.ts';
import { createMask, type Mask } from './adapters/process/mask.ts';
import { connectProxmox } from './adapters/proxmox/proxmox.ts';
import { administrationByPvesh, hasPvesh } from './adapters/proxmox/pvesh.ts';
import { createRuns } from './adapters/runs/runs.ts';
import { type ControlEndpoint, createSimulatedShells } from './adapters/simulated/simulated-shells.ts';
import { createSource } from './adapters/source/source.ts';
import { sshClientVersion } from './adapters/ssh/client-version.ts';
import { createShells } from './adapters/ssh/shells.ts';
import { stageFiles } from './adapters/staging/stage-files.ts';
import { createVariables } from './adapters/variables/site-variables.ts';
import type { Administration, Inspection } from './model/administration.ts';
import type { ForgeSite, Monorepo } from './model/forge-site.ts';
import type { Call, Ports, Programs, Reporter, Secrets, Source } from './model/ports.ts';
import type { SecretKeys } from './model/secret-keys.ts';
import type { Connection, Settings } from './model/settings.ts';

export { type ControlEndpoint, type Mask, stageFiles };

export interface ConnectOptions {
  readonly reporter: Reporter;
  /** Knows every secret of the settings already. */
  readonly mask: Mask;
  /** Of the run: the values of a definition's secrets. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** For the lease: the workflow run's address; default: user and host. */
  readonly by?: string;
  /** A local node that runs no containers takes their commands itself. */
  readonly simulated?: ControlEndpoint;
  /** The forge that a checkout without history came from. */
  readonly from?: { readonly serverUrl: string; readonly token?: string };
  /** Ends what is asked of that forge. */
  readonly signal?: AbortSignal;
}

/** What a run needs, and what is only looked at. */
export interface ConnectedPorts extends Ports {
  readonly inspection: Inspection;
  readonly programs: Programs;
}

/** Everything a run needs from outside. Lazy: nothing is sent before the first call. */
export async function connect(settings: Settings, options: ConnectOptions): Promise<ConnectedPorts> {
  const { reporter, mask, simulated, environment = {}, from, signal = new AbortController().signal } = options;
  const clock = createClock();
  const runs = await createRuns(options.by === undefined ? {} : { by: options.by });
  const keys = createKeys({ stateDirectory: settings.stateDirectory, run: runs.id });
  const line = (text: string): void => reporter.tell({ kind: 'line', text: mask.apply(text) });
  const proxmox = connectProxmox(settings.connection, {
    clock,
    onLog: line,
    ...(settings.debug ? { debug: (text: string) => reporter.tell({ kind: 'note', text: mask.apply(text) }) } : {}),
  });
  const shells =
    simulated === undefined ? createShells({ certificates: keys, clock, mask }) : createSimulatedShells(simulated);
  const programs = { sshClient: sshClientVersion };
  const upstreamOf = async () => {
    if (from === undefined) return undefined;
    const { createUpstream } = await import('./adapters/git/upstream.ts');
    return createUpstream({ ...from, mask, signal });
  };
  return {
    ...proxmox,
    programs,
    shells,
    source: createSource(await upstreamOf()),
    keys,
    variables: createVariables(settings.stateDirectory),
    secrets: secretsOf(environment, mask, connectSecretKeys(settings.stateDirectory)),
    clock,
    runs,
    reporter,
  };
}

function secretsOf(environment: Readonly<Record<string, string | undefined>>, mask: Mask, keys: SecretKeys): Secrets {
  return {
    mask: (value) => mask.mask(value),
    value(variable) {
      const value = environment[variable];
      if (value === undefined || value === '') return undefined;
      mask.mask(value);
      return value;
    },
    async open(sealed) {
      const opened = await keys.open(sealed);
      if (opened.kind === 'open') mask.mask(opened.value);
      return opened;
    },
  };
}

/** The site's keys for secrets in repositories. age is loaded with the first use: most runs have none. */
export function connectSecretKeys(stateDirectory: string): SecretKeys {
  let loaded: Promise<SecretKeys> | undefined;
  const keys = (): Promise<SecretKeys> => {
    loaded ??= import('./adapters/keys/secret-keys.ts').then((module) => module.createSecretKeys({ stateDirectory }));
    return loaded;
  };
  return {
    recipient: async () => (await keys()).recipient(),
    recipients: async () => (await keys()).recipients(),
    seal: async (...given) => (await keys()).seal(...given),
    open: async (sealed) => (await keys()).open(sealed),
    renew: async () => (await keys()).renew(),
    forgetOld: async () => (await keys()).forgetOld(),
  };
}

/** What `setup` works with over the API: who may do what, and what can be seen of the hosts. */
export function connectAdministration(connection: Connection): {
  readonly administration: Administration;
  readonly inspection: Inspection;
  close(): Promise<void>;
} {
  return connectProxmox(connection, { clock: createClock() });
}

/** The same on a Proxmox VE node itself, through its own command; undefined: this machine is none. */
export async function connectNodeItself(mask: Mask, signal: AbortSignal): Promise<Administration | undefined> {
  return (await hasPvesh(signal)) ? administrationByPvesh(mask) : undefined;
}

/** A forge as its administrator, where nothing of a project is brought to it. */
export async function openForgeSite({
  url,
  token,
}: {
  readonly url: string;
  readonly token: string;
}): Promise<ForgeSite> {
  const { createForgeSite } = await import('./adapters/forge/forge-site.ts');
  return createForgeSite({ url, token }, createClock());
}

/** A forge that is to be made what the project in a directory says, as its administrator; close the project's side after it. */
export async function connectForgeSite(
  {
    url,
    token,
    directory,
    mask,
  }: { readonly url: string; readonly token: string; readonly directory: string; readonly mask: Mask },
  call: Call,
): Promise<{ readonly forge: ForgeSite; readonly monorepo: Monorepo }> {
  mask.mask(token);
  // Both bring much that no other command needs.
  const { createForgeSite } = await import('./adapters/forge/forge-site.ts');
  const { openMonorepo } = await import('./adapters/git/monorepo.ts');
  const monorepo = await openMonorepo({ directory, serverUrl: url, token, mask }, call);
  return { forge: createForgeSite({ url, token }, createClock()), monorepo };
}

/** Only the directories of definitions: enough to validate them. */
export function connectSource(): Source {
  return createSource();
}

/** A mask that only hides what goes through it: the command line's. */
export function connectMask(): Mask {
  return createMask();
}
