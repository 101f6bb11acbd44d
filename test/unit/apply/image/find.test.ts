import { describe, expect, it } from 'vitest';
import { findImages } from '../../../../src/apply/image/find.ts';
import { makingTask } from '../../../../src/apply/making.ts';
import { GitopsError } from '../../../../src/model/errors.ts';
import { formatDescription, type Mark } from '../../../../src/model/mark.ts';
import type { ContainerState, Guest, TaskState } from '../../../../src/model/observed.ts';
import type { Inventory } from '../../../../src/model/ports.ts';

const read = { timeoutMs: 1000, signal: new AbortController().signal };

const guest = (vmid: number, node: string): Guest => ({
  ...{ vmid, node, type: 'lxc', status: 'stopped', template: true, tags: [] },
});

function imageOn(vmid: number, node: string, storage: string): ContainerState {
  const image = { key: 'abc', kind: 'debian-13', built: '2026-11-01T00:00:00.000Z' };
  const identity = { site: 'home', owner: 'pve-gitops/images', name: 'debian-13-abc', stage: 'image', vmid };
  const mark: Mark = { ...identity, role: 'image', applied: {}, hostKeys: [], image };
  const config = { description: formatDescription('', mark), rootfs: `${storage}:base-${vmid}-disk-0,size=2G` };
  return { vmid, node, running: false, config, pending: {}, digest: 'd' };
}

const STATES = [
  imageOn(800_000, 'pve', 'local-lvm'),
  imageOn(800_001, 'pve2', 'local-lvm'),
  imageOn(800_002, 'pve2', 'ceph'),
];

/** `silent`: a node that does not answer. */
function inventory(silent = ''): Pick<Inventory, 'guests' | 'container'> {
  return {
    guests: async () => STATES.map(({ vmid, node }) => guest(vmid, node)),
    async container(node, vmid) {
      if (node === silent) throw new GitopsError('remote', 'no route to host', { status: 595 });
      return STATES.find((state) => state.vmid === vmid);
    },
  };
}

async function found(more: object, silent?: string): Promise<readonly number[]> {
  const images = await findImages({ inventory: inventory(silent), site: 'home', vmidBase: 800_000, ...more }, read);
  return images.map(({ state }) => state.vmid);
}

describe('images of a cluster', () => {
  it('are a node’s own, those on a storage that it shares, or all', async () => {
    expect(await found({ node: 'pve' })).toEqual([800_000]);
    expect(await found({ node: 'pve', sharing: 'ceph' })).toEqual([800_000, 800_002]);
    expect(await found({ node: 'pve', sharing: 'nfs' })).toEqual([800_000]);
    expect(await found({})).toEqual([800_000, 800_001, 800_002]);
    expect(await found({ site: 'other', sharing: 'ceph' })).toEqual([]);
  });

  it('of a node that does not answer are none; that the node of a deploy does not is an error', async () => {
    expect(await found({}, 'pve2')).toEqual([800_000]);
    expect(await found({ node: 'pve', sharing: 'ceph' }, 'pve2')).toEqual([800_000]);
    await expect(found({ node: 'pve', sharing: 'ceph' }, 'pve')).rejects.toThrow('no route to host');
  });
});

describe('the task that makes a container', () => {
  const task = (upid: string, type: string, running: boolean): TaskState => ({
    ...{ upid, type, running, user: 'root@pam', started: 0 },
  });
  const tasks: Record<string, readonly TaskState[]> = {};
  const making = async (all: Record<string, readonly TaskState[]>, silent?: string) => {
    const ask = async (node: string, vmid: number) => {
      if (node === silent) throw new GitopsError('remote', 'no route to host', { status: 595 });
      return all[`${node} ${vmid}`] ?? [];
    };
    return makingTask({ ...inventory(), tasks: ask }, 'pve', 1042, read);
  };

  it('is its own, else a clone of an image, on whichever node that stands', async () => {
    expect(await making(tasks)).toBeUndefined();
    const clone = { 'pve2 800002': [task('there', 'vzclone', true)] };
    expect(await making(clone)).toEqual({ upid: 'there', node: 'pve2' });
    const both = { ...clone, 'pve 800000': [task('here', 'vzclone', true)] };
    expect(await making(both)).toEqual({ upid: 'here', node: 'pve' });
    const own = { ...both, 'pve 1042': [task('own', 'vzcreate', true)] };
    expect(await making(own)).toEqual({ upid: 'own', node: 'pve' });
    expect(await making({ 'pve2 800002': [task('over', 'vzclone', false)] })).toBeUndefined();
    expect(await making(clone, 'pve2')).toBeUndefined();
  });
});
