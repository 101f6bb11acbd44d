import { expect, it } from 'vitest';
import { isGitopsError } from '../../src/model/errors.ts';
import type { Bed } from './proxmox-bed.ts';
import { client } from './proxmox-client.ts';

type Ports = Bed['ports'];

/** One write of a port, and how its effect is told. */
export interface FaultyCall {
  readonly name: string;
  /** Makes what the call needs; runs before each fault. */
  prepare(bed: Bed): Promise<void>;
  act(ports: Ports, bed: Bed): Promise<unknown>;
  /** Method and path below /api2/json of the request; `*` ends a path whose last part is not known before. */
  readonly request: readonly [method: string, path: string];
  /** Absent: it starts no task. */
  readonly task?: { readonly type: string; readonly id: string };
  /** The container whose lock stands in the way; absent: no lock does. */
  readonly locks?: number;
  /** The storage that it writes to; absent: to none. */
  readonly fills?: string;
  /** What that leaves of the world before it; absent: all of it. */
  spared?(before: unknown): unknown;
  /** The world around the call, without digests: before it, and once it is done. */
  world(bed: Bed): Promise<unknown>;
}

/** The work is done and its answer does not come: found again. */
const LOST = [
  { name: 'the answer is lost', kind: 'dropped' },
  { name: 'the answer is cut off in its middle', kind: 'cut' },
  { name: '595, and the work is done', kind: '5xx', status: 595, done: true },
  { name: '596, and the work is done', kind: '5xx', status: 596, done: true },
  { name: '599, and the work is done', kind: '5xx', status: 599, done: true },
] as const;

/** Nothing is done, and nothing says so. */
const UNDONE = [
  { name: 'the connection is reset before the work', kind: 'refused' },
  { name: '595, and nothing is done', kind: '5xx', status: 595 },
  { name: '596, and nothing is done', kind: '5xx', status: 596 },
] as const;

/** A call under each kind of fault: it survives or says what it is, and is never sent twice. */
export function underFaults(bed: () => Bed, call: FaultyCall): void {
  const [method, path] = call.request;
  const control = (verb: string, what: string, body?: object) => bed().target.control(verb, what, body);
  // The fault's `*` stands for one segment, and a volume's name may have a slash.
  const pattern = path.replace(/\*$/, '*/*');
  const arm = (fault: object) => control('POST', 'faults', { match: { method, path: pattern, times: 1 }, ...fault });
  const isRequest = (key: string): boolean =>
    path.endsWith('*') ? key.startsWith(`${method} ${path.slice(0, -1)}`) : key === `${method} ${path}`;
  const sent = async (): Promise<number> =>
    Object.entries((await control('GET', 'calls')) as Record<string, number>)
      .filter(([key]) => isRequest(key))
      .reduce((sum, [, count]) => sum + count, 0);
  const local = (name: string, run: (before: unknown) => Promise<void>) =>
    it(`${call.name}: ${name}`, async ({ annotate }) => {
      if (bed().target.real) {
        await annotate('left out: a real server has no control endpoint');
        return;
      }
      await bed().clear();
      await call.prepare(bed());
      const before = await call.world(bed());
      await control('DELETE', 'calls');
      try {
        await run(before);
      } finally {
        await control('DELETE', 'faults');
      }
    });
  const attempt = (ports = bed().ports) =>
    call.act(ports, bed()).then(
      () => undefined,
      (error: unknown) => {
        if (isGitopsError(error)) return error;
        throw error;
      },
    );

  for (const { name, ...fault } of LOST) {
    local(name, async (before) => {
      await arm(fault);
      expect(await attempt()).toBeUndefined();
      expect(await sent()).toBe(1);
      expect(await call.world(bed())).not.toEqual(before);
    });
  }
  for (const { name, ...fault } of UNDONE) {
    local(name, async (before) => {
      await arm(fault);
      const error = await attempt();
      expect(error?.remote.uncertain).toBe(true);
      expect(error?.message).toMatch(/^Unable to /);
      expect(await sent()).toBe(1);
      expect(await call.world(bed())).toEqual(before);
    });
  }
  local('the ticket has expired: once more with a new one, and done once', async (before) => {
    const { token: _token, ...connection } = bed().target.connection;
    const byTicket = client(connection);
    await byTicket.inventory.guests({ timeoutMs: 10_000, signal: new AbortController().signal });
    await arm({ kind: 'expired-tickets' });
    const error = await attempt(byTicket);
    await byTicket.close();
    expect(error).toBeUndefined();
    expect(await sent()).toBe(2);
    expect(await call.world(bed())).not.toEqual(before);
  });
  if (call.task !== undefined) {
    const { type, id } = call.task;
    local('the task fails: its words', async (before) => {
      await control('POST', 'faults', { kind: 'task-failure', text: 'no such luck', match: { task: type, id } });
      const error = await attempt();
      expect(error?.message).toContain('no such luck');
      expect(error?.remote.log?.at(-1)).toBe('TASK ERROR: no such luck');
      expect(await sent()).toBe(1);
      expect(await call.world(bed())).toEqual(before);
    });
    local('the answer is lost and the task fails: its words', async (before) => {
      await arm({ kind: 'dropped' });
      await control('POST', 'faults', { kind: 'task-failure', text: 'no such luck', match: { task: type, id } });
      expect((await attempt())?.message).toContain('no such luck');
      expect(await sent()).toBe(1);
      expect(await call.world(bed())).toEqual(before);
    });
  }
  if (call.locks !== undefined) {
    const vmid = call.locks;
    local('the container is locked: busy', async (before) => {
      await control('POST', 'faults', { kind: 'lock', vmid, lock: 'backup' });
      const error = await attempt();
      await control('DELETE', 'faults');
      expect([error?.kind, error?.message]).toEqual(['busy', expect.stringContaining('CT is locked (backup)')]);
      expect(await call.world(bed())).toEqual(before);
    });
  }
  if (call.fills !== undefined) {
    local('the storage is full: the server’s words, and nothing new is left', async (before) => {
      await control('POST', 'faults', { kind: 'storage-full', storage: call.fills });
      const error = await attempt();
      expect([error?.kind, error?.message]).toEqual(['remote', expect.stringContaining('No space left on device')]);
      expect(await sent()).toBe(1);
      expect(await call.world(bed())).toEqual(call.spared?.(before) ?? before);
    });
  }
}
