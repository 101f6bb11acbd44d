import * as z from 'zod';
import { isGitopsError } from '../../model/errors.ts';
import type { HostState } from '../../model/inspection.ts';
import type { Call } from '../../model/ports.ts';
import type { Connection } from '../../model/settings.ts';
import { readData } from './answer.ts';
import type { Session } from './api.ts';
import { Authentication } from './authentication.ts';
import { showEndpoint } from './endpoint.ts';
import { Engine } from './engine.ts';
import { reasonOf } from './explain.ts';
import { Failure } from './failure.ts';
import { type TrustedHost, trustedHosts } from './host-trust.ts';
import { operate } from './operation.ts';
import { Transport } from './transport.ts';

/** A host that takes longer than this is of no use as an API host. */
const PROBE_MS = 5000;
const VERSION = z.object({ release: z.string().optional(), version: z.string().optional() });

/** Each host over a connection of its own, all at once. */
export async function probeHosts(session: Session, connection: Connection, call: Call): Promise<readonly HostState[]> {
  return await operate('reach the Proxmox VE hosts', call, (signal) =>
    Promise.all(trustedHosts(connection).map((host) => probe(session, connection, host, signal))),
  );
}

async function probe(
  { clock, debug }: Session,
  connection: Connection,
  target: TrustedHost,
  signal: AbortSignal,
): Promise<HostState> {
  const limits = { readMs: PROBE_MS, writeMs: PROBE_MS, connectMs: PROBE_MS };
  const transport = new Transport([target], { ...limits, ...(debug === undefined ? {} : { debug }) });
  const engine = new Engine(transport, new Authentication(connection, transport, clock), clock);
  const host = showEndpoint(target.endpoint);
  const began = clock.now().getTime();
  const seen = () => {
    const now = clock.now().getTime();
    const { fingerprint, serverTime } = transport;
    return {
      host,
      milliseconds: now - began,
      ...(fingerprint === undefined ? {} : { fingerprint }),
      // Date has whole seconds: half a second later it is right on average.
      ...(serverTime === undefined ? {} : { clockOffset: serverTime.getTime() + 500 - now }),
    };
  };
  try {
    const call = { method: 'GET', path: '/api2/json/version', parameters: {}, identity: 'default' } as const;
    const { release, version } = readData(VERSION, await engine.call(call, signal));
    return { kind: 'answers', ...seen(), release: version ?? release ?? '' };
  } catch (error) {
    if (signal.aborted) throw error;
    if (isGitopsError(error)) return { kind: 'answers', ...seen(), refusal: error.message };
    if (!(error instanceof Failure)) throw error;
    return stateOf(host, error, seen());
  } finally {
    transport.close();
  }
}

function stateOf(
  host: string,
  { detail }: Failure,
  seen: Omit<Extract<HostState, { kind: 'answers' }>, 'kind'>,
): HostState {
  switch (detail.kind) {
    case 'untrusted':
      return {
        kind: 'untrusted',
        host,
        reason: detail.reason,
        ...(detail.seen === undefined ? {} : { fingerprint: detail.seen }),
      };
    case 'answered':
    case 'garbled':
      return { kind: 'answers', ...seen, refusal: reasonOf(detail) };
    case 'unreachable':
    case 'lost':
      return { kind: 'silent', host, reason: detail.reason };
    default:
      return { kind: 'silent', host, reason: reasonOf(detail) };
  }
}
