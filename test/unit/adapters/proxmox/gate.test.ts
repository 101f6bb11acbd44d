import { describe, expect, it } from 'vitest';
import { Gate } from '../../../../src/adapters/proxmox/gate.ts';

const never = new AbortController().signal;

function held(): { readonly work: () => Promise<void>; readonly release: () => void } {
  let release = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { work: () => done, release };
}

describe('gate', () => {
  it('lets so many in, the others in their order', async () => {
    const gate = new Gate(2);
    const order: string[] = [];
    const first = held();
    const second = held();
    const runs = [
      gate.through(never, first.work),
      gate.through(never, second.work),
      gate.through(never, async () => void order.push('third')),
      gate.through(never, async () => void order.push('fourth')),
    ];
    await Promise.resolve();
    expect(order).toEqual([]);
    second.release();
    await Promise.all(runs.slice(1));
    expect(order).toEqual(['third', 'fourth']);
    first.release();
    await runs[0];
  });

  it('gives a place back after an error', async () => {
    const gate = new Gate(1);
    await expect(gate.through(never, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(await gate.through(never, async () => 'in')).toBe('in');
  });

  it('a wait that is ended leaves the queue', async () => {
    const gate = new Gate(1);
    const first = held();
    const running = gate.through(never, first.work);
    const ending = new AbortController();
    const waiting = gate.through(ending.signal, async () => 'never');
    const last = gate.through(never, async () => 'in');
    ending.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    first.release();
    await running;
    expect(await last).toBe('in');
  });
});
