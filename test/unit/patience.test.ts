import { expect, it } from 'vitest';
import { GitopsError } from '../../src/model/errors.ts';
import type { Event } from '../../src/model/ports.ts';
import { whenFree } from '../../src/patience.ts';

function world() {
  let now = 0;
  const notes: string[] = [];
  const clock = {
    now: () => new Date(now),
    async sleep(ms: number) {
      now += ms;
    },
  };
  const reporter = { tell: (event: Event) => void (event.kind === 'note' && notes.push(event.text)) };
  return { clock, reporter, notes, minutes: () => now / 60_000 };
}
const signal = new AbortController().signal;
const held = new GitopsError('busy', 'Unable to change container 1042: a run holds it (http://forge/run)');

it('waits for the run that holds the container, and says so once', async () => {
  const ports = world();
  let tries = 0;
  const done = await whenFree(ports, signal, async () => {
    tries += 1;
    if (tries < 5) throw held;
    return 'done';
  });
  expect(done).toBe('done');
  expect(ports.notes).toEqual([`${held.message}: waiting for it`]);
});

it('gives up after twenty minutes', async () => {
  const ports = world();
  await expect(whenFree(ports, signal, () => Promise.reject(held))).rejects.toBe(held);
  expect(ports.minutes()).toBeGreaterThan(19);
  expect(ports.minutes()).toBeLessThanOrEqual(20);
});

it.each([
  new GitopsError('busy', 'Unable to deploy container 1042: what it depends on is not running: db'),
  new GitopsError('remote', 'Unable to change container 1042: a run holds it'),
  new Error('a bug'),
])('does not wait for anything else: %s', async (error) => {
  const ports = world();
  await expect(whenFree(ports, signal, () => Promise.reject(error))).rejects.toBe(error);
  expect(ports.minutes()).toBe(0);
});
