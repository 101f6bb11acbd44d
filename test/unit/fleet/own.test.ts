import { describe, expect, it } from 'vitest';
import { forEach } from '../../../src/fleet/own.ts';
import type { Mark } from '../../../src/model/mark.ts';
import type { Event, Ports } from '../../../src/model/ports.ts';

const markOf = (vmid: number) => ({ name: `web${vmid}`, stage: 'main', vmid }) as Mark;
const marks = [1, 2, 3, 4, 5].map(markOf);

function harness(): { readonly told: Event[]; readonly ports: Ports } {
  const told: Event[] = [];
  return { told, ports: { reporter: { tell: (event: Event) => told.push(event) } } as unknown as Ports };
}

/** Work that ends when it is told to, and how much of it is going on at most. */
function gates() {
  const open = new Map<number, () => void>();
  const seen = { now: 0, most: 0 };
  const work = async ({ vmid }: Mark) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise<void>((resolve) => open.set(vmid, resolve));
    seen.now -= 1;
    if (vmid === 3) throw new Error('out of order');
    return { state: 'ok' as const, text: `seen ${vmid}`, details: [] };
  };
  const end = async (vmid: number): Promise<void> => {
    while (!open.has(vmid)) await new Promise((resolve) => setImmediate(resolve));
    open.get(vmid)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { work, end, seen };
}

describe('what is done with each container', () => {
  it('is done with so many at once, and reported in the order of the marks', async () => {
    const { ports } = harness();
    const { work, end, seen } = gates();
    const reports = forEach(marks, ports, new AbortController().signal, work, 3);
    for (const vmid of [2, 3, 1, 5, 4]) await end(vmid);
    expect((await reports).map(({ vmid, text }) => `${vmid} ${text}`)).toEqual([
      '1 seen 1',
      '2 seen 2',
      '3 out of order',
      '4 seen 4',
      '5 seen 5',
    ]);
    expect(seen.most).toBe(3);
  });

  it('is done with one after the other where nothing else is said, each told when it begins', async () => {
    const { ports, told } = harness();
    const { work, end, seen } = gates();
    const reports = forEach(marks.slice(0, 2), ports, new AbortController().signal, work);
    for (const vmid of [1, 2]) await end(vmid);
    await reports;
    expect(seen.most).toBe(1);
    expect(told).toEqual([
      { kind: 'started', what: 'web1' },
      { kind: 'finished', what: 'web1', text: 'seen 1' },
      { kind: 'started', what: 'web2' },
      { kind: 'finished', what: 'web2', text: 'seen 2' },
    ]);
  });

  it('begins with what has been read, leaves out what is none of them, and fails with what cannot be read', async () => {
    const { ports } = harness();
    const { work, end } = gates();
    const read = [markOf(1), Promise.resolve(undefined), Promise.resolve(markOf(2))];
    const reports = forEach(read, ports, new AbortController().signal, work, 2);
    for (const vmid of [2, 1]) await end(vmid);
    expect((await reports).map(({ vmid }) => vmid)).toEqual([1, 2]);
    const unread = [Promise.reject(new Error('not yours to see'))];
    await expect(forEach(unread, ports, new AbortController().signal, work, 2)).rejects.toThrow('not yours to see');
  });

  it('ends with the first when the run is called off', async () => {
    const { ports } = harness();
    const { work, end, seen } = gates();
    const stop = new AbortController();
    const reports = forEach(marks.slice(2), ports, stop.signal, work);
    stop.abort();
    await Promise.all([expect(reports).rejects.toThrow('out of order'), end(3)]);
    expect(seen.most).toBe(1);
  });
});
