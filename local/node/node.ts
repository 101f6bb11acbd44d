import { mkdirSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Router } from './api/router.ts';
import { ROUTES } from './api/routes.ts';
import type { Backend } from './backend/backend.ts';
import { createSimulatedBackend } from './backend/simulated/simulated-backend.ts';
import { type Clock, systemClock, type Timings } from './clock.ts';
import { type Core, openCore, removeHalfMade } from './core.ts';
import { serverCertificate } from './http/certificates.ts';
import { type Gate, NodeServer } from './http/server.ts';
import { type ProfileName, profileOf } from './profile.ts';
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
  /** Default: the simulated one. */
  readonly backend?: (storages: Storages) => Promise<Backend>;
  /** Addresses to listen on beside 127.0.0.1. */
  readonly addresses?: readonly string[];
  readonly gate?: (core: Core) => Gate;
}

export interface RunningNode {
  readonly core: Core;
  /** PEM file of the CA that signed the server's certificate. */
  readonly caFile: string;
  readonly port: number;
  /** Stops taking calls, lets tasks end by aborting them, closes the back end. */
  close(): Promise<void>;
}

/** A home node answers refusals soon; a real one waits 3 s. */
export const HOME_TIMINGS: Timings = { unauthorized: 200, lock: 10_000, idle: 5000 };

const OPEN_GATE: Gate = { before: async () => undefined, after: () => undefined };

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Opens state and back end, takes back half-made containers, and serves. Port 0: any free one. */
export async function runNode(options: NodeOptions, port: number): Promise<RunningNode> {
  const { state } = options;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const profile = profileOf(options.profile);
  const clock = options.clock ?? systemClock;
  const timings = options.timings ?? HOME_TIMINGS;
  const storages = new Storages(state, profile.storages);
  const simulated = async (): Promise<Backend> =>
    createSimulatedBackend({
      stateDirectory: state,
      clock,
      bridges: profile.bridges.map((bridge) => bridge.iface),
      capacity: profile.simulatedCapacity,
    });
  const backend = await (options.backend ?? simulated)(storages);
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
  await removeHalfMade(core);
  const router = new Router(core.schema, ROUTES);
  const server = new NodeServer({ core, router, timings, gate: options.gate?.(core) ?? OPEN_GATE });
  const listeners: Server[] = [];
  let chosen = port;
  for (const address of addresses) {
    const listener = server.listener(certificate);
    chosen = await listen(listener, address, chosen);
    listeners.push(listener);
  }
  return {
    core,
    caFile: certificate.caFile,
    port: chosen,
    close: async () => {
      const closed = listeners.map((listener) => new Promise((resolve) => listener.close(resolve)));
      for (const listener of listeners) listener.closeAllConnections();
      await core.tasks.close();
      await Promise.all(closed);
      await backend.close();
    },
  };
}
