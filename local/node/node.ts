import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Router } from './api/router.ts';
import { ROUTES } from './api/routes.ts';
import type { Backend } from './backend/backend.ts';
import { createSimulatedBackend } from './backend/simulated/simulated-backend.ts';
import { type Clock, systemClock, type Timings } from './clock.ts';
import { ControlGate } from './control/gate.ts';
import { type Core, openCore } from './core.ts';
import { Forwards } from './forwards.ts';
import { recoverGuests } from './guests/recover.ts';
import { serverCertificate } from './http/certificates.ts';
import type { Listener } from './http/listener.ts';
import { NodeServer } from './http/server.ts';
import { type Profile, type ProfileName, profileOf } from './profile.ts';
import type { Release } from './schema/load.ts';
import { Storages } from './store/storages.ts';

export interface NodeOptions {
  /** State directory; made when it is not there. */
  readonly state: string;
  readonly profile: ProfileName;
  readonly release?: Release;
  readonly clock?: Clock;
  readonly timings?: Timings;
  /** For root@pam at first start. */
  readonly rootPassword: string;
  /** For the control endpoint; without one it lets nobody in. */
  readonly controlSecret?: string;
  /** a.b.0.0/16 for real containers (the lxc back end); without it they are simulated. */
  readonly network?: string;
  /** Addresses to listen on beside 127.0.0.1. */
  readonly addresses?: readonly string[];
  /** Lines for the node's own log. */
  readonly log?: (line: string) => void;
  /** How many ports after the first are tried when it is taken; default none. */
  readonly morePorts?: number;
}

export interface RunningNode {
  readonly core: Core;
  /** PEM file of the CA that signed the server's certificate. */
  readonly caFile: string;
  readonly port: number;
  /** Takes a connection of this process, which needs neither a port nor TLS. */
  accept(socket: Duplex): void;
  /** Stops taking calls, lets tasks end by aborting them, closes the back end. */
  close(): Promise<void>;
}

/** A home node answers refusals soon; a real one waits 3 s. */
export const HOME_TIMINGS: Timings = { unauthorized: 200, lock: 10_000, idle: 5000 };

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** One port on all addresses; when it is taken on one of them, the next. */
async function listenAll(
  make: () => Listener,
  addresses: readonly string[],
  first: number,
  more: number,
): Promise<Listening> {
  const listeners: Listener[] = [];
  let port = first;
  try {
    for (const address of addresses) {
      const listener = make();
      port = await listen(listener.server, address, port);
      listeners.push(listener);
    }
    return { listeners, port };
  } catch (error) {
    await Promise.all(listeners.map((listener) => listener.close()));
    const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
    if (!taken || more === 0) throw error;
    return listenAll(make, addresses, first === 0 ? 0 : first + 1, more - 1);
  }
}

/** Real containers have the bridge's address in their private network as gateway: the node's first one. */
function withNetwork(profile: Profile, network: string | undefined): Profile {
  if (network === undefined) return profile;
  const gateway = network.replace(/\.0\/16$/, '.1');
  const bridges = profile.bridges.map((bridge, index) =>
    index === 0 ? { ...bridge, address: `${gateway}/16` } : bridge,
  );
  return { ...profile, address: gateway, bridges };
}

interface Listening {
  readonly listeners: readonly Listener[];
  readonly port: number;
}

async function openBackend(
  options: NodeOptions,
  parts: { profile: Profile; storages: Storages; clock: Clock },
): Promise<Backend> {
  const { profile, storages, clock } = parts;
  const { state, network, log } = options;
  if (network === undefined) {
    const bridges = profile.bridges.map((bridge) => bridge.iface);
    return createSimulatedBackend({ stateDirectory: state, clock, bridges, capacity: profile.simulatedCapacity });
  }
  // loaded only when it is wanted: the simulated node runs where LXC does not
  const { createLxcBackend } = await import('./backend/lxc/lxc-backend.ts');
  return createLxcBackend({
    stateDirectory: state,
    network,
    get storages() {
      return storages.all().map(({ storage }) => ({ storage, path: storages.directory(storage) }));
    },
    log: log ?? (() => {}),
  });
}

/** Opens state and back end, takes back half-made containers, and serves. Port 0: any free one. */
export async function runNode(options: NodeOptions, port: number): Promise<RunningNode> {
  const { state } = options;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const profile = withNetwork(profileOf(options.profile), options.network);
  const clock = options.clock ?? systemClock;
  const timings = options.timings ?? HOME_TIMINGS;
  const storages = new Storages(state, profile.storages);
  const backend = await openBackend(options, { profile, storages, clock });
  await backend.open();
  const addresses = ['127.0.0.1', ...(options.addresses ?? [])];
  const certificate = await serverCertificate(state, [...addresses, 'localhost', profile.node]);
  const core = openCore({
    state,
    release: options.release ?? '8.4',
    profile,
    backend,
    clock,
    timings,
    storages,
    fingerprint: certificate.fingerprint,
    rootPassword: () => options.rootPassword,
  });
  await recoverGuests(core, options.log ?? (() => {}));
  const forwards = new Forwards(state, options.log ?? (() => {}));
  await forwards.open();
  const gate = new ControlGate(core, options.controlSecret ?? randomBytes(24).toString('hex'), forwards);
  const server = new NodeServer({ core, router: new Router(core.schema, ROUTES), timings, gate });
  const listening = await listenAll(() => server.listener(certificate), addresses, port, options.morePorts ?? 0);
  return {
    core,
    caFile: certificate.caFile,
    port: listening.port,
    accept: (socket) => listening.listeners[0]?.accept(socket),
    close: async () => {
      const closed = listening.listeners.map((listener) => listener.close());
      await forwards.close();
      await core.tasks.close();
      await Promise.all(closed);
      await backend.close();
    },
  };
}
