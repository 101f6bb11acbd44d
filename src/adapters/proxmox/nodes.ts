import * as z from 'zod';
import type { StorageState } from '../../model/observed.ts';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName } from './names.ts';
import { operate } from './operation.ts';

const NODES = z.array(
  z.object({ node: z.string(), status: z.string().optional(), ssl_fingerprint: z.string().optional() }),
);
const STORAGES = z.array(
  z.object({
    storage: z.string(),
    content: z.string().optional(),
    active: z.coerce.number().optional(),
    enabled: z.coerce.number().optional(),
    avail: z.coerce.number().optional(),
    total: z.coerce.number().optional(),
  }),
);

/**
 * Online nodes, the answering one first: the one whose certificate this connection has seen, which needs no privilege
 * to find out. Its own status is `unknown` for ten seconds after a restart, although it answers.
 */
export async function readNodes(session: Session, call: Call): Promise<readonly string[]> {
  return await operate('list the nodes', call, async (signal) =>
    parseNodes(await api(session, signal).nodes.$get(), session.fingerprint()),
  );
}

export function parseNodes(data: unknown, fingerprint: string | undefined): readonly string[] {
  const nodes = readData(NODES, data);
  const answers = (entry: (typeof nodes)[number]): boolean =>
    nodes.length === 1 || (fingerprint !== undefined && entry.ssl_fingerprint?.toUpperCase() === fingerprint);
  return nodes
    .filter((entry) => entry.status === 'online' || answers(entry))
    .sort((a, b) => Number(answers(b)) - Number(answers(a)) || (a.node < b.node ? -1 : 1))
    .map((entry) => entry.node);
}

/** Only those that this identity may see. */
export async function readStorages(session: Session, node: string, call: Call): Promise<readonly StorageState[]> {
  return await operate(`list the storages of ${node}`, call, async (signal) =>
    parseStorages(await api(session, signal).nodes.$(nodeName(node)).storage.$get()),
  );
}

/** Sizes in bytes. `content` comes in random order. */
export function parseStorages(data: unknown): readonly StorageState[] {
  return readData(STORAGES, data).map((entry) => ({
    storage: entry.storage,
    content: (entry.content ?? '')
      .split(',')
      .filter((part) => part !== '')
      .sort(),
    active: entry.active === 1,
    enabled: entry.enabled === 1,
    available: entry.avail ?? 0,
    total: entry.total ?? 0,
  }));
}
