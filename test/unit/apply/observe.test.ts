import { describe, expect, it } from 'vitest';
import { type ObserveInput, observe } from '../../../src/apply/observe.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import type { ContainerState, TaskState } from '../../../src/model/observed.ts';
import type { Call } from '../../../src/model/ports.ts';
import { container, desired } from '../plan/samples.ts';
import { FakeServer } from './fake-server.ts';

/** Under rights that end with a pool: what is not in it may not even be asked for (403), and a create puts it there last. */

const REFUSED = new GitopsError('remote', 'Unable to read container 1042 on pve: 403', { status: 403 });
const STATE = { vmid: 1042, node: 'pve', running: true, config: {}, pending: {}, digest: 'x' } as ContainerState;
const TASK: TaskState = { upid: 'UPID:x', type: 'vzcreate', user: 'gitops@pve', running: true, started: 1 };

interface World {
  readonly free: boolean;
  readonly tasks?: readonly TaskState[];
  /** What the reads of the container end with, one after the other. */
  readonly reads: readonly (ContainerState | GitopsError)[];
  /** Whether it is free when the create has ended. */
  readonly freeAfter?: boolean;
}

function look({ free, tasks = [], reads, freeAfter }: World) {
  const left = [...reads];
  const settled: string[] = [];
  const input = {
    inventory: {
      guests: async () => [],
      nodes: async () => ['pve'],
      vmidFree: async (vmid: number) => (vmid !== 1042 ? true : settled.length > 0 ? (freeAfter ?? free) : free),
      tasks: async () => tasks,
      container: async (_node: string, vmid: number) => {
        if (vmid !== 1042) return undefined;
        const next = left.shift();
        if (next instanceof GitopsError) throw next;
        return next;
      },
    },
    containers: {
      settle: async (_node: string, upid: string) => {
        settled.push(upid);
        return { upid, warnings: [], log: [] };
      },
    },
    reporter: { tell: () => undefined },
    candidateOf: () => 901042,
    judge: { claim: (state: ContainerState) => state, qemu: () => REFUSED, matches: () => false },
    desired: desired(),
    signal: new AbortController().signal,
  } as unknown as ObserveInput<ContainerState>;
  return { seen: observe(input), settled, left };
}

describe('observe', () => {
  it('what is not there is not asked for', async () => {
    const { seen, left } = look({ free: true, reads: [REFUSED] });
    expect(await seen).toEqual({ kind: 'absent', vmid: 1042, node: 'pve' });
    expect(left).toHaveLength(1);
  });

  it('a refusal is never absence', async () => {
    await expect(look({ free: false, reads: [REFUSED] }).seen).rejects.toBe(REFUSED);
  });

  it('our own create at work is waited for, after which the container is in the pool', async () => {
    const { seen, settled } = look({ free: false, tasks: [TASK], reads: [REFUSED, STATE] });
    expect(await seen).toEqual({ kind: 'present', found: STATE });
    expect(settled).toEqual(['UPID:x']);
  });

  it('one that fails has left nothing', async () => {
    const { seen } = look({ free: false, tasks: [TASK], reads: [REFUSED, REFUSED], freeAfter: true });
    expect(await seen).toEqual({ kind: 'absent', vmid: 1042, node: 'pve' });
  });

  it('one whose container ended outside of the pool is still refused', async () => {
    const { seen } = look({ free: false, tasks: [TASK], reads: [REFUSED, REFUSED], freeAfter: false });
    await expect(seen).rejects.toBe(REFUSED);
  });

  it('that the list shows on the node it has left is found where it stands', async () => {
    const server = new FakeServer();
    server.put({ ...container(), node: 'pve2' });
    const inventory = server.inventory();
    const stale = {
      ...inventory,
      guests: async (call: Call) => (await inventory.guests(call)).map((guest) => ({ ...guest, node: 'pve' })),
      nodes: async () => ['pve', 'pve2'],
      container: async (node: string, vmid: number, call: Call) =>
        node === 'pve2' ? inventory.container(node, vmid, call) : undefined,
    };
    for (const vmid of [{ kind: 'fixed', vmid: 1042 }, { kind: 'lowest' }] as const) {
      const input = {
        ...server.ports(),
        inventory: stale,
        candidateOf: () => 901042,
        judge: { claim: (state: ContainerState) => state, qemu: () => REFUSED, matches: () => true },
        desired: desired({ vmid }),
        signal: new AbortController().signal,
      };
      expect(await observe<ContainerState>(input)).toMatchObject({ kind: 'present', found: { node: 'pve2' } });
    }
  });

  it.each([
    ['nothing but the lock', {}, 'pct unlock 1042 && pct destroy 1042'],
    ['a disk', { rootfs: 'local-lvm:vm-1042-disk-0,size=4G' }, 'pct unlock 1042'],
  ])(
    'one that a dead create or restore has left locked, with %s: what root does, and no more',
    async (_what, config, command) => {
      const state = { ...STATE, config, lock: 'create' } as ContainerState;
      const error: unknown = await look({ free: false, reads: [state, state] }).seen.catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        kind: 'busy',
        advice: [expect.stringMatching(new RegExp(`as root: ${command}$`))],
      });
    },
  );
});
