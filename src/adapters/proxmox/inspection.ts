import * as z from 'zod';
import type { Inspection } from '../../model/administration.ts';
import type { ApiIdentity, Bridge, ClusterState, NodeState, PermissionsByPath, Role } from '../../model/inspection.ts';
import type { Call } from '../../model/ports.ts';
import type { Connection } from '../../model/settings.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { failureStatus, failureText } from './failure.ts';
import { probeHosts } from './host-probe.ts';
import { nodeName } from './names.ts';
import { operate } from './operation.ts';

const flag = z.coerce.number();
const STATUS = z.array(
  z.object({
    type: z.string(),
    quorate: flag.optional(),
    local: flag.optional(),
    ip: z.string().optional(),
  }),
);
const NODES = z.array(
  z.object({ node: z.string(), status: z.string().optional(), ssl_fingerprint: z.string().optional() }),
);
const PERMISSIONS = z.record(z.string(), z.record(z.string(), z.unknown()));
const TOKEN = z.object({ privsep: flag.optional() });
const ROLES = z.array(z.object({ roleid: z.string(), privs: z.string().optional(), special: flag.optional() }));
const BRIDGES = z.array(z.object({ iface: z.string() }));
const POOLS = z.array(z.object({ poolid: z.string() }));
const VNETS = z.array(z.object({ vnet: z.string(), zone: z.string().optional() }));

/** The reads of `doctor` and `setup`. */
export function inspectionOf(session: Session, connection: Connection): Inspection {
  return {
    hosts: (call) => probeHosts(session, connection, call),
    cluster: (call) => operate('read the state of the cluster', call, (signal) => readCluster(session, signal)),
    nodes: (call) => operate('list the nodes', call, (signal) => readAllNodes(session, signal)),
    identity: (call) => operate('find out who we are', call, (signal) => readIdentity(session, connection, signal)),
    permissions: (paths, call) => operate('read the own permissions', call, (signal) => own(session, paths, signal)),
    permissionsOf: (user, paths, call) =>
      operate(`read the permissions of ${user}`, call, (signal) => visible(() => others(session, user, paths, signal))),
    roles: (call) => operate('list the roles', call, (signal) => readRoles(session, signal)),
    bridges: (node, call) =>
      operate(`list the bridges of ${node}`, call, (signal) => readBridges(session, node, signal)),
    pool: (name, call) => readPool(session, name, call),
  };
}

/** undefined for what this identity may not see. */
async function visible<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (failureStatus(error) === 403) return undefined;
    throw error;
  }
}

async function readCluster(session: Session, signal: AbortSignal): Promise<ClusterState | undefined> {
  const members = await visible(async () => readData(STATUS, await api(session, signal).cluster.status.$get()));
  if (members === undefined) return undefined;
  const cluster = members.find(({ type }) => type === 'cluster');
  const address = members.find(({ type, local }) => type === 'node' && local === 1)?.ip;
  return {
    ...(cluster === undefined ? {} : { quorate: cluster.quorate === 1 }),
    ...(address === undefined ? {} : { address }),
  };
}

/** A node of its own that has just started calls itself `unknown` for ten seconds, although it answers. */
async function readAllNodes(session: Session, signal: AbortSignal): Promise<readonly NodeState[]> {
  const nodes = readData(NODES, await api(session, signal).nodes.$get());
  const answering = session.fingerprint();
  return nodes.map(({ node, status, ssl_fingerprint }) => {
    const fingerprint = ssl_fingerprint?.toUpperCase();
    const online = status === 'online' || nodes.length === 1 || (answering !== undefined && fingerprint === answering);
    return { node, online, ...(fingerprint === undefined ? {} : { fingerprint }) };
  });
}

/** A token can seldom see itself (User.Modify, or its user's own ticket). */
async function readIdentity(session: Session, connection: Connection, signal: AbortSignal): Promise<ApiIdentity> {
  const { token, user } = connection;
  if (token === undefined) return { kind: 'user', user: user ?? '' };
  const [owner = '', name = ''] = token.id.split('!');
  const users = api(session, signal, 'root').access.users;
  const info = await visible(async () =>
    readData(TOKEN, await users.$(encodeURIComponent(owner)).token.$(encodeURIComponent(name)).$get()),
  );
  const separated = info?.privsep === undefined ? {} : { separated: info.privsep === 1 };
  return { kind: 'token', user: owner, id: token.id, ...separated };
}

/** One call per path: only then what comes from pools and from above is counted in. */
async function own(session: Session, paths: readonly string[], signal: AbortSignal): Promise<PermissionsByPath> {
  const { permissions } = api(session, signal).access;
  return new Map(await Promise.all(paths.map(async (path) => entry(path, await permissions.$get({ path })))));
}

async function others(
  session: Session,
  userid: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<PermissionsByPath> {
  const { permissions } = api(session, signal, 'root').access;
  return new Map(await Promise.all(paths.map(async (path) => entry(path, await permissions.$get({ path, userid })))));
}

function entry(path: string, data: unknown): [string, ReadonlySet<string>] {
  const found = readData(PERMISSIONS, data)[path] ?? {};
  return [path, new Set(Object.keys(found))];
}

async function readRoles(session: Session, signal: AbortSignal): Promise<readonly Role[]> {
  return parseRoles(await api(session, signal).access.roles.$get());
}

export function parseRoles(data: unknown): readonly Role[] {
  return readData(ROLES, data).map(({ roleid, privs, special }) => ({
    name: roleid,
    privileges: new Set((privs ?? '').split(/[,\s]+/).filter((privilege) => privilege !== '')),
    builtin: special === 1,
  }));
}

async function readBridges(session: Session, node: string, signal: AbortSignal): Promise<readonly Bridge[]> {
  const network = api(session, signal).nodes.$(nodeName(node)).network;
  const [bridges, zones] = await Promise.all([
    network.$get({ type: 'any_bridge' }).then((data) => readData(BRIDGES, data)),
    readZones(session, signal),
  ]);
  const names = new Set([...bridges.map(({ iface }) => iface), ...zones.keys()]);
  return [...names].map((name) => {
    const zone = zones.get(name);
    return { name, ...(zone === undefined ? {} : { zone }) };
  });
}

/** Virtual networks and their zones; none where the server has no SDN, or does not show it. */
async function readZones(session: Session, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  try {
    const vnets = readData(VNETS, await api(session, signal).cluster.sdn.vnets.$get());
    return new Map(vnets.flatMap(({ vnet, zone }) => (zone === undefined ? [] : [[vnet, zone] as const])));
  } catch (error) {
    const status = failureStatus(error);
    if (status === 403 || status === 500 || status === 501) return new Map();
    throw error;
  }
}

/** Asked for by its name, a pool is shown to everybody; the list has those that this identity may see into. */
async function readPool(session: Session, name: string, call: Call): Promise<'there' | 'missing' | 'hidden'> {
  return await operate(`look for pool ${name}`, call, async (signal) => {
    const { pools } = api(session, signal);
    const listed = readData(POOLS, await pools.$get());
    if (listed.some(({ poolid }) => poolid === name)) return 'there';
    try {
      await pools.$get({ poolid: name });
      return 'hidden';
    } catch (error) {
      if (/pool '[^']*' does not exist/.test(failureText(error) ?? '')) return 'missing';
      throw error;
    }
  });
}
