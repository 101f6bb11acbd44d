import { describe, expect, it, vi } from 'vitest';
import type { Session } from '../../../../src/adapters/proxmox/api.ts';
import { dispatch } from '../../../../src/adapters/proxmox/dispatch.ts';
import { Failure } from '../../../../src/adapters/proxmox/failure.ts';
import { isBeforeWork, mayRepeatRead, WRITE_ATTEMPTS } from '../../../../src/adapters/proxmox/retry.ts';

const session = { clock: { now: () => new Date(0), sleep: async () => undefined } } as unknown as Session;
const signal = new AbortController().signal;
const answered = (text: string, status = 500) => new Failure({ kind: 'answered', status, text, fields: {} });
const LOCKED = "can't lock file '/run/lock/lxc/pve-config-120.lock' - got timeout";

describe('a write', () => {
  it('goes once when it goes well', async () => {
    const send = vi.fn(async () => 'done');
    expect(await dispatch(session, signal, send, async () => true)).toBe('done');
    expect(send).toHaveBeenCalledTimes(1);
  });

  it.each([LOCKED, 'got no worker upid - start worker failed'])('%s: again after a look', async (text) => {
    const send = vi.fn(async () => 'done').mockRejectedValueOnce(answered(text));
    const look = vi.fn(async () => true);
    expect(await dispatch(session, signal, send, look)).toBe('done');
    expect(look).toHaveBeenCalledTimes(1);
  });

  it('not when the look says that it is not due any more', async () => {
    const send = vi.fn(() => Promise.reject(answered(LOCKED)));
    await expect(dispatch(session, signal, send, async () => false)).rejects.toMatchObject({
      detail: { text: LOCKED },
    });
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('not for ever', async () => {
    const send = vi.fn(() => Promise.reject(answered(LOCKED)));
    await expect(dispatch(session, signal, send, async () => true)).rejects.toBeInstanceOf(Failure);
    expect(send).toHaveBeenCalledTimes(WRITE_ATTEMPTS);
  });

  it.each<[Failure]>([
    [new Failure({ kind: 'lost', endpoint: 'x', reason: 'reset' }, { uncertain: true })],
    [new Failure({ kind: 'stalled', endpoint: 'x', ms: 1 }, { uncertain: true })],
    [answered('Broken pipe', 596)],
    [answered('CT is locked (backup)')],
    [answered('unable to create CT 101 - command failed: got timeout')],
  ])('never again after %o', async (failure) => {
    const send = vi.fn(() => Promise.reject(failure));
    const look = vi.fn(async () => true);
    await expect(dispatch(session, signal, send, look)).rejects.toBe(failure);
    expect([send.mock.calls.length, look.mock.calls.length]).toEqual([1, 0]);
  });
});

describe('a read', () => {
  it.each<[Failure, boolean]>([
    [new Failure({ kind: 'lost', endpoint: 'x', reason: 'reset' }), true],
    [new Failure({ kind: 'stalled', endpoint: 'x', ms: 1 }), true],
    [answered('x', 599), true],
    [new Failure({ kind: 'unreachable', endpoint: 'x', reason: 'refused' }), false],
    [new Failure({ kind: 'untrusted', endpoint: 'x', reason: 'unknown' }), false],
    [new Failure({ kind: 'late', ms: 1 }), false],
    [answered('x', 500), false],
    [answered('x', 403), false],
  ])('%o: again %s', (failure, again) => {
    expect(mayRepeatRead(failure)).toBe(again);
  });

  it('a task that met the lock had not begun either, row 902', () => {
    expect(isBeforeWork(new Failure({ kind: 'task', upid: 'u', exit: LOCKED, log: [] }))).toBe(true);
  });
});
