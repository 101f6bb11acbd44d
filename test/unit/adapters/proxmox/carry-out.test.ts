import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Session } from '../../../../src/adapters/proxmox/api.ts';
import { carryOut, type TaskWork } from '../../../../src/adapters/proxmox/carry-out.ts';
import { Failure } from '../../../../src/adapters/proxmox/failure.ts';
import { sendAndLook } from '../../../../src/adapters/proxmox/send-and-look.ts';

const OURS = 'UPID:pve:00000001:00000001:6B000001:vzclone:100:root@pam:';
const OLD = 'UPID:pve:00000002:00000002:6B000000:vzclone:100:root@pam:';
const THEIRS = 'UPID:pve:00000003:00000003:6B000001:vzclone:100:someone@pve:';

/** A node's tasks, and how each ended. */
const tasks = new Map<string, string>();
const slept: number[] = [];
const signal = new AbortController().signal;
const session = {
  clock: {
    now: () => new Date(0),
    sleep: async (ms: number) => {
      slept.push(ms);
    },
  },
  engine: {
    call: async ({ path }: { path: string }) => {
      if (path.endsWith('/tasks')) return [...tasks.keys()].map((upid) => ({ upid, id: '100' }));
      const upid = decodeURIComponent(path.split('/').at(-2) ?? '');
      if (path.endsWith('/status')) return { status: 'stopped', exitstatus: tasks.get(upid) };
      return [{ n: 1, t: `end of ${upid}` }];
    },
  },
} as unknown as Session;

const lost = () => new Failure({ kind: 'lost', endpoint: 'x', reason: 'reset' }, { uncertain: true });
const work = (parts: Partial<TaskWork>): TaskWork => ({
  node: 'pve',
  task: { type: 'vzclone', id: '100' },
  send: () => Promise.reject(lost()),
  ...parts,
});

beforeEach(() => {
  tasks.clear();
  tasks.set(OLD, 'OK');
  slept.length = 0;
});

describe('a write whose answer is lost', () => {
  it('is found by the task that was not there before, and sent once', async () => {
    const send = vi.fn(() => {
      tasks.set(OURS, 'OK');
      return Promise.reject(lost());
    });
    expect((await carryOut(session, work({ send }), signal)).upid).toBe(OURS);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('is not taken for an older task of the same kind', async () => {
    await expect(carryOut(session, work({}), signal)).rejects.toMatchObject({ uncertain: true });
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(12_000);
  });

  it('is found when its task comes late', async () => {
    let looks = 0;
    const done = async () => {
      looks += 1;
      if (looks === 3) tasks.set(OURS, 'OK');
      return looks > 3;
    };
    expect((await carryOut(session, work({ done }), signal)).upid).toBe(OURS);
  });

  it('is not taken for somebody else’s task, which did not bring it about', async () => {
    const send = () => {
      tasks.set(THEIRS, 'OK');
      return Promise.reject(lost());
    };
    const failed = carryOut(session, work({ send, done: async () => false }), signal);
    await expect(failed).rejects.toMatchObject({ detail: { kind: 'lost' }, uncertain: true });
  });

  it('is done although no task is to be seen: the result tells', async () => {
    expect((await carryOut(session, work({ done: async () => true }), signal)).upid).toBe('');
  });

  it('failed as a task: its words', async () => {
    const send = () => {
      tasks.set(OURS, 'clone failed');
      return Promise.reject(lost());
    };
    for (const parts of [{ send }, { send, done: async () => false }]) {
      tasks.delete(OURS);
      await expect(carryOut(session, work(parts), signal)).rejects.toMatchObject({ detail: { exit: 'clone failed' } });
    }
  });
});

describe('a write whose answer came', () => {
  it('refused: thrown as it is, and not looked for', async () => {
    const refused = new Failure({ kind: 'answered', status: 500, text: 'no', fields: {} });
    await expect(carryOut(session, work({ send: () => Promise.reject(refused) }), signal)).rejects.toBe(refused);
    expect(slept).toEqual([]);
  });

  it('without the name of its task: the task is looked up', async () => {
    const send = async () => {
      tasks.set(OURS, 'OK');
      return null;
    };
    expect((await carryOut(session, work({ send }), signal)).upid).toBe(OURS);
  });
});

describe('a write without a task', () => {
  it('is looked for when its answer is lost, and not sent again', async () => {
    const send = vi.fn(() => Promise.reject(lost()));
    let looks = 0;
    await sendAndLook(session, send, async () => ++looks > 2, signal);
    expect(send).toHaveBeenCalledTimes(1);
    await expect(sendAndLook(session, send, async () => false, signal)).rejects.toMatchObject({ uncertain: true });
  });
});
