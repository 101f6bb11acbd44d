import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AccessStore, openAccessStore } from './auth/access-store.ts';
import { Tickets } from './auth/authenticate.ts';
import { AccessControl } from './auth/permissions.ts';
import { builtinRoles } from './auth/roles.ts';
import type { Backend } from './backend/backend.ts';
import type { Clock, Timings } from './clock.ts';
import type { FirewallConfig } from './guests/firewall-config.ts';
import { Guests } from './guests/guests.ts';
import { ConfigLocks } from './guests/locks.ts';
import { MountPoints } from './guests/mount-point.ts';
import { Networks } from './guests/network.ts';
import type { Json } from './http/answer.ts';
import { type Members, nodeOf } from './members.ts';
import type { Profile } from './profile.ts';
import { loadSchema, type Release } from './schema/load.ts';
import type { CallSchema, Properties } from './schema/types.ts';
import { Document } from './store/files.ts';
import type { Storages } from './store/storages.ts';
import { Volumes } from './store/volumes.ts';
import { Tasks } from './tasks/tasks.ts';

/** A container in the making, or in the hands of a task: what a restart of the node must take back. */
export interface Making {
  /** volids that this task made, or is about to make: they go */
  readonly volumes: readonly string[];
  /** The config of a container that is being replaced or changed: it comes back. */
  readonly replaces?: string;
  /** The container stays as it is; only this lock, which the task holds, is taken off it. */
  readonly lock?: string;
  /** A rollback to this snapshot that began: it is brought to its end. */
  readonly rollback?: string;
  /** Volumes that this task gave other names: they get their old ones. */
  readonly renamed?: readonly { readonly from: string; readonly to: string }[];
}

/** An HA resource: kept and given back, nothing manages it. */
export interface HaResource {
  readonly state: string;
  /** comment, max_restart, max_relocate */
  readonly options: Readonly<Record<string, string>>;
}

/** What is set of the node itself: kept and given back. */
export interface NodeSettings {
  /** The text that stands for /etc/hosts: the host's own is nobody's business. */
  hosts: string;
  /** description and the like */
  config: Record<string, string>;
}

/** An HA group: kept and given back, nothing is placed by it. */
export type HaGroup = Readonly<Record<string, string>>;

/** Everything that a call may use. */
export interface Core {
  readonly release: Release;
  readonly profile: Profile;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly schema: readonly CallSchema[];
  /** Parameters of PUT config: the keys a container may have, and their types. */
  readonly configKeys: Properties;
  readonly mountPoints: MountPoints;
  readonly networks: Networks;
  readonly accessStore: AccessStore;
  readonly access: AccessControl;
  readonly tickets: Tickets;
  readonly guests: Guests;
  readonly making: Document<Record<string, Making>>;
  readonly locks: ConfigLocks;
  readonly storages: Storages;
  readonly volumes: Volumes;
  readonly tasks: Tasks;
  readonly backend: Backend;
  /** datacenter.cfg */
  readonly options: Document<Record<string, string>>;
  /** `cluster`, `host` or a vmid → its firewall */
  readonly firewalls: Document<Record<string, FirewallConfig>>;
  /** `ct:100` → its HA resource */
  readonly ha: Document<Record<string, HaResource>>;
  readonly haGroups: Document<Record<string, HaGroup>>;
  readonly settings: Document<NodeSettings>;
  /** The node's own log, where there is one. */
  readonly logFile: string;
  /** Frozen by the control endpoint: a real server's statistics are up to ten seconds old. */
  readonly statistics: { frozen: ReadonlyMap<number, { readonly [key: string]: Json }> | undefined };
  /** Without quorum Proxmox VE reads but does not write. */
  readonly cluster: { quorate: boolean };
  /** This node's own name, whichever member is asked for. */
  readonly home: string;
  readonly members: Document<{ -readonly [key in keyof Members]: Members[key] }>;
  /** Directory of files that are coming in; a restart empties it. */
  readonly uploads: string;
  /** SHA-256 of the server's certificate, colon-separated */
  readonly fingerprint: string;
}

export interface CoreOptions {
  readonly state: string;
  readonly release: Release;
  readonly profile: Profile;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly timings: Timings;
  readonly storages: Storages;
  readonly fingerprint: string;
  /** For root@pam, asked at first start only. */
  readonly rootPassword: () => string;
}

function parametersOf(schema: readonly CallSchema[], method: string, path: string): Properties {
  const call = schema.find((candidate) => candidate.method === method && candidate.path === path);
  if (call === undefined) throw new Error(`Unable to find ${method} ${path} in the schema`);
  return call.parameters;
}

export function openCore(options: CoreOptions): Core {
  const { state, release, profile, backend, clock, storages } = options;
  const schema = loadSchema(release);
  const configKeys = parametersOf(schema, 'PUT', '/nodes/{node}/lxc/{vmid}/config');
  const accessStore = openAccessStore(state, options.rootPassword);
  const key = new Document(join(state, 'authkey.json'), () => ({ key: randomBytes(32).toString('hex') }));
  const uploads = join(state, 'uploads');
  rmSync(uploads, { recursive: true, force: true });
  mkdirSync(uploads, { recursive: true, mode: 0o700 });
  const members = new Document(join(state, 'members.json'), (): { -readonly [key in keyof Members]: Members[key] } => ({
    nodes: [],
    standing: {},
  }));
  const place = { members, home: profile.node };
  return {
    ...place,
    release,
    profile,
    clock,
    startedAt: clock.now(),
    schema,
    configKeys,
    mountPoints: new MountPoints(configKeys),
    networks: new Networks(configKeys),
    accessStore,
    access: new AccessControl(() => accessStore.value, builtinRoles(release)),
    tickets: new Tickets(Buffer.from(key.value.key, 'hex')),
    guests: new Guests(state, profile.node),
    making: new Document<Record<string, Making>>(join(state, 'making.json'), () => ({})),
    locks: new ConfigLocks(options.timings.lock),
    storages,
    volumes: new Volumes(state, { storages, backend, clock }),
    tasks: new Tasks(state, (id) => nodeOf(place, /^\d+/.test(id) ? Number.parseInt(id, 10) : undefined), clock),
    backend,
    options: new Document<Record<string, string>>(join(state, 'datacenter.json'), () => ({})),
    firewalls: new Document<Record<string, FirewallConfig>>(join(state, 'firewall.json'), () => ({})),
    ha: new Document<Record<string, HaResource>>(join(state, 'ha.json'), () => ({})),
    haGroups: new Document<Record<string, HaGroup>>(join(state, 'ha-groups.json'), () => ({})),
    settings: new Document<NodeSettings>(join(state, 'node-settings.json'), () => ({
      hosts: `127.0.0.1 localhost\n${profile.address} ${profile.node}.local ${profile.node}\n`,
      config: {},
    })),
    logFile: join(state, 'node.log'),
    statistics: { frozen: undefined },
    cluster: { quorate: true },
    uploads,
    fingerprint: options.fingerprint,
  };
}
