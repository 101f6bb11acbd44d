import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { volumeOf } from '../../src/model/property-string.ts';
import type { Backup } from '../../src/model/resources.ts';
import { Bed, long, soon } from './proxmox-bed.ts';
import { refusal } from './proxmox-client.ts';
import { underFaults } from './proxmox-faults.ts';
import { RELEASES } from './proxmox-target.ts';

const LIVE = 935_000;
const OTHER = 935_001;
const NOTES = 'pve-gitops {"run":"1"}\nsecond \\ line';

describe.each(RELEASES)('backups on Proxmox VE %s', (release) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open([LIVE, OTHER], release);
  }, 900_000);
  afterAll(() => bed.close(), 300_000);

  const wish = (more: object = {}) => ({
    vmid: LIVE,
    storage: bed.target.backupStorage,
    mode: 'snapshot' as const,
    notes: NOTES,
    ...more,
  });
  const take = (more: object = {}) => bed.ports.backups.take(bed.node, wish(more), long());
  const list = (vmid = LIVE) => bed.ports.backups.list(bed.node, bed.target.backupStorage, vmid, soon());
  const restoring = (archive: string, more: object = {}) => ({
    node: bed.node,
    vmid: OTHER,
    archive,
    storage: bed.target.storage,
    parameters: { unprivileged: 1, description: 'restored', hostname: 'again' },
    ...more,
  });
  const restore = (archive: string, more: object = {}) => bed.ports.backups.restore(restoring(archive, more), long());
  const over = async (losing: readonly string[] = []) => ({
    vmid: LIVE,
    over: { digest: (await bed.state(LIVE)).digest, losing },
  });
  const at = async (key: string) => volumeOf((await bed.state(LIVE)).config[key] ?? '');

  describe('one container', () => {
    let backup: Backup;
    beforeAll(async () => {
      await bed.clear();
      await bed.create(LIVE, { tags: 'kept', mp0: `${bed.target.storage}:1,mp=/data` });
      await bed.ports.containers.start(bed.node, LIVE, long());
    }, 300_000);

    it('take while it runs: listed with its first line of notes', async () => {
      expect(await list()).toEqual([]);
      ({ backup } = await take());
      expect(await list()).toEqual([backup]);
      expect(backup).toMatchObject({ vmid: LIVE, notes: 'pve-gitops {"run":"1"}', protected: false });
      expect(backup.size).toBeGreaterThan(0);
      expect((await bed.state(LIVE)).running).toBe(true);
    });

    it('its notes come back whole', async () => {
      expect(await bed.ports.backups.notes(bed.node, backup.volid, soon())).toBe(NOTES);
    });

    it('protect, protect again, unprotect; a protected one is not removed', async () => {
      const protect = (on: boolean) => bed.ports.backups.protect(bed.node, backup.volid, on, soon());
      await protect(true);
      await protect(true);
      expect((await list())[0]?.protected).toBe(true);
      const error = await refusal(bed.ports.backups.remove(bed.node, LIVE, backup.volid, long()));
      expect(error.message).toContain('protected');
      await protect(false);
      expect((await list())[0]?.protected).toBe(false);
    });

    it('restore to a new vmid: the archive’s config, what is given before it, an empty volume for one left out', async () => {
      await restore(backup.volid);
      const { config, running, lock } = await bed.state(OTHER);
      expect([running, lock]).toEqual([false, undefined]);
      expect(config).toMatchObject({ hostname: 'again', description: 'restored\n', tags: 'kept', memory: '128' });
      expect(config.rootfs).toMatch(new RegExp(`-${OTHER}-disk-`));
      expect(config.mp0).toMatch(new RegExp(`-${OTHER}-disk-.*mp=/data`));
    });

    it('restore to a vmid that is taken: refused, and what has it is left alone', async () => {
      const before = await bed.state(OTHER);
      expect((await refusal(restore(backup.volid))).message).toContain(`CT ${OTHER} already exists`);
      expect(await bed.state(OTHER)).toEqual(before);
    });

    it('restore over one that runs, that has a volume, that has changed: refused, and nothing is sent', async () => {
      expect((await refusal(restore(backup.volid, await over()))).message).toContain('it is running');
      await bed.ports.containers.shutdown(bed.node, LIVE, 1, long());
      const before = await bed.state(LIVE);
      const attached = await refusal(restore(backup.volid, await over()));
      expect([attached.kind, attached.message]).toEqual(['bug', expect.stringContaining(await at('mp0'))]);
      const changed = { vmid: LIVE, over: { digest: '0'.repeat(40), losing: [] } };
      expect((await refusal(restore(backup.volid, changed))).kind).toBe('busy');
      expect(await bed.state(LIVE)).toEqual(before);
    });

    it('a volume that only a snapshot names counts as one', async () => {
      await bed.ports.snapshots.take(bed.node, LIVE, { name: 'pgo_held', description: '' }, long());
      const { digest, config } = await bed.state(LIVE);
      await bed.ports.volumes.detach(bed.node, { vmid: LIVE, key: 'mp0', digest }, soon());
      const error = await refusal(restore(backup.volid, await over()));
      expect(error.message).toContain(volumeOf(config.mp0 ?? ''));
      await bed.ports.snapshots.drop(bed.node, LIVE, 'pgo_held', long());
      // What only the snapshot held is kept as unused.
      const now = await bed.state(LIVE);
      expect(now.config.unused0).toBe(volumeOf(config.mp0 ?? ''));
      const change = { set: { mp0: config.mp0 ?? '' }, remove: [] };
      await bed.ports.containers.update(bed.node, LIVE, change, now.digest, soon());
    });

    it('restore over: a new root file system alone, and what is listed is gone', async () => {
      const [root, lost] = [await at('rootfs'), await at('mp0')];
      const parameters = { ...restoring('').parameters, rootfs: `${bed.target.storage}:1` };
      await restore(backup.volid, { ...(await over([lost])), parameters });
      const { config } = await bed.state(LIVE);
      expect(config).toMatchObject({ hostname: 'again', tags: 'kept' });
      expect([config.mp0, config.unused0]).toEqual([undefined, undefined]);
      const stored = (await bed.ports.volumes.list(bed.node, bed.target.storage, LIVE, soon())).map(
        ({ volid }) => volid,
      );
      expect(stored).toEqual([volumeOf(config.rootfs ?? '')]);
      expect(stored).not.toContain(root);
    });

    it('remove, and remove of what is gone', async () => {
      await bed.ports.backups.remove(bed.node, LIVE, backup.volid, long());
      expect(await list()).toEqual([]);
      expect((await bed.ports.backups.remove(bed.node, LIVE, backup.volid, long())).upid).toBe('');
    });

    it('a protected one from the start', async () => {
      expect((await take({ protected: true })).backup.protected).toBe(true);
    });

    it.each([
      ['description', { parameters: { unprivileged: 1 } }],
      ['unprivileged', { parameters: { description: 'x' } }],
      ['names a volume', { parameters: { unprivileged: 1, description: 'x', rootfs: 'local-lvm:vm-100-disk-0' } }],
      ['lock', { parameters: { unprivileged: 1, description: 'x', lock: 'backup' } }],
      ['no backup', { archive: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' }],
    ])('a restore that is a danger: %s', async (reason, more) => {
      const error = await refusal(restore('local:backup/vzdump-lxc-1-x.tar.zst', more));
      expect([error.kind, error.message]).toEqual(['bug', expect.stringContaining(reason)]);
    });

    it('the backup of another container is not removed', async () => {
      const { volid } = (await list())[0] ?? { volid: '' };
      expect((await refusal(bed.ports.backups.remove(bed.node, OTHER, volid, long()))).kind).toBe('bug');
    });

    it('an archive that is not there: the task’s words', async () => {
      await bed.ports.containers.destroy(bed.node, OTHER, long());
      const error = await refusal(
        restore(`${bed.target.backupStorage}:backup/vzdump-lxc-1-2020_01_01-00_00_00.tar.zst`),
      );
      expect(error.message).toMatch(/^Unable to restore container/);
      expect(await bed.exists(OTHER)).toBe(false);
    });
  });

  describe('a container that is not there', () => {
    beforeEach(() => bed.clear());
    it('vzdump’s reason, not its `job errors`', async () => {
      const error = await refusal(take());
      expect(error.message).toMatch(new RegExp(`^Unable to back up container ${LIVE} .*unable to find VM '${LIVE}'`));
    });
  });

  // Faults are the same for every release.
  if (release !== RELEASES[0]) return;
  let archive = '';
  const world = async () => {
    const states = await Promise.all(
      [LIVE, OTHER].map((vmid) => bed.ports.inventory.container(bed.node, vmid, soon())),
    );
    const stored = await Promise.all(
      [LIVE, OTHER].map((vmid) => bed.ports.volumes.list(bed.node, bed.target.storage, vmid, soon())),
    );
    return [
      states.map((state) => state && { config: state.config, lock: state.lock, running: state.running }),
      stored.map((volumes) => volumes.map(({ volid }) => volid)),
      (await list()).map(({ notes, protected: kept }) => [notes, kept]),
    ];
  };
  const withArchive = async () => {
    await bed.create(LIVE);
    archive = (await take()).backup.volid;
  };
  underFaults(() => bed, {
    name: 'take',
    prepare: async () => {
      await bed.create(LIVE);
      await bed.ports.containers.start(bed.node, LIVE, long());
    },
    act: ({ backups }) => backups.take(bed.node, wish(), long()),
    request: ['POST', '/nodes/pve/vzdump'],
    task: { type: 'vzdump', id: String(LIVE) },
    locks: LIVE,
    fills: 'local',
    world,
  });
  underFaults(() => bed, {
    name: 'restore to a new vmid',
    prepare: withArchive,
    act: ({ backups }) => backups.restore(restoring(archive), long()),
    request: ['POST', '/nodes/pve/lxc'],
    task: { type: 'vzrestore', id: String(OTHER) },
    fills: 'local-lvm',
    world,
  });
  underFaults(() => bed, {
    name: 'restore over',
    prepare: withArchive,
    act: async ({ backups }) => backups.restore(restoring(archive, await over()), long()),
    request: ['POST', '/nodes/pve/lxc'],
    task: { type: 'vzrestore', id: String(LIVE) },
    locks: LIVE,
    fills: 'local-lvm',
    // Proxmox VE takes the config away; the old disk stays on its storage.
    spared: (before) => [[undefined, undefined], ...(before as unknown[]).slice(1)],
    world,
  });
  underFaults(() => bed, {
    name: 'protect',
    prepare: withArchive,
    act: ({ backups }) => backups.protect(bed.node, archive, true, soon()),
    request: ['PUT', `/nodes/pve/storage/local/content/*`],
    world,
  });
  underFaults(() => bed, {
    name: 'remove',
    prepare: withArchive,
    act: ({ backups }) => backups.remove(bed.node, LIVE, archive, long()),
    request: ['DELETE', `/nodes/pve/storage/local/content/*`],
    task: { type: 'imgdel', id: `${LIVE}@local` },
    world,
  });
});
