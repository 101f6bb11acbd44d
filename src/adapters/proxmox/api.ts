import { type Proxmox, proxmoxApi } from 'proxmox-api';
import type { Clock } from '../../model/ports.ts';
import type { Identity } from './authentication.ts';
import type { Engine } from './engine.ts';
import { Failure } from './failure.ts';

type Lxc = ReturnType<Proxmox.Api['nodes']['$']>['lxc'];
/** proxmox-api knows net0 to net3 only, and keys of version 8; ours are guarded by guard-parameters.ts and sent as they are. */
export type CreateBody = Parameters<Lxc['$post']>[0];
export type ConfigBody = Parameters<ReturnType<Lxc['$']>['config']['$put']>[0];
export type ResizeBody = Parameters<ReturnType<Lxc['$']>['resize']['$put']>[0];

/** What the calls of one connection share. */
export interface Session {
  readonly engine: Engine;
  readonly clock: Clock;
  /** Lines of the logs of running tasks, as they come. */
  readonly onLog?: (line: string) => void;
  readonly debug?: (line: string) => void;
  /** SHA-256 fingerprint of the host that answers. */
  fingerprint(): string | undefined;
}

/**
 * proxmox-api's typed paths over our engine, under one operation's signal. It puts path parts in as they are: give it
 * only what names.ts has checked or encodeURIComponent made.
 */
export function api(session: Session, signal: AbortSignal, identity: Identity = 'default'): Proxmox.Api {
  return proxmoxApi({
    doRequest: (name, path, _template, parameters) => {
      const method = name.toUpperCase();
      if (method !== 'GET' && method !== 'POST' && method !== 'PUT' && method !== 'DELETE') {
        throw new Failure({ kind: 'garbled', status: 0, reason: `unknown method ${method}` });
      }
      return session.engine.call({ method, path, parameters: parameters ?? {}, identity }, signal);
    },
  });
}
