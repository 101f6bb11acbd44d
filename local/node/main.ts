import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hashSecret } from './auth/access-store.ts';
import { PROXMOX_TIMINGS } from './clock.ts';
import { choosePrivateNetwork } from './host-network.ts';
import { HOME_TIMINGS, type RunningNode, runNode } from './node.ts';
import { type BackendName, isAlive, nodeFilePath, processStart, readNodeFile, writeNodeFile } from './node-file.ts';
import type { ProfileName } from './profile.ts';
import type { Release } from './schema/load.ts';
import { Document } from './store/files.ts';

/** The API token that a fresh node makes for the command line. */
const TOKEN = { user: 'root@pam', name: 'pve-gitops' };
/** Ports that are tried after the one asked for. */
const PORTS = 50;

interface Secrets {
  readonly password: string;
  readonly token: string;
  readonly control: string;
}

interface Arguments {
  readonly state: string;
  readonly backend: BackendName;
  readonly profile: ProfileName;
  readonly port: number;
  readonly release: Release;
}

function usage(problem: string): never {
  process.stderr.write(
    `${problem}\nusage: main.js --state DIR [--backend lxc|simulated] [--profile home|recorded] [--port N] [--pve 8.4|9.1]\n`,
  );
  process.exit(3);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  return allowed.find((candidate) => candidate === value) ?? usage(`--${name} must be one of ${allowed.join(', ')}`);
}

function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      state: { type: 'string' },
      backend: { type: 'string', default: 'simulated' },
      profile: { type: 'string', default: 'home' },
      port: { type: 'string', default: '8006' },
      pve: { type: 'string', default: '8.4' },
    },
  });
  if (values.state === undefined) usage('--state is missing');
  return {
    state: values.state,
    backend: oneOf('backend', values.backend, ['lxc', 'simulated']),
    profile: oneOf('profile', values.profile, ['home', 'recorded']),
    port: Number(values.port),
    release: oneOf('pve', values.pve, ['8.4', '9.1']),
  };
}

function ensureToken({ core }: RunningNode, secret: string): void {
  if (core.accessStore.value.users[TOKEN.user]?.tokens[TOKEN.name] !== undefined) return;
  core.accessStore.update((data) => {
    const user = data.users[TOKEN.user];
    if (user === undefined) return;
    const comment = 'made by the local node for the command line';
    user.tokens[TOKEN.name] = { privsep: false, expire: 0, comment, secret: hashSecret(secret) };
  });
}

async function main(): Promise<void> {
  const args = readArguments();
  const { state } = args;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const log = (line: string): void => {
    appendFileSync(join(state, 'node.log'), `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
  };
  process.on('uncaughtException', (error) => {
    log(`uncaught: ${error.stack ?? error.message}`);
    process.exit(1);
  });
  const other = readNodeFile(state);
  if (other !== undefined && isAlive(other)) throw new Error(`a node with pid ${other.pid} already serves ${state}`);
  const fresh = (): Secrets => ({
    password: randomBytes(18).toString('base64url'),
    token: crypto.randomUUID(),
    control: randomBytes(24).toString('base64url'),
  });
  const secrets = new Document<Secrets>(join(state, 'secrets.json'), fresh).value;
  const lxc = args.backend === 'lxc';
  const network = lxc ? new Document(join(state, 'network.json'), () => ({ network: '' })) : undefined;
  if (network !== undefined && network.value.network === '') {
    const chosen = await choosePrivateNetwork();
    network.update((value) => {
      value.network = chosen;
    });
  }
  const range = network?.value.network;
  const gateway = range?.replace(/\.0\/16$/, '.1');
  const options = {
    state,
    profile: args.profile,
    release: args.release,
    timings: args.profile === 'recorded' ? PROXMOX_TIMINGS : HOME_TIMINGS,
    rootPassword: secrets.password,
    controlSecret: secrets.control,
    morePorts: args.port === 0 ? 0 : PORTS,
    log,
    ...(range === undefined ? {} : { network: range }),
    ...(gateway === undefined ? {} : { addresses: [gateway] }),
  };
  log(`starting: ${args.backend} back end, profile ${args.profile}, Proxmox VE ${args.release}`);
  const node = await runNode(options, args.port);
  ensureToken(node, secrets.token);
  writeNodeFile(state, {
    pid: process.pid,
    started: processStart(process.pid) ?? '',
    backend: args.backend,
    profile: args.profile,
    release: args.release,
    node: node.core.profile.node,
    addresses: ['127.0.0.1', ...(gateway === undefined ? [] : [gateway])],
    port: node.port,
    ca: node.caFile,
    fingerprint: node.core.fingerprint,
    token: { id: `${TOKEN.user}!${TOKEN.name}`, secret: secrets.token },
    user: TOKEN.user,
    password: secrets.password,
    control: { url: `https://127.0.0.1:${node.port}/control`, secret: secrets.control },
    ...(range === undefined ? {} : { network: range }),
    ...(gateway === undefined ? {} : { gateway }),
  });
  log(`ready on port ${node.port}`);
  const end = (signal: string): void => {
    log(`ending: ${signal}`);
    rmSync(nodeFilePath(state), { force: true });
    void node.close().then(() => {
      log('ended');
      process.exit(0);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(signal));
}

main().catch((error: unknown) => {
  process.stderr.write(`Unable to start the local node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
