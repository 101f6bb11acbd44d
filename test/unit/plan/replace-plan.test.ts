import { describe, expect, it } from 'vitest';
import type { ReplaceFacts } from '../../../src/model/replacement.ts';
import { replacePolicy } from '../../../src/plan/replace-plan.ts';
import { planOf, present } from './planner.ts';
import { container, desired } from './samples.ts';

const facts = (changes: Partial<ReplaceFacts> = {}): ReplaceFacts => ({
  ...{ candidate: 901_042, addresses: 'dhcp', backupStorage: 'local', foreignSnapshots: [], loose: [], rawLines: [] },
  ...changes,
});
const loose = [{ path: '/var/lib/mysql', size: 40_960 }];
const volume = { mp0: 'local-lvm:vm-1042-disk-1,mp=/srv/data,backup=1' };
const leftOut = { mp0: 'local-lvm:vm-1042-disk-1,mp=/srv/data' };

describe('the backup of the old root file system', () => {
  it.each([
    ['while it serves', 'auto', {}, [], 'before'],
    ['while it serves, when its volumes are not taken along', 'auto', leftOut, [], 'before'],
    ['once it is stopped, when its volumes would be taken along', 'auto', volume, [], 'after'],
    ['once it is stopped, when something in it would be missed', 'auto', {}, loose, 'after'],
    ['also where no way back is wanted, when something in it would be missed', 'none', {}, loose, 'after'],
    ['not at all, where none is wanted', 'none', volume, [], 'none'],
    ['while it serves, when nobody could look inside', 'auto', {}, undefined, 'before'],
  ] as const)('%s', (_, wayBack, config, found, backup) => {
    expect(replacePolicy({ wayBack }, config, { addresses: 'dhcp', loose: found }).backup).toBe(backup);
  });

  it('needs no second address only where there is none to be had', () => {
    const inPlace = (addresses: ReplaceFacts['addresses']) =>
      replacePolicy({ wayBack: 'auto' }, {}, { addresses, loose: [] }).inPlace;
    expect([inPlace('none'), inPlace('dhcp'), inPlace(['192.168.178.90'])]).toEqual([true, false, false]);
  });
});

describe('the plan of a replace', () => {
  const planned = (changes: Partial<ReplaceFacts>, config: Record<string, string> = {}) =>
    planOf(desired(), present(container(config)), { rebuild: true, replacing: facts(changes) });

  it('names all that Proxmox VE cannot carry over', () => {
    const { notes } = planned(
      { rawLines: ['lxc.idmap: u 0 100000 1000', 'lxc.cap.drop: mac_admin'], loose },
      { hookscript: 'local:snippets/x.pl' },
    );
    const text = notes.join('\n');
    for (const part of [
      'not carried over, only root on the node can: lxc.idmap: u 0 100000 1000',
      'not carried over, only root on the node can: lxc.cap.drop: mac_admin',
      'not carried over, only root on the node can: hookscript: local:snippets/x.pl',
      'data outside of volumes stays behind, in that backup: /var/lib/mysql (40 MiB)',
      'the old root file system is kept for seven days, as a backup on local',
    ])
      expect(text).toContain(part);
  });

  it('is refused with a snapshot of somebody else, and where no storage takes backups', () => {
    expect(planned({ foreignSnapshots: ['mine'] }).refusals).toMatchObject([
      { reason: expect.stringContaining('somebody else took (mine)') as string },
    ]);
    expect(planned({ backupStorage: undefined }).refusals).toMatchObject([
      { reason: expect.stringContaining('no storage of its node takes backups') as string },
    ]);
  });

  it('is refused before anything where git takes a volume away from one that git protects', () => {
    const seen = present(container({ ...volume, protection: '1' }), { volumes: { data: 'local-lvm:vm-1042-disk-1' } });
    const rebuilt = (protection: boolean) =>
      planOf(desired({ protection }), seen, { rebuild: true, replacing: facts() }).refusals.map(({ reason }) => reason);
    expect(rebuilt(true)).toEqual([expect.stringContaining('its protection is on; nothing was changed')]);
    expect(rebuilt(false)).toEqual([]);
  });

  it('says so when nobody could look inside, and when nobody serves for minutes', () => {
    const text = planned({ loose: undefined, addresses: 'none' }).notes.join('\n');
    expect(text).toContain('whether data stands outside of volumes is not known');
    expect(text).toContain('nobody serves from then on until it is verified: minutes');
  });
});
