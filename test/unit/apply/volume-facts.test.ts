import { describe, expect, it } from 'vitest';
import { lookAtVolumes } from '../../../src/apply/volume-facts.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import type { Event } from '../../../src/model/ports.ts';
import { container, mark } from '../plan/samples.ts';

const ROOT = 'local-lvm:vm-1042-disk-0';
const DATA = 'local-lvm:vm-1042-disk-1';
const LOST = 'local-lvm:vm-1042-disk-2';
const FAR = 'nas:vm-1042-disk-3';

function look(config: Record<string, string>, volumes: Record<string, string>, stored: readonly string[] | 'closed') {
  const asked: string[] = [];
  const events: Event[] = [];
  const ports = {
    volumes: {
      list: (_node: string, storage: string) => {
        asked.push(storage);
        if (stored === 'closed') return Promise.reject(new GitopsError('remote', 'no', { status: 403 }));
        const here = stored.filter((volid) => volid.startsWith(`${storage}:`));
        return Promise.resolve(here.map((volid) => ({ volid, vmid: 1042, format: 'raw', size: 5 })));
      },
    },
    reporter: { tell: (event: Event) => events.push(event) },
    signal: new AbortController().signal,
  };
  const holding = { state: container(config), mark: mark({ volumes }), text: '' };
  return lookAtVolumes(ports, holding).then((facts) => ({ ...facts, asked, events }));
}

describe('volumes that no config describes', () => {
  it('nothing is asked while all are attached', async () => {
    expect((await look({ mp0: `${DATA},mp=/d,size=1G` }, { data: DATA }, [])).asked).toEqual([]);
  });

  it('sizes of detached ones come from their storage', async () => {
    const { sizes, missing, asked } = await look({ unused0: DATA }, { data: DATA }, [ROOT, DATA]);
    expect(sizes.get(DATA)).toBe(5);
    expect([...missing]).toEqual([]);
    expect(asked).toEqual(['local-lvm']);
  });

  it('one is missing when its storage shows the others and not this one', async () => {
    expect([...(await look({}, { lost: LOST }, [ROOT])).missing]).toEqual([LOST]);
    expect([...(await look({}, { lost: LOST }, [ROOT, LOST])).missing]).toEqual([]);
  });

  it.each([
    ['empty, as a filtered one is', [] as const],
    ['closed', 'closed' as const],
  ])('a list that is %s says nothing', async (_, stored) => {
    const { missing, events } = await look({}, { lost: LOST, far: FAR }, stored);
    expect([...missing]).toEqual([]);
    expect(events.length).toBe(stored === 'closed' ? 2 : 0);
  });
});
