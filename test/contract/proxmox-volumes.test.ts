import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { volumeOf } from '../../src/model/property-string.ts';
import { Bed, long, soon } from './proxmox-bed.ts';
import { refusal } from './proxmox-client.ts';
import { underFaults } from './proxmox-faults.ts';
import { RELEASES } from './proxmox-target.ts';

const LIVE = 934_000;
const TARGET = 934_001;

describe.each(RELEASES)('volumes on Proxmox VE %s', (release) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open([LIVE, TARGET], release);
  }, 900_000);
  afterAll(() => bed.close(), 300_000);

  const slot = async (vmid: number, key: string) => ({ vmid, key, digest: (await bed.state(vmid)).digest });
  const list = (vmid: number, storage = bed.target.storage) => bed.ports.volumes.list(bed.node, storage, vmid, soon());
  const volids = async (vmid: number, storage?: string) => (await list(vmid, storage)).map(({ volid }) => volid);
  const at = async (vmid: number, key: string) => volumeOf((await bed.state(vmid)).config[key] ?? '');
  const detach = async (key = 'mp0') => bed.ports.volumes.detach(bed.node, await slot(LIVE, key), soon());
  const free = (volid: string, vmid = LIVE) => bed.ports.volumes.free(bed.node, vmid, volid, long());
  const reassign = async (from = 'mp0', to = 'mp3', { volumes } = bed.ports) =>
    volumes.reassign(bed.node, await slot(LIVE, from), await slot(TARGET, to), long());
  const withVolume = async () => {
    await bed.create(LIVE, { mp0: `${bed.target.storage}:1,mp=/data,backup=1` });
    await bed.create(TARGET);
  };

  describe('of one container', () => {
    beforeEach(async () => {
      await bed.clear();
      await withVolume();
    }, 300_000);

    it('list: size and owner, attached or not', async () => {
      const mp0 = await at(LIVE, 'mp0');
      const volumes = await list(LIVE);
      expect(volumes.map(({ volid }) => volid).toSorted()).toEqual([await at(LIVE, 'rootfs'), mp0].toSorted());
      expect(volumes.find(({ volid }) => volid === mp0)).toMatchObject({ vmid: LIVE, size: 1024 ** 3, format: 'raw' });
      await detach();
      expect(await volids(LIVE)).toContain(mp0);
      expect(await volids(LIVE + 5)).toEqual([]);
    });

    it('move to another storage: the old one is gone', async () => {
      const { otherStorage, storage } = bed.target;
      const old = await at(LIVE, 'mp0');
      const moved = await bed.ports.volumes.move(bed.node, await slot(LIVE, 'mp0'), { storage: otherStorage }, long());
      expect(moved.volid).toMatch(new RegExp(`^${otherStorage}:`));
      const { config } = await bed.state(LIVE);
      expect(config.mp0).toContain('mp=/data');
      expect(Object.keys(config).filter((key) => key.startsWith('unused'))).toEqual([]);
      expect(await volids(LIVE, storage)).not.toContain(old);
      const again = await bed.ports.volumes.move(bed.node, await slot(LIVE, 'mp0'), { storage: otherStorage }, long());
      expect(again).toMatchObject({ upid: '', volid: moved.volid });
    });

    it('move of a root file system that keeps its source as unused', async () => {
      const to = { storage: bed.target.otherStorage, keepSource: true };
      const old = await at(LIVE, 'rootfs');
      await bed.ports.volumes.move(bed.node, await slot(LIVE, 'rootfs'), to, long());
      expect(await at(LIVE, 'unused0')).toBe(old);
    });

    it('move while it runs, of what a snapshot holds, and to what is none: the server’s words', async () => {
      const move = async (storage = bed.target.otherStorage) =>
        refusal(bed.ports.volumes.move(bed.node, await slot(LIVE, 'mp0'), { storage }, long()));
      expect((await move('nope')).message).toContain("storage 'nope' does not exist");
      await bed.ports.snapshots.take(bed.node, LIVE, { name: 'pgo_held', description: '' }, long());
      expect((await move()).message).toContain("you can't move a volume with snapshots and delete the source");
      await bed.ports.containers.start(bed.node, LIVE, long());
      expect((await move()).message).toContain('cannot move volumes of a running container');
    });

    it('give to another container: a new name, the path kept, the source without it', async () => {
      const given = await reassign();
      const [source, target] = [await bed.state(LIVE), await bed.state(TARGET)];
      expect(source.config.mp0).toBeUndefined();
      expect(given.volid).toMatch(new RegExp(`-${TARGET}-disk-`));
      expect(volumeOf(target.config.mp3 ?? '')).toBe(given.volid);
      expect(target.config.mp3).toContain('mp=/data');
      expect(await volids(LIVE)).toEqual([volumeOf(source.config.rootfs ?? '')]);
    });

    it('an unused one to an unused one', async () => {
      const { key, volid } = await detach();
      expect(key).toBe('unused0');
      expect(volid).toMatch(new RegExp(`-${LIVE}-disk-`));
      expect((await reassign('unused0', 'unused2')).volid).toBe(await at(TARGET, 'unused2'));
    });

    it('a stale digest on either side: busy, and nothing moved', async () => {
      const [from, to] = [await slot(LIVE, 'mp0'), await slot(TARGET, 'mp0')];
      const wrong = '0'.repeat(40);
      for (const [left, right] of [
        [{ ...from, digest: wrong }, to],
        [from, { ...to, digest: wrong }],
      ] as const) {
        const error = await refusal(bed.ports.volumes.reassign(bed.node, left, right, long()));
        expect([error.kind, error.message]).toEqual(['busy', expect.stringContaining('detected modified')]);
      }
      expect(await at(LIVE, 'mp0')).toMatch(new RegExp(`-${LIVE}-disk-`));
    });

    it('of a running source, of what a snapshot holds, to a taken key: the server’s words', async () => {
      await bed.ports.snapshots.take(bed.node, LIVE, { name: 'pgo_held', description: '' }, long());
      expect((await refusal(reassign())).message).toContain('Cannot move volume used by a snapshot');
      await bed.ports.snapshots.drop(bed.node, LIVE, 'pgo_held', long());
      await bed.ports.containers.start(bed.node, LIVE, long());
      expect((await refusal(reassign())).message).toContain('Cannot move in-use volume');
      await bed.ports.containers.shutdown(bed.node, LIVE, 1, long());
      await reassign();
      await bed.ports.containers.update(
        bed.node,
        LIVE,
        { set: { mp0: `${bed.target.storage}:1,mp=/new` }, remove: [] },
        (await bed.state(LIVE)).digest,
        soon(),
      );
      expect((await refusal(reassign())).message).toContain("'mp3' is already in use");
    });

    it.each([
      ['rootfs', 'mp0'],
      ['mp0', 'rootfs'],
      ['unused0', 'mp0'],
      ['mp0', 'unused0'],
    ])('%s to %s: our own fault, and nothing is sent', async (from, to) => {
      expect((await refusal(reassign(from, to))).kind).toBe('bug');
    });

    it('detach while it runs: waits for the restart', async () => {
      await bed.ports.containers.start(bed.node, LIVE, long());
      const { volid, key } = await detach();
      expect(key).toBeUndefined();
      expect((await bed.state(LIVE)).pending).toEqual({ mp0: null });
      await bed.ports.containers.reboot(bed.node, LIVE, 5, long());
      expect(await at(LIVE, 'unused0')).toBe(volid);
    });

    it('a detached one is attached again by its name', async () => {
      const { volid } = await detach();
      const { digest } = await bed.state(LIVE);
      await bed.ports.containers.update(
        bed.node,
        LIVE,
        { set: { mp0: `${volid},mp=/data` }, remove: [] },
        digest,
        soon(),
      );
      const { config } = await bed.state(LIVE);
      expect([volumeOf(config.mp0 ?? ''), config.unused0]).toEqual([volid, undefined]);
    });

    it('free an unused one: its line goes too', async () => {
      const { volid } = await detach();
      await free(volid);
      expect(await volids(LIVE)).not.toContain(volid);
      expect((await bed.state(LIVE)).config.unused0).toBeUndefined();
      expect((await free(volid)).upid).toBe('');
    });

    it('free one that no config names: of a container that is there, and of one that is gone', async ({ annotate }) => {
      if (bed.target.real) {
        await annotate('left out: a real server has no control endpoint');
        return;
      }
      for (const vmid of [LIVE, LIVE + 3]) {
        const name = `vm-${vmid}-disk-7`;
        await bed.target.control('PUT', 'lxc', { vmid: LIVE + 4, config: { rootfs: `local-lvm:${name},size=1G` } });
        await bed.target.control('DELETE', 'lxc', { vmid: LIVE + 4 });
        expect(await volids(vmid)).toContain(`local-lvm:${name}`);
        await free(`local-lvm:${name}`, vmid);
        expect(await volids(vmid)).not.toContain(`local-lvm:${name}`);
      }
    });

    it('free of an attached one, of one in a snapshot, of another container’s: refused', async () => {
      const [root, mp0] = [await at(LIVE, 'rootfs'), await at(LIVE, 'mp0')];
      expect((await refusal(free(mp0))).message).toContain('it is mp0');
      expect((await refusal(free(root))).message).toContain('it is rootfs');
      await bed.ports.snapshots.take(bed.node, LIVE, { name: 'pgo_held', description: '' }, long());
      await detach();
      expect((await refusal(free(mp0))).message).toContain('snapshot pgo_held');
      expect((await refusal(free(root, TARGET))).kind).toBe('bug');
      expect(await volids(LIVE)).toEqual(expect.arrayContaining([root, mp0]));
    });
  });

  // Faults are the same for every release.
  if (release !== RELEASES[0]) return;
  const world = async () => {
    const states = await Promise.all([bed.state(LIVE), bed.state(TARGET)]);
    const stored = await Promise.all(
      ['local-lvm', 'other-lvm'].flatMap((storage) => [volids(LIVE, storage), volids(TARGET, storage)]),
    );
    return [states.map(({ config, lock }) => ({ config, lock })), stored];
  };
  const path = `/nodes/pve/lxc/${LIVE}`;
  underFaults(() => bed, {
    name: 'move to a storage',
    prepare: withVolume,
    act: async ({ volumes }) =>
      volumes.move(bed.node, await slot(LIVE, 'mp0'), { storage: bed.target.otherStorage }, long()),
    request: ['POST', `${path}/move_volume`],
    task: { type: 'move_volume', id: String(LIVE) },
    locks: LIVE,
    fills: 'other-lvm',
    world,
  });
  underFaults(() => bed, {
    name: 'give to a container',
    prepare: withVolume,
    act: (ports) => reassign('mp0', 'mp3', ports),
    request: ['POST', `${path}/move_volume`],
    task: { type: 'move_volume', id: `${LIVE}-mp0>${TARGET}-mp3` },
    locks: TARGET,
    world,
  });
  underFaults(() => bed, {
    name: 'detach',
    prepare: withVolume,
    act: async ({ volumes }) => volumes.detach(bed.node, await slot(LIVE, 'mp0'), soon()),
    request: ['PUT', `${path}/config`],
    locks: LIVE,
    world,
  });
  underFaults(() => bed, {
    name: 'free an unused one',
    prepare: async () => {
      await withVolume();
      await detach();
    },
    act: async ({ volumes }) => volumes.free(bed.node, LIVE, `local-lvm:vm-${LIVE}-disk-1`, long()),
    request: ['PUT', `${path}/config`],
    locks: LIVE,
    world,
  });
  underFaults(() => bed, {
    name: 'free one that no config names',
    prepare: async () => {
      await withVolume();
      const config = { rootfs: `local-lvm:vm-${LIVE}-disk-7,size=1G` };
      await bed.target.control('PUT', 'lxc', { vmid: LIVE + 4, config });
      await bed.target.control('DELETE', 'lxc', { vmid: LIVE + 4 });
    },
    act: ({ volumes }) => volumes.free(bed.node, LIVE, `local-lvm:vm-${LIVE}-disk-7`, long()),
    request: ['DELETE', `/nodes/pve/storage/local-lvm/content/local-lvm:vm-${LIVE}-disk-7`],
    task: { type: 'imgdel', id: `${LIVE}@local-lvm` },
    world,
  });
});
