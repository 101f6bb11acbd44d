import { readFileSync } from 'node:fs';
import { hashSecret } from '../../local/node/auth/access-store.ts';
import type { Release } from '../../local/node/schema/load.ts';
import type { Connection, Trust } from '../../src/model/settings.ts';
import { dataOf, type Fields, NodeClient, ROOT_PASSWORD, startTestNode } from './support/node-client.ts';

/** What the contract is held against: a node here, or a real Proxmox VE that the environment names. */
export interface Target {
  readonly real: boolean;
  readonly connection: Connection;
  readonly node: string;
  /** For root file systems. */
  readonly storage: string;
  readonly templateStorage: string;
  /** A second one for root file systems, to move to. */
  readonly otherStorage: string;
  readonly backupStorage: string;
  readonly bridge: string;
  /** Of the local node only: faults and guests of other people. */
  control(method: string, path: string, body?: object): Promise<unknown>;
  /** Of the local node only: an API call of root@pam. */
  admin(method: string, path: string, fields: Fields): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * `PVE_HOST`, `PVE_FINGERPRINT` or `PVE_CA_FILE`, `PVE_TOKEN_ID` and `PVE_TOKEN_SECRET` or `PVE_USER` and
 * `PVE_PASSWORD`; `PVE_NODE` (pve), `PVE_STORAGE` (local-lvm), `PVE_TEMPLATE_STORAGE` (local),
 * `PVE_OTHER_STORAGE` (local-zfs), `PVE_BACKUP_STORAGE` (local), `PVE_BRIDGE` (vmbr0).
 */
export async function openTarget(release: Release = '8.4'): Promise<Target> {
  const { PVE_HOST } = process.env;
  if (PVE_HOST !== undefined && PVE_HOST !== '') return realTarget(PVE_HOST);
  console.log('contract: PVE_HOST is not set, so the Proxmox adapter is held against the local node only');
  return await localTarget(release);
}

/** What a file of the contract is held against, one after the other: a real server has its one release. */
export const RELEASES: readonly Release[] = (process.env.PVE_HOST ?? '') === '' ? ['8.4', '9.1'] : ['8.4'];

function realTarget(host: string): Target {
  const { env } = process;
  const { PVE_TOKEN_ID: id, PVE_TOKEN_SECRET: secret, PVE_USER: user, PVE_PASSWORD: password } = env;
  const connection: Connection = {
    hosts: [host],
    port: 8006,
    trust: trustOf(env),
    ...(id === undefined || secret === undefined ? {} : { token: { id, secret } }),
    ...(user === undefined || password === undefined ? {} : { user, password }),
  };
  return {
    real: true,
    connection,
    node: env.PVE_NODE ?? 'pve',
    storage: env.PVE_STORAGE ?? 'local-lvm',
    templateStorage: env.PVE_TEMPLATE_STORAGE ?? 'local',
    otherStorage: env.PVE_OTHER_STORAGE ?? 'local-zfs',
    backupStorage: env.PVE_BACKUP_STORAGE ?? 'local',
    bridge: env.PVE_BRIDGE ?? 'vmbr0',
    control: async () => {
      throw new Error('a real server has no control endpoint');
    },
    admin: async () => {
      throw new Error('a real server is not set up by tests');
    },
    close: async () => undefined,
  };
}

function trustOf({ PVE_FINGERPRINT, PVE_CA_FILE }: NodeJS.ProcessEnv): Trust {
  if (PVE_FINGERPRINT !== undefined) return { kind: 'fingerprint', sha256: PVE_FINGERPRINT };
  if (PVE_CA_FILE !== undefined) return { kind: 'ca', pem: readFileSync(PVE_CA_FILE, 'utf8') };
  return { kind: 'system' };
}

async function localTarget(release: Release): Promise<Target> {
  const controlSecret = 'for this test';
  const test = await startTestNode({ profile: 'home', controlSecret, release });
  const secret = '00000000-0000-4000-8000-000000000002';
  test.node.core.accessStore.update((data) => {
    const root = data.users['root@pam'];
    if (root !== undefined) {
      root.tokens.contract = { privsep: false, expire: 0, comment: '', secret: hashSecret(secret) };
    }
  });
  test.node.core.storages.replace({
    storage: 'other-lvm',
    type: 'lvmthin',
    vgname: 'other',
    thinpool: 'data',
    content: ['rootdir', 'images'],
  });
  const client = new NodeClient(test.node.port, test.node.caFile, { 'x-control-secret': controlSecret });
  return {
    real: false,
    connection: {
      hosts: [`127.0.0.1:${test.node.port}`],
      port: 8006,
      trust: { kind: 'ca', pem: readFileSync(test.node.caFile, 'utf8') },
      token: { id: 'root@pam!contract', secret },
      user: 'root@pam',
      password: ROOT_PASSWORD,
    },
    node: 'pve',
    storage: 'local-lvm',
    templateStorage: 'local',
    otherStorage: 'other-lvm',
    backupStorage: 'local',
    bridge: 'vmbr0',
    control: async (method, path, body = {}) => {
      const text = method === 'GET' ? '' : JSON.stringify(body);
      const reply = await client.raw(method, `/control/${path}`, text, { 'content-type': 'application/json' });
      if (reply.status !== 200) throw new Error(`control ${method} ${path}: ${reply.status} ${reply.reason}`);
      return reply.body?.data;
    },
    admin: async (method, path, fields) => dataOf(await test.root.call(method, path, fields)),
    close: () => test.close(),
  };
}
