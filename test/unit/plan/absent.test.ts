import { describe, expect, it } from 'vitest';
import { kinds, planOf, type Row, seenBy, settle } from './planner.ts';
import { desired } from './samples.ts';

const DATA = 'local-lvm:vm-1042-disk-1';
const LOGS = 'local-lvm:vm-1042-disk-2';
const withVolumes = (more: Partial<Row> = {}) =>
  seenBy({
    name: '',
    config: { mp0: `${DATA},mp=/srv/data,size=8G`, unused0: LOGS, ...more.config },
    mark: { volumes: { data: DATA, logs: LOGS }, ...more.mark },
    ...(more.state === undefined ? {} : { state: more.state }),
    steps: [],
  });
const gone = (...deletedVolumes: readonly string[]) => desired({ state: 'absent', deletedVolumes, protection: false });

describe('a container that shall not be there', () => {
  it('is not there: nothing', () => {
    expect(planOf(gone(), { kind: 'absent', vmid: 1042, node: 'pve' })).toMatchObject({ steps: [], data: [] });
  });

  it('is stopped and destroyed when it has no volumes', () => {
    const plan = planOf(gone(), seenBy({ name: '', steps: [] }));
    expect(kinds(plan.steps)).toEqual(['stop', 'destroy']);
    expect(plan.data).toMatchObject([{ kind: 'root', fate: 'destroyed' }]);
  });

  it('is retired when volumes are kept, attached or not, and says how to remove them', () => {
    const plan = planOf(gone(), withVolumes());
    expect(kinds(plan.steps)).toEqual(['stop', 'retire']);
    expect(plan.notes.join('\n')).toContain('stopped and retired, not destroyed: its volumes are kept: data, logs');
    expect(plan.notes.join('\n')).toContain('pve-gitops destroy DIR --delete-volume data --delete-volume logs');
    expect(plan.data.map(({ name, fate }) => `${name} ${fate}`)).toEqual([
      'root file system kept',
      'data kept',
      'logs detached',
    ]);
  });

  it('is left alone once it is retired', () => {
    const { now, taken } = settle(gone(), withVolumes());
    expect(kinds(taken)).toEqual(['stop', 'retire']);
    expect(now.mark.role).toBe('retired');
    expect(now.state).toMatchObject({ running: false, config: { onboot: '0' } });
    expect(planOf(gone(), now).steps).toEqual([]);
    expect(planOf(gone(), now).notes[0]).toContain('is retired, not destroyed');
  });

  it('is stopped again when somebody has started it', () => {
    const { now } = settle(gone(), withVolumes());
    expect(kinds(planOf(gone(), { ...now, state: { ...now.state, running: true } }).steps)).toEqual(['stop']);
  });

  it('loses the volumes that are named, keeps the others, and is retired with them', () => {
    const { now, taken } = settle(gone('data'), withVolumes());
    expect(kinds(taken)).toEqual(['stop', 'update', 'discard', 'retire']);
    expect(taken[2]).toMatchObject({ volume: 'data', volid: DATA });
    expect(now.state.config).toMatchObject({ unused0: LOGS });
    expect(Object.values(now.state.config).join()).not.toContain(DATA);
  });

  it('is destroyed when all its volumes are named', () => {
    const plan = planOf(gone('data', 'logs'), withVolumes());
    expect(kinds(plan.steps)).toEqual(['stop', 'destroy']);
    expect(plan.data.every(({ fate }) => fate === 'destroyed')).toBe(true);
  });

  it('keeps a volume that was made by hand, which can be named by its key', () => {
    const seen = seenBy({ name: '', config: { mp3: `${DATA},mp=/x,size=1G` }, steps: [] });
    expect(kinds(planOf(gone(), seen).steps)).toEqual(['stop', 'retire']);
    expect(planOf(gone(), seen).notes[1]).toContain('--delete-volume mp3');
    expect(kinds(planOf(gone('mp3'), seen).steps)).toEqual(['stop', 'destroy']);
  });

  it('keeps a volume that only a snapshot may hold: it would die with the container', () => {
    const seen = seenBy({ name: '', mark: { volumes: { data: DATA } }, steps: [] });
    expect(kinds(planOf(gone(), seen).steps)).toEqual(['stop', 'retire']);
    expect(kinds(planOf(gone('data'), seen).steps)).toEqual(['stop', 'destroy']);
    expect(kinds(planOf(gone(), seen, { missing: new Set([DATA]) }).steps)).toEqual(['stop', 'destroy']);
  });

  it('a volume of another container that somebody put in does not die with it', () => {
    const seen = seenBy({ name: '', config: { mp3: 'local-lvm:vm-100-disk-1,mp=/x,size=1G' }, steps: [] });
    expect(kinds(planOf(gone(), seen).steps)).toEqual(['stop', 'destroy']);
  });

  it('says before anything that it is protected', () => {
    const guarded = seenBy({ name: '', config: { protection: '1' }, steps: [] });
    const silent = (...deletedVolumes: readonly string[]) => desired({ state: 'absent', deletedVolumes });
    expect(planOf(silent(), guarded).refusals).toMatchObject([
      { kind: 'user', reason: expect.stringContaining('Unable to destroy container 1042: its protection is on') },
    ]);
    const opened = planOf(desired({ state: 'absent', protection: false }), guarded);
    expect(kinds(opened.steps)).toEqual(['update', 'stop', 'destroy']);
    expect(opened.refusals).toEqual([]);
    expect(planOf(silent(), withVolumes({ config: { protection: '1' } })).refusals).toEqual([]);
    expect(planOf(silent('data'), withVolumes({ config: { protection: '1' } })).refusals).toHaveLength(1);
  });

  it('comes back to life with its volumes when it shall be there again', () => {
    const { now } = settle(gone(), withVolumes());
    const volumes = [
      { name: 'data', path: '/srv/data', storage: 'local-lvm', size: 8, backup: false, readOnly: false, options: [] },
    ];
    const { now: again, taken } = settle(desired({ volumes, protection: false }), now);
    expect(kinds(taken)).toEqual(['revive', 'update', 'start']);
    expect(again.mark).toMatchObject({ role: 'live', volumes: { data: DATA, logs: LOGS } });
    expect(again.state.config).toMatchObject({ onboot: '1', mp0: `${DATA},mp=/srv/data,size=8G` });
  });
});
