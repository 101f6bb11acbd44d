import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** SIGKILL at each write of a deploy, then the same command again: the end is the same, and nothing is left over. */

let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  directory = site.definition('apache');
});
afterAll(() => site.close());

/** What must be the same however a deploy got there: config without what is random or counts changes. */
async function endState(): Promise<unknown> {
  const config = await site.config(1042);
  if (config === undefined) return undefined;
  const { digest: _, net0, description, ...rest } = config;
  const stable = String(description).replace(/"hostKeys":\[[^\]]*\]/, '"hostKeys":[…]');
  return { ...rest, net0: String(net0).replace(/hwaddr=[0-9A-F:]+/i, 'hwaddr=…'), description: stable };
}

async function volumes(): Promise<unknown> {
  const reply = await site.client.call('GET', '/nodes/pve/storage/local-lvm/content');
  return dataOf<readonly { readonly volid: string }[]>(reply).map(({ volid }) => volid);
}

async function reset(): Promise<void> {
  await site.control('DELETE', 'faults');
  expect((await site.run(['destroy', directory, '--yes'])).code).toBe(0);
  expect(await volumes()).toEqual([]);
}

type Calls = Readonly<Record<string, number>>;

const calls = async (): Promise<Calls> => (await site.control('GET', 'calls')) as Calls;
const total = (counts: Calls): number => Object.values(counts).reduce((sum, count) => sum + count, 0);
const commands = async (): Promise<number> =>
  ((await site.control('GET', 'exec?vmid=1042')) as readonly unknown[]).length;

/** A moment of a deploy: `reached` says whether it has come. */
interface Moment {
  readonly name: string;
  /** Armed before the deploy starts. */
  readonly fault?: object;
  reached(): Promise<boolean>;
}

const SLOW = { kind: 'delay', milliseconds: 150, match: { method: 'GET', path: '/cluster/resources', times: 1000 } };

/**
 * Each write twice, in flight (it happens after its sender is dead) and answered; each command in the container once. Nothing comes
 * after the last write, which gives the lease back: that it was answered cannot be seen.
 */
function momentsOf(counts: Calls, ran: number): Moment[] {
  const writes = Object.entries(counts)
    .filter(([call]) => !call.startsWith('GET '))
    .flatMap(([call, count]) => Array.from({ length: count }, (_, index) => ({ call, nth: index + 1 })));
  const last = writes.findLastIndex(({ call }) => call === 'PUT /nodes/pve/lxc/1042/config');
  return [
    ...writes.flatMap(({ call, nth }, at): Moment[] => {
      const [method, path] = call.split(' ');
      let seen: number | undefined;
      return [
        {
          name: `${call} ${nth}, in flight`,
          fault: { kind: 'delay', milliseconds: 250, match: { method, path, nth, times: 1 } },
          reached: async () => ((await calls())[call] ?? 0) >= nth,
        },
        ...(at === last
          ? []
          : [
              {
                name: `${call} ${nth}, answered`,
                reached: async () => {
                  const now = await calls();
                  if ((now[call] ?? 0) < nth) return false;
                  seen ??= total(now);
                  return total(now) > seen;
                },
              },
            ]),
      ];
    }),
    ...Array.from({ length: ran }, (_, index) => ({
      name: `command ${index + 1}`,
      reached: async () => (await commands()) > index,
    })),
  ];
}

/** Starts a deploy, kills it at the moment; false: it had ended before. */
async function killAt(moment: Moment): Promise<boolean> {
  await site.control('DELETE', 'calls');
  // Every look takes its time, so that a run is not over before it is seen to have come there.
  await site.control('POST', 'faults', SLOW);
  if (moment.fault !== undefined) await site.control('POST', 'faults', moment.fault);
  const running = site.start(['deploy', directory]);
  let ended = false;
  void running.ended.then(() => {
    ended = true;
  });
  while (!ended && !(await moment.reached()));
  const met = !ended;
  running.kill();
  await running.ended;
  return met;
}

describe('SIGKILL', () => {
  it('at every write and every command of a deploy: run again, same end state', async () => {
    await site.control('DELETE', 'calls');
    expect((await site.run(['deploy', directory])).code).toBe(0);
    const whole = await endState();
    const moments = momentsOf(await calls(), await commands());
    await reset();

    const killed: string[] = [];
    for (const moment of moments) {
      if (await killAt(moment)) killed.push(moment.name);
      const again = await site.run(['deploy', directory]);
      expect({ moment: moment.name, code: again.code, text: again.code === 0 ? '' : again.text }).toEqual({
        moment: moment.name,
        code: 0,
        text: '',
      });
      expect({ moment: moment.name, state: await endState() }).toEqual({ moment: moment.name, state: whole });
      expect(await volumes()).toEqual(['local-lvm:vm-1042-disk-0']);
      await reset();
    }
    console.log(`killed at ${killed.length} of ${moments.length} moments:\n  ${killed.join('\n  ')}`);
    expect(killed.length).toBeGreaterThanOrEqual(Math.floor(moments.length * 0.8));
  }, 600_000);
});
