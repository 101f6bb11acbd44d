import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, long, soon } from './proxmox-bed.ts';
import { refusal } from './proxmox-client.ts';
import { underFaults } from './proxmox-faults.ts';
import { RELEASES } from './proxmox-target.ts';

const VMID = 932_000;
const FIRST = { name: 'pgo_first', description: 'of run 1\nsecond line' };
const SECOND = { name: 'pgo_second', description: '' };

describe.each(RELEASES)('snapshots on Proxmox VE %s', (release) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open([VMID], release);
  }, 900_000);
  afterAll(() => bed.close(), 300_000);

  const list = () => bed.ports.snapshots.list(bed.node, VMID, soon());
  const take = (snapshot = FIRST) => bed.ports.snapshots.take(bed.node, VMID, snapshot, long());

  describe('one container', () => {
    beforeAll(async () => {
      await bed.create(VMID, { mp0: `${bed.target.storage}:1,mp=/data` });
      await bed.ports.containers.start(bed.node, VMID, long());
    }, 300_000);

    it('none at first, and it can be snapshotted', async () => {
      expect(await list()).toEqual([]);
      expect(await bed.ports.snapshots.possible(bed.node, VMID, soon())).toBe(true);
    });

    it('two while it runs: with description, time and parent', async () => {
      expect((await take()).upid).toMatch(/^UPID:/);
      await take(SECOND);
      const [first, second] = await list();
      expect(first).toEqual({ ...FIRST, taken: expect.any(Number) as number, unfinished: false });
      expect(second).toMatchObject({ ...SECOND, parent: FIRST.name });
      expect((await bed.state(VMID)).running).toBe(true);
    });

    it('its config names the volumes that it holds', async () => {
      const { config } = await bed.state(VMID);
      const held = await bed.ports.snapshots.config(bed.node, VMID, FIRST.name, soon());
      expect([held.rootfs, held.mp0]).toEqual([config.rootfs, config.mp0]);
    });

    it('the same again: nothing to do', async () => {
      expect((await take()).upid).toBe('');
    });

    it('another of the same name is refused', async () => {
      const error = await refusal(take({ ...FIRST, description: 'of another run' }));
      expect(error.message).toContain('another one has this name');
    });

    it.each(['1st', 'a', 'current', 'vzdump', 'pending', 'with space', 'x'.repeat(41), '../x'])(
      'a name that is none: %s',
      async (name) => {
        expect((await refusal(take({ name, description: '' }))).kind).toBe('bug');
      },
    );

    it('rollback: the config of then, the description of now, and it is stopped', async () => {
      const { digest } = await bed.state(VMID);
      const set = { memory: 160, description: 'after the snapshot' };
      await bed.ports.containers.update(bed.node, VMID, { set, remove: [] }, digest, soon());
      await bed.ports.snapshots.rollback(bed.node, VMID, SECOND.name, long());
      const state = await bed.state(VMID);
      expect(state.running).toBe(false);
      expect(state.config).toMatchObject({ memory: '128', description: expect.stringMatching(/^after/) as string });
    });

    it('rollback to one that is not there', async () => {
      const error = await refusal(bed.ports.snapshots.rollback(bed.node, VMID, 'nope', long()));
      expect(error.message).toContain("snapshot 'nope' does not exist");
    });

    it('drop, and drop of what is gone', async () => {
      await bed.ports.snapshots.drop(bed.node, VMID, FIRST.name, long());
      expect((await list()).map(({ name }) => name)).toEqual([SECOND.name]);
      expect((await bed.ports.snapshots.drop(bed.node, VMID, FIRST.name, long())).upid).toBe('');
    });

    it('with a bind mount it cannot be snapshotted, and the server says so', async ({ annotate }) => {
      if (bed.target.real) {
        await annotate('left out: it would mount a directory of the host');
        return;
      }
      const { digest } = await bed.state(VMID);
      const set = { mp1: '/srv,mp=/srv' };
      await bed.ports.containers.update(bed.node, VMID, { set, remove: [] }, digest, soon());
      expect(await bed.ports.snapshots.possible(bed.node, VMID, soon())).toBe(false);
      expect((await refusal(take())).message).toContain('snapshot feature is not available');
    });

    it('of a container that is not there', async () => {
      const error = await refusal(bed.ports.snapshots.list(bed.node, VMID + 1, soon()));
      expect(error.message).toContain('does not exist');
    });
  });

  // Faults are the same for every release.
  if (release !== RELEASES[0]) return;
  const prepared = async () => {
    await bed.create(VMID);
    await take();
    await bed.ports.containers.start(bed.node, VMID, long());
    const { digest } = await bed.state(VMID);
    await bed.ports.containers.update(bed.node, VMID, { set: { memory: 160 }, remove: [] }, digest, soon());
  };
  const world = async () => {
    const { digest: _, ...state } = await bed.state(VMID);
    return { ...state, snapshots: (await list()).map(({ taken: _at, ...snapshot }) => snapshot) };
  };
  const path = `/nodes/pve/lxc/${VMID}/snapshot`;

  underFaults(() => bed, {
    name: 'take',
    prepare: prepared,
    act: ({ snapshots }) => snapshots.take(bed.node, VMID, SECOND, long()),
    request: ['POST', path],
    task: { type: 'vzsnapshot', id: String(VMID) },
    locks: VMID,
    world,
  });
  underFaults(() => bed, {
    name: 'rollback',
    prepare: prepared,
    act: ({ snapshots }) => snapshots.rollback(bed.node, VMID, FIRST.name, long()),
    request: ['POST', `${path}/${FIRST.name}/rollback`],
    task: { type: 'vzrollback', id: String(VMID) },
    locks: VMID,
    world,
  });
  underFaults(() => bed, {
    name: 'drop',
    prepare: prepared,
    act: ({ snapshots }) => snapshots.drop(bed.node, VMID, FIRST.name, long()),
    request: ['DELETE', `${path}/${FIRST.name}`],
    task: { type: 'vzdelsnapshot', id: String(VMID) },
    locks: VMID,
    world,
  });
});
