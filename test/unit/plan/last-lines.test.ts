import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import type { ReplaceFacts } from '../../../src/model/replacement.ts';
import type { Observation, PlanInput } from '../../../src/plan/plan.ts';
import { renderPlan } from '../../../src/report/plan.ts';
import { DUE, planOf, present } from './planner.ts';
import { container, desired } from './samples.ts';

/** Every plan, whatever it is for, ends with what becomes of data, and with the way back and its age. */

const DATA = 'local-lvm:vm-1042-disk-1';
const NOW = new Date('2026-11-21T15:00:00Z');
const volumes: Desired['volumes'] = [
  { name: 'data', path: '/srv/data', storage: 'local-lvm', size: 8, backup: true, readOnly: false, options: [] },
];
const wanted = (more: Partial<Desired> = {}) => desired({ volumes, protection: false, ...more });
const history = [
  { commit: 'c0ffee'.padEnd(40, '0'), at: '2026-11-21T12:00:00.000Z', way: { kind: 'snapshot', name: 'pgo_1' } },
] as const;
const good = { volumes: { data: DATA }, history, good: { commit: 'a'.repeat(40), at: '2026-11-21T12:00:00.000Z' } };
const promotion = { id: 'r1', other: 901_042, goal: 'g' };
const full = { mp0: `${DATA},mp=/srv/data,size=8G` };
const facts: ReplaceFacts = {
  candidate: 901_042,
  addresses: 'dhcp',
  backupStorage: 'local',
  foreignSnapshots: [],
  loose: [],
  rawLines: [],
};
const absent: Observation = { kind: 'absent', vmid: 1042, node: 'pve' };
const here = (mark: Parameters<typeof present>[1] = good, config: Record<string, string> = full): Observation =>
  present(container(config), mark);
const ROOT = 'root file system (8 GiB)';
const VOLUME = 'data (8 GiB at /srv/data)';
const LAST = 'last 3 h ago, commit c0ffee000000';
const wayBack = { snapshotPossible: true, backupStorage: undefined, used: 1 };

const ROWS: readonly [string, Desired, Observation, Partial<PlanInput>, string, string][] = [
  ['create', wanted(), absent, {}, `${ROOT} new · ${VOLUME} new`, 'none: there is nothing yet to go back to'],
  ['nothing to do', wanted(), here(), {}, `${ROOT} kept · ${VOLUME} kept`, LAST],
  [
    'nothing to do, the first time',
    wanted(),
    here({ volumes: { data: DATA } }),
    {},
    `${ROOT} kept · ${VOLUME} kept`,
    'none kept yet',
  ],
  ['a live change', wanted({ memory: 4096 }), here(), {}, `${ROOT} kept · ${VOLUME} kept`, LAST],
  [
    'configure',
    wanted(),
    here(),
    { due: { ...DUE, force: true }, wayBack },
    `${ROOT} kept · ${VOLUME} kept`,
    `commit aaaaaaaaaaaa configured again (the volume at /srv/data keeps what was written since); ${LAST}`,
  ],
  [
    'replace',
    wanted(),
    here(),
    { rebuild: true, replacing: facts },
    `${ROOT} DESTROYED · ${VOLUME} kept`,
    `the old container until the new one is proven, then its backup on local; ${LAST}`,
  ],
  [
    'replace without a backup',
    wanted({ wayBack: 'none' }),
    here(),
    { rebuild: true, replacing: facts },
    `${ROOT} DESTROYED · ${VOLUME} kept`,
    `the old container until the new one is proven, then none: the definition says way_back: none; ${LAST}`,
  ],
  [
    'a replace that was begun',
    wanted(),
    here({ ...good, promotion }),
    {},
    `${ROOT} DESTROYED · ${VOLUME} kept`,
    'the replace’s own: what was before comes back when it fails',
  ],
  [
    'one whose volumes are with the candidate',
    wanted(),
    here({ ...good, promotion: { ...promotion, renewed: true } }, {}),
    {},
    `${ROOT} kept · ${VOLUME} comes back`,
    'the replace’s own: what was before comes back when it fails',
  ],
  [
    'one whose restore left no container',
    wanted(),
    { ...absent, candidate: 901_042 },
    {},
    `${ROOT} new · ${VOLUME} comes back`,
    'the replace’s own: what was before comes back when it fails',
  ],
  ['retire', wanted({ state: 'absent' }), here(), {}, `${ROOT} kept · ${VOLUME} kept`, LAST],
  [
    'destroy',
    wanted({ state: 'absent', volumes: [], deletedVolumes: ['data'] }),
    here(),
    {},
    `${ROOT} DESTROYED · ${VOLUME} DESTROYED`,
    `none: snapshots go with the container; ${LAST}`,
  ],
  [
    'nothing is there, and nothing shall be',
    wanted({ state: 'absent' }),
    absent,
    {},
    'none',
    'none: there is nothing yet to go back to',
  ],
];

describe('the last two lines of a plan', () => {
  it.each(ROWS)('%s', (_, goal, observed, more, data, back) => {
    const lines = renderPlan(planOf(goal, observed, { now: NOW, ...more }));
    expect(lines.slice(-2)).toEqual([`  data: ${data}`, `  way back: ${back}`]);
  });
});
