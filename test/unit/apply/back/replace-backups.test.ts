import { beforeEach, describe, expect, it } from 'vitest';
import { mayHaveExpired, removeExpired, withUntil } from '../../../../src/apply/back/replace-backups.ts';
import type { Backups } from '../../../../src/model/container-ports.ts';
import type { StorageState } from '../../../../src/model/observed.ts';
import type { Clock, Inventory } from '../../../../src/model/ports.ts';
import { formatReplaceBackup, ownerWords, type ReplaceBackup } from '../../../../src/model/promotion.ts';
import type { Backup } from '../../../../src/model/resources.ts';
import { mark } from '../../plan/samples.ts';

/** What a replace has left goes when its days are over; nothing else does. */

const NOW = new Date('2026-11-21T12:00:00.000Z');
const PAST = '2026-11-20T12:00:00.000Z';
const SOON = '2026-11-23T12:00:00.000Z';
const LATER = '2026-11-27T12:00:00.000Z';
const OURS = mark();

let all: (Backup & { readonly whole: string })[];
let removed: string[];

function add(volid: string, change: Partial<ReplaceBackup> | string, more: Partial<Backup> = {}): void {
  const whole =
    typeof change === 'string'
      ? change
      : formatReplaceBackup('container 1042', {
          id: 'r1',
          of: ownerWords(OURS),
          kind: 'before',
          expires: PAST,
          ...change,
        });
  const notes = whole.split('\n')[0] ?? '';
  all.push({ volid, vmid: 1042, taken: 0, size: 1, protected: false, notes, whole, ...more });
}

const storage = (name: string, content: readonly string[], active = true) =>
  ({ storage: name, content, active, enabled: true, available: 1 }) as unknown as StorageState;
const ports = {
  inventory: {
    serverTime: () => NOW,
    storages: async () => [
      storage('local', ['backup']),
      storage('lvm', ['rootdir']),
      storage('off', ['backup'], false),
    ],
  } as unknown as Inventory,
  backups: {
    list: async (_: string, name: string, vmid: number) =>
      name === 'local' ? all.filter((backup) => backup.vmid === vmid) : Promise.reject(new Error(`asked ${name}`)),
    notes: async (_: string, volid: string) => all.find((backup) => backup.volid === volid)?.whole,
    remove: async (_: string, __: number, volid: string) => {
      removed.push(volid);
      return { upid: '', warnings: [], log: [] };
    },
  } as unknown as Backups,
  clock: {} as Clock,
};
const search = { ports, node: 'pve', signal: new AbortController().signal };

beforeEach(() => {
  all = [];
  removed = [];
});

describe('backups of replaces', () => {
  it('go once their days are over, and the next date is that of the next one', async () => {
    add('old', {});
    add('young', { expires: LATER });
    add('middle', { expires: SOON });
    expect(await removeExpired(search, OURS)).toEqual({ removed: ['old'], left: ['young', 'middle'], until: SOON });
    expect(removed).toEqual(['old']);
  });

  it('stay when somebody protects them, when another container has them, and when they are of something else', async () => {
    add('protected', {}, { protected: true });
    add('of another owner', { of: ownerWords(mark({ owner: 'srv/other' })) });
    add('of another site', { of: ownerWords(mark({ site: 'other' })) });
    add('of a replace under way', { kind: 'candidate' });
    add('by hand', 'before I try something');
    add('damaged', `pve-gitops: container 1042\npve-gitops-replace:1 {"id":1`);
    add('of another vmid', {}, { vmid: 1043 });
    expect(await removeExpired(search, OURS)).toEqual({ removed: [], left: [] });
    expect(removed).toEqual([]);
  });
});

describe('the mark', () => {
  it('says when to look: nothing is asked before', () => {
    expect(mayHaveExpired(mark(), ports)).toBe(false);
    expect(mayHaveExpired(mark({ backupsUntil: SOON }), ports)).toBe(false);
    expect(mayHaveExpired(mark({ backupsUntil: PAST }), ports)).toBe(true);
  });

  it('of a replace under way says nothing: it may need its backup yet', () => {
    const promotion = { id: 'r1', other: 901_042, goal: 'g' };
    expect(mayHaveExpired(mark({ backupsUntil: PAST, promotion }), ports)).toBe(false);
  });

  it('has the next date after a look, or none', () => {
    const before = mark({ backupsUntil: PAST });
    expect(withUntil(before, { removed: [], left: [] })).toEqual(mark());
    expect(withUntil(before, { removed: [], left: [], until: SOON }).backupsUntil).toBe(SOON);
  });
});
