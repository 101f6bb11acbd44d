import * as z from 'zod';
import type { Administration } from '../../model/administration.ts';
import { isGitopsError } from '../../model/errors.ts';
import type { AclEntry } from '../../model/inspection.ts';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { parseRoles } from './inspection.ts';
import { operate } from './operation.ts';

/** One call of the API by whatever carries it: HTTPS, or pvesh on a node. Throws Failure or GitopsError. */
export type Send = (
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  /** Parts of the path as they are meant, not encoded. */
  path: readonly string[],
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<unknown>;

const flag = z.coerce.number();
const VERSION = z.object({ version: z.string().optional(), release: z.string().optional() });
const NODES = z.array(
  z.object({ node: z.string(), status: z.string().optional(), ssl_fingerprint: z.string().optional() }),
);
const STATUS = z.array(
  z.object({ type: z.string(), name: z.string(), local: flag.optional(), ip: z.string().optional() }),
);
const STORAGES = z.array(z.object({ storage: z.string(), content: z.string().optional() }));
const BRIDGES = z.array(z.object({ iface: z.string() }));
const VNETS = z.array(z.object({ vnet: z.string(), zone: z.string().optional() }));
const POOLS = z.array(z.object({ poolid: z.string() }));
const USERS = z.array(z.object({ userid: z.string() }));
const TOKENS = z.array(z.object({ tokenid: z.string(), privsep: flag.optional() }));
const NEW_TOKEN = z.object({ value: z.string() });
const ACL = z.array(
  z.object({ path: z.string(), type: z.enum(['user', 'group', 'token']), ugid: z.string(), roleid: z.string() }),
);

/** The port over a way to send calls. */
export function administrationOf(send: Send): Administration {
  const read = <T>(
    what: string,
    schema: z.ZodType<T>,
    path: readonly string[],
    call: Call,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<T> => operate(what, call, async (signal) => readData(schema, await send('GET', path, parameters, signal)));
  const write = async (
    what: string,
    call: Call,
    method: 'POST' | 'PUT' | 'DELETE',
    path: readonly string[],
    parameters: Readonly<Record<string, string>>,
  ): Promise<void> => {
    await operate(what, call, (signal) => send(method, path, parameters, signal));
  };
  const tokenPath = (id: string): readonly string[] => {
    const [user = '', name = ''] = id.split('!');
    return ['access', 'users', user, 'token', name];
  };
  return {
    async release(call) {
      const { version, release } = await read('read the version', VERSION, ['version'], call);
      return version ?? release ?? '';
    },
    async nodes(call) {
      const nodes = await read('list the nodes', NODES, ['nodes'], call);
      return nodes.map(({ node, status, ssl_fingerprint }) => ({
        node,
        online: status === 'online' || nodes.length === 1,
        ...(ssl_fingerprint === undefined ? {} : { fingerprint: ssl_fingerprint.toUpperCase() }),
      }));
    },
    async self(call) {
      const members = await read('read the state of the cluster', STATUS, ['cluster', 'status'], call);
      const own = members.find(({ type, local }) => type === 'node' && local === 1);
      return own === undefined ? undefined : { node: own.name, ...(own.ip === undefined ? {} : { address: own.ip }) };
    },
    async storages(call) {
      const storages = await read('list the storages', STORAGES, ['storage'], call);
      return storages.map(({ storage, content }) => ({ storage, content: (content ?? '').split(',') }));
    },
    async bridges(node, call) {
      const path = ['nodes', node, 'network'];
      const bridges = await read(`list the bridges of ${node}`, BRIDGES, path, call, { type: 'any_bridge' });
      const vnets = await read('list the virtual networks', VNETS, ['cluster', 'sdn', 'vnets'], call).catch(noSdn);
      return [
        ...bridges.map(({ iface }) => ({ name: iface })),
        ...vnets.map(({ vnet, zone }) => ({ name: vnet, ...(zone === undefined ? {} : { zone }) })),
      ];
    },
    pools: async (call) => (await read('list the pools', POOLS, ['pools'], call)).map(({ poolid }) => poolid),
    roles: (call) =>
      operate('list the roles', call, async (signal) => parseRoles(await send('GET', ['access', 'roles'], {}, signal))),
    users: async (call) => (await read('list the users', USERS, ['access', 'users'], call)).map(({ userid }) => userid),
    async token(id, call) {
      const [user = '', name = ''] = id.split('!');
      const tokens = await read(`list the tokens of ${user}`, TOKENS, ['access', 'users', user, 'token'], call);
      const found = tokens.find(({ tokenid }) => tokenid === name);
      return found === undefined ? undefined : { separated: (found.privsep ?? 1) === 1 };
    },
    async acl(call) {
      const entries = await read('list the permissions', ACL, ['access', 'acl'], call);
      return entries.map(({ path, type, ugid, roleid }): AclEntry => ({ path, kind: type, who: ugid, role: roleid }));
    },
    async addPool(name, comment, call) {
      await write(`make pool ${name}`, call, 'POST', ['pools'], { poolid: name, comment });
    },
    async addRole(name, privileges, call) {
      await write(`make role ${name}`, call, 'POST', ['access', 'roles'], {
        roleid: name,
        privs: privileges.join(','),
      });
    },
    async extendRole(name, privileges, call) {
      const parameters = { privs: privileges.join(','), append: '1' };
      await write(`extend role ${name}`, call, 'PUT', ['access', 'roles', name], parameters);
    },
    async addUser(user, comment, call) {
      await write(`make user ${user}`, call, 'POST', ['access', 'users'], { userid: user, comment });
    },
    async addToken(id, comment, call) {
      const parameters = { privsep: '1', comment };
      return await operate(
        `make token ${id}`,
        call,
        async (signal) => readData(NEW_TOKEN, await send('POST', tokenPath(id), parameters, signal)).value,
      );
    },
    async separateToken(id, call) {
      await write(`separate the privileges of token ${id}`, call, 'PUT', tokenPath(id), { privsep: '1' });
    },
    async removeToken(id, call) {
      await write(`remove token ${id}`, call, 'DELETE', tokenPath(id), {});
    },
    async grant({ path, role, users, tokens }, call) {
      const parameters = {
        path,
        roles: role,
        ...(users.length === 0 ? {} : { users: users.join(',') }),
        ...(tokens.length === 0 ? {} : { tokens: tokens.join(',') }),
      };
      await write(`grant ${role} on ${path}`, call, 'PUT', ['access', 'acl'], parameters);
    },
  };
}

/** A server without software-defined networks refuses the call. */
function noSdn(error: unknown): [] {
  if (isGitopsError(error) && [500, 501].includes(error.remote.status ?? 0)) return [];
  throw error;
}
