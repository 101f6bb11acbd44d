import { describe, expect, it } from 'vitest';
import type { PromoteInput } from '../../../../src/apply/promote/context.ts';
import { lookAround, putBack } from '../../../../src/apply/promote/surroundings.ts';
import type { Surroundings } from '../../../../src/model/container-ports.ts';
import { GitopsError } from '../../../../src/model/errors.ts';

/** What others have set up around a container is compared over a replace, each kind of it. */

const denied = (): never => {
  throw new GitopsError('remote', 'no permission', { status: 403 });
};

type Parts = { -readonly [Key in 'pool' | 'acls' | 'firewall' | 'highAvailability' | 'backupJobs']: unknown };

const FULL: Parts = {
  pool: 'web',
  acls: [{ type: 'user', who: 'ann@pve', role: 'PVEVMUser', propagate: true }],
  firewall: { options: { enable: '1' }, rules: [{ type: 'in', action: 'ACCEPT' }] },
  highAvailability: { state: 'started', options: { max_restart: '2' } },
  backupJobs: [{ id: 'nightly', enabled: true, because: 'vmid' }],
};

function inputOf(): { readonly input: PromoteInput; readonly now: Parts; readonly pools: string[] } {
  const now = { ...FULL };
  const pools: string[] = [];
  const read = (key: keyof Parts) => async () => (now[key] === denied ? denied() : now[key]);
  const surroundings = Object.fromEntries(
    Object.keys(FULL).map((key) => [key, read(key as keyof Parts)]),
  ) as unknown as Surroundings;
  const containers = {
    pool: async (_: number, name: string) => {
      pools.push(name);
    },
  };
  const input = {
    ports: { surroundings, containers },
    node: 'pve',
    vmids: { live: 1042, candidate: 901_042 },
    signal: new AbortController().signal,
  } as unknown as PromoteInput;
  return { input, now, pools };
}

describe('what stands around a container', () => {
  it('and is as before is no word worth', async () => {
    const { input, pools } = inputOf();
    expect(await putBack(input, await lookAround(input))).toEqual([]);
    expect(pools).toEqual([]);
  });

  it.each([
    ['acls', [], 'permissions on it differ'],
    ['firewall', { options: {}, rules: [] }, 'its firewall differ'],
    ['highAvailability', undefined, 'its high availability differ'],
    ['backupJobs', [], 'the backup jobs that take it in differ'],
  ] as const)('%s that are lost are named, with what they were', async (key, after, words) => {
    const { input, now } = inputOf();
    const before = await lookAround(input);
    now[key] = after;
    const [warning, ...more] = await putBack(input, before);
    expect(more).toEqual([]);
    expect(warning).toContain(words);
    const shown = key === 'highAvailability' ? { resource: FULL[key] } : FULL[key];
    expect(warning).toContain(JSON.stringify(shown));
  });

  it('the pool is put back, and its backup jobs with it', async () => {
    const { input, now, pools } = inputOf();
    const before = await lookAround(input);
    now.pool = undefined;
    now.backupJobs = [];
    expect(await putBack(input, before)).toEqual(['it was put back into pool web']);
    expect(pools).toEqual(['web']);
  });

  it('what this identity may not see is not known, and never lost', async () => {
    const { input, now } = inputOf();
    const before = await lookAround(input);
    for (const key of ['acls', 'firewall', 'highAvailability', 'backupJobs', 'pool'] as const) now[key] = denied;
    expect(await putBack(input, before)).toEqual([]);
  });
});
