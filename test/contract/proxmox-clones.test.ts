import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bed, long, soon } from './proxmox-bed.ts';
import { refusal, within } from './proxmox-client.ts';
import { underFaults } from './proxmox-faults.ts';
import { RELEASES } from './proxmox-target.ts';

const IMAGE = 933_000;
const CLONE = 933_001;
const OTHER = 933_002;

const wish = (node: string, more: object = {}) => ({
  node,
  from: IMAGE,
  vmid: CLONE,
  kind: 'linked' as const,
  hostname: 'cloned',
  description: 'of the clone\n<!-- its own mark -->',
  ...more,
});

describe.each(RELEASES)('clones on Proxmox VE %s', (release) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.open([IMAGE, CLONE, OTHER], release);
  }, 900_000);
  afterAll(() => bed.close(), 300_000);

  const clone = (more: object = {}) => bed.ports.clones.clone(wish(bed.node, more), long());

  describe('a template', () => {
    beforeAll(async () => {
      await bed.create(IMAGE, { tags: 'image', net0: `name=eth0,bridge=${bed.target.bridge},ip=dhcp` });
      await bed.ports.clones.makeTemplate(bed.node, IMAGE, long());
    }, 300_000);

    afterEach(async () => {
      for (const vmid of [CLONE, OTHER])
        if (await bed.exists(vmid)) await bed.ports.containers.destroy(bed.node, vmid, long());
    });

    it('is one when the call returns, and making it again is nothing to do', async () => {
      expect((await bed.state(IMAGE)).config).toMatchObject({ template: '1' });
      expect((await bed.ports.clones.makeTemplate(bed.node, IMAGE, long())).upid).toBe('');
    });

    it('linked: a description and hostname of its own, the tags of the source, a new MAC', async () => {
      const task = await clone();
      expect(task.log.join()).toContain('linked clone');
      const [image, made] = [await bed.state(IMAGE), await bed.state(CLONE)];
      expect(made.config).toMatchObject({
        hostname: 'cloned',
        tags: 'image',
        description: 'of the clone\n<!-- its own mark -->\n',
      });
      expect(made.config.template).toBeUndefined();
      const mac = (text = '') => /hwaddr=([0-9A-F:]+)/i.exec(text)?.[1];
      expect(mac(made.config.net0)).toMatch(/^..(:..){5}$/);
      expect(mac(made.config.net0)).not.toBe(mac(image.config.net0));
      expect(image.lock).toBeUndefined();
    });

    it('full, to another storage', async () => {
      await clone({ kind: 'full', storage: bed.target.otherStorage });
      expect((await bed.state(CLONE)).config.rootfs).toMatch(new RegExp(`^${bed.target.otherStorage}:`));
    });

    it('two at once wait for each other', async () => {
      await Promise.all([clone(), clone({ vmid: OTHER })]);
      expect([await bed.exists(CLONE), await bed.exists(OTHER)]).toEqual([true, true]);
    });

    it('a vmid that is taken: refused, and what has it is left alone', async () => {
      await bed.create(CLONE);
      const before = await bed.state(CLONE);
      expect((await refusal(clone())).message).toContain(`CT ${CLONE} already exists`);
      expect(await bed.state(CLONE)).toEqual(before);
    });

    it('an unknown pool: refused by name', async () => {
      const error = await refusal(clone({ pool: 'nope' }));
      expect(error.message).toContain("pool 'nope' does not exist");
      expect(await bed.exists(CLONE)).toBe(false);
    });

    it.each([
      ['without a description', { description: ' ' }],
      ['of itself', { vmid: IMAGE }],
      ['linked and to a storage', { storage: 'local' }],
    ])('%s: our own fault, and nothing is sent', async (_name, more) => {
      expect((await refusal(clone(more))).kind).toBe('bug');
    });
  });

  describe('a container that is no template', () => {
    beforeEach(async () => {
      await bed.clear();
      await bed.create(IMAGE);
    });

    it('runs and has a snapshot: the snapshot in full', async () => {
      await bed.ports.snapshots.take(bed.node, IMAGE, { name: 'pgo_image', description: '' }, long());
      await bed.ports.containers.start(bed.node, IMAGE, long());
      await clone({ kind: 'full', snapshot: 'pgo_image' });
      expect((await bed.state(CLONE)).running).toBe(false);
    });

    it('runs: no full clone, in the server’s words', async () => {
      await bed.ports.containers.start(bed.node, IMAGE, long());
      const error = await refusal(clone({ kind: 'full' }));
      expect(error.message).toContain('Cannot do full clones on a running container without snapshots');
    });

    it('runs: no template of it', async () => {
      await bed.ports.containers.start(bed.node, IMAGE, long());
      const error = await refusal(bed.ports.clones.makeTemplate(bed.node, IMAGE, long()));
      expect(error.message).toContain("you can't convert a CT to template if the CT is running");
    });

    it('is locked for a while by somebody else: waited for', async ({ annotate }) => {
      if (bed.target.real) {
        await annotate('left out: a real server has no control endpoint');
        return;
      }
      const { id } = (await bed.target.control('POST', 'faults', { kind: 'lock', vmid: IMAGE, lock: 'disk' })) as {
        id: string;
      };
      await bed.target.control('DELETE', 'calls');
      const path = `POST /nodes/pve/lxc/${IMAGE}/clone`;
      const refused = async () => ((await bed.target.control('GET', 'calls')) as Record<string, number>)[path] ?? 0;
      const work = clone({ kind: 'full' });
      await expect.poll(refused, { timeout: 10_000 }).toBeGreaterThan(1);
      await bed.target.control('DELETE', `faults/${id}`);
      await work;
      expect((await bed.state(CLONE)).config.hostname).toBe('cloned');
    });

    it('is locked until the deadline: busy, with the lock’s name', async ({ annotate }) => {
      if (bed.target.real) {
        await annotate('left out: a real server has no control endpoint');
        return;
      }
      await bed.target.control('POST', 'faults', { kind: 'lock', vmid: IMAGE, lock: 'backup' });
      const error = await refusal(bed.ports.clones.clone(wish(bed.node, { kind: 'full' }), within(5000)));
      await bed.target.control('DELETE', 'faults');
      expect([error.kind, error.message]).toEqual(['busy', expect.stringContaining('CT is locked (backup)')]);
      expect(await bed.exists(CLONE)).toBe(false);
    });
  });

  // Faults are the same for every release.
  if (release !== RELEASES[0]) return;
  const world = async () => {
    const { digest: _, ...image } = await bed.state(IMAGE);
    const made = await bed.ports.inventory.container(bed.node, CLONE, soon());
    return [image, made?.config.hostname, await bed.ports.volumes.list(bed.node, 'local-lvm', CLONE, soon())];
  };
  const image = async () => {
    await bed.create(IMAGE);
    await bed.ports.clones.makeTemplate(bed.node, IMAGE, long());
  };
  underFaults(() => bed, {
    name: 'linked clone',
    prepare: image,
    act: ({ clones }) => clones.clone(wish(bed.node), long()),
    request: ['POST', `/nodes/pve/lxc/${IMAGE}/clone`],
    task: { type: 'vzclone', id: String(IMAGE) },
    fills: 'local-lvm',
    world,
  });
  underFaults(() => bed, {
    name: 'full clone',
    prepare: async () => {
      await bed.create(IMAGE);
    },
    act: ({ clones }) => clones.clone(wish(bed.node, { kind: 'full' }), long()),
    request: ['POST', `/nodes/pve/lxc/${IMAGE}/clone`],
    task: { type: 'vzclone', id: String(IMAGE) },
    fills: 'local-lvm',
    world,
  });
  underFaults(() => bed, {
    name: 'make a template',
    prepare: async () => {
      await bed.create(IMAGE);
    },
    act: ({ clones }) => clones.makeTemplate(bed.node, IMAGE, long()),
    request: ['POST', `/nodes/pve/lxc/${IMAGE}/template`],
    task: { type: 'vztemplate', id: String(IMAGE) },
    locks: IMAGE,
    world,
  });
});
