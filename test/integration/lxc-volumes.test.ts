import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { type Guests, openGuests } from './lxc-guests.ts';
import { type LxcNode, openLxcNode } from './lxc-node.ts';
import { eventually, sshBanner } from './lxc-site.ts';
import { debianTemplate } from './lxc-template.ts';
import { describeTree, makeTree } from './lxc-tree.ts';

/** Snapshots, clones, archives and moves of real containers, over the API of a node that is a process of its own. */

const missing = await checkHost();
const GIB = 1024 ** 3;

describe('volumes of real containers', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: volumes of real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

if (missing.length === 0) {
  let node: LxcNode;
  let guests: Guests;

  beforeAll(async () => {
    node = await openLxcNode(await debianTemplate());
    guests = await openGuests(node);
  });
  afterAll(async () => {
    console.warn(guests?.times());
    await node?.remove();
  });

  const task: Guests['task'] = (...args) => guests.task(...args);

  describe('snapshots', () => {
    let before = '';

    beforeAll(async () => {
      expect(await guests.create(201, { mp0: 'local-lvm:1,mp=/data,backup=1' })).toBe('OK');
      await guests.up(201);
      node.inside(201, makeTree('/data/tree'));
      before = node.inside(201, describeTree('/data/tree'));
      // a subvolume of its own, and one with a name that poses as a line of btrfs's list
      for (const name of ['own', 'own/inner', 'x\nID 5 gen 1 top level 5 path local-lvm/201/vm-201-disk-1']) {
        const folder = join(await guests.root(201), 'srv', name);
        mkdirSync(dirname(folder), { recursive: true });
        execFileSync('btrfs', ['subvolume', 'create', folder], { stdio: 'ignore' });
        execFileSync('chown', ['--reference', await guests.root(201), folder]);
      }
      node.inside(201, 'echo nested > /srv/own/inner/file; echo first > /root/which');
    });
    afterAll(() => guests.destroy(201));

    it('of a running container: it goes on meanwhile', async () => {
      const upid = dataOf<string>(await node.client().call('POST', '/nodes/pve/lxc/201/snapshot', { snapname: 's1' }));
      expect(await guests.timed('snapshot (running, two volumes)', node.settled(upid))).toBe('OK');
      expect(await node.log(upid)).toEqual(['TASK OK']);
      expect(node.trees().filter((name) => name.includes('@'))).toEqual([
        'local-lvm/201/vm-201-disk-0@s1',
        'local-lvm/201/vm-201-disk-1@s1',
      ]);
      expect(node.inside(201, 'cat /root/which').trim()).toBe('first');
    });

    it('a rollback stops it and brings every byte back, on both volumes, in subvolumes of its own too', async () => {
      node.inside(
        201,
        'echo second > /root/which; rm -r /data/tree; echo new > /data/new; echo other > /srv/own/inner/file',
      );
      expect(await task('POST', '/201/snapshot', { snapname: 's2' })).toBe('OK');
      expect(await guests.timed('rollback (with stop)', task('POST', '/201/snapshot/s1/rollback'))).toBe('OK');
      expect(await node.running(201)).toBe(false);
      await guests.up(201);
      expect(node.inside(201, describeTree('/data/tree'))).toBe(before);
      expect(node.inside(201, 'cat /root/which /srv/own/inner/file; ls /data')).toBe('first\nnested\ntree\n');
      expect(await task('POST', '/201/snapshot/s2/rollback')).toBe('OK');
      await guests.up(201);
      expect(node.inside(201, 'cat /root/which /data/new /srv/own/inner/file')).toBe('second\nnew\nother\n');
      expect(await task('POST', '/201/snapshot/s1/rollback')).toBe('OK');
    });

    it('a volume is as large again as it was; one that came later is kept as unused', async () => {
      await guests.stop(201);
      expect(await task('PUT', '/201/resize', { disk: 'mp0', size: '+1G' })).toBe('OK');
      await node.client().call('PUT', '/nodes/pve/lxc/201/config', { mp1: 'local-lvm:1,mp=/later' });
      expect(await task('POST', '/201/snapshot/s1/rollback')).toBe('OK');
      expect(await node.config(201)).toMatchObject({
        mp0: 'local-lvm:vm-201-disk-1,mp=/data,backup=1,size=1G',
        unused0: 'local-lvm:vm-201-disk-2',
      });
      expect(guests.size(await guests.root(201, 'mp0'))).toBe(GIB);
      expect(await task('PUT', '/201/resize', { disk: 'mp0', size: '512M' })).toContain('unable to shrink disk size');
      expect(await task('PUT', '/201/resize', { disk: 'mp0', size: '2G' })).toBe('OK');
      expect(guests.size(await guests.root(201, 'mp0'))).toBe(2 * GIB);
      expect(await task('POST', '/201/snapshot/s1/rollback')).toBe('OK');
    });

    it('go, and what only they named stays as unused', async () => {
      await node.client().call('PUT', '/nodes/pve/lxc/201/config', { delete: 'mp0' });
      expect(await node.config(201)).not.toHaveProperty('unused1');
      expect(await guests.timed('delete snapshot', task('DELETE', '/201/snapshot/s1'))).toBe('OK');
      expect(await node.config(201)).not.toHaveProperty('unused1');
      expect(await task('DELETE', '/201/snapshot/s2')).toBe('OK');
      expect(await node.config(201)).toMatchObject({ unused1: 'local-lvm:vm-201-disk-1' });
      expect(node.trees().filter((name) => name.includes('@'))).toEqual([]);
    });

    it('do not keep a container from being destroyed', async () => {
      expect(await guests.create(202)).toBe('OK');
      expect(await task('POST', '/202/snapshot', { snapname: 's1' })).toBe('OK');
      await guests.destroy(202);
      expect(node.trees().filter((name) => name.includes('/202/'))).toEqual([]);
    });

    it('of a volume in a directory storage are refused, and leave nothing', async () => {
      expect(await guests.create(203, { rootfs: 'local:1' })).toBe('OK');
      expect(await task('POST', '/203/snapshot', { snapname: 's1' })).toBe('snapshot feature is not available');
      expect(await task('POST', '/203/clone', { newid: 204, full: 0 })).toContain(
        "Linked clone feature for 'local:203/vm-203-disk-0.raw' is not available",
      );
      await guests.destroy(203);
    });
  });

  describe('clones', () => {
    beforeAll(async () => {
      expect(await guests.create(211, { mp0: 'local-lvm:1,mp=/data' })).toBe('OK');
      await guests.up(211);
      node.inside(211, makeTree('/data/tree'));
      node.inside(211, 'echo first > /root/which');
      expect(await task('POST', '/211/snapshot', { snapname: 's1' })).toBe('OK');
      node.inside(211, 'echo second > /root/which');
    });

    it.each([
      ['linked', 212, 0],
      ['full', 213, 1],
    ])(
      '%s, of a snapshot while the source runs: boots with its own MAC, name and machine id',
      async (kind, newid, full) => {
        const fields = { newid, full, snapname: 's1', hostname: `clone${newid}` };
        expect(await guests.timed(`${kind} clone`, task('POST', '/211/clone', fields))).toBe('OK');
        const [from, to] = [await node.config(211), await node.config(newid)];
        expect(to).toMatchObject({ hostname: `clone${newid}`, mp0: `local-lvm:vm-${newid}-disk-1,mp=/data,size=1G` });
        expect(to.net0).not.toBe(from.net0);
        await node.client().call('PUT', `/nodes/pve/lxc/${newid}/config`, {
          net0: String(to.net0).replace(node.address(211), node.address(newid)),
        });
        await guests.up(newid);
        expect(await sshBanner(node.address(newid))).toMatch(/^SSH-2/);
        expect(node.inside(newid, 'hostname; cat /root/which')).toBe(`clone${newid}\nfirst\n`);
        expect(node.inside(newid, describeTree('/data/tree'))).toBe(node.inside(211, describeTree('/data/tree')));
        const id = (vmid: number): string => node.inside(vmid, 'cat /etc/machine-id').trim();
        expect(id(newid)).toMatch(/^[0-9a-f]{32}$/);
        expect(id(newid)).not.toBe(id(211));
        const mac = /hwaddr=([^,]*)/.exec(String(to.net0))?.[1]?.toLowerCase();
        expect(node.inside(newid, 'cat /sys/class/net/eth0/address').trim()).toBe(mac);
        expect(guests.size(await guests.root(newid))).toBe(2 * GIB);
        await guests.stop(newid);
      },
    );

    it('live on when their source is gone, and grow', async () => {
      await guests.destroy(211);
      expect(await task('PUT', '/212/resize', { disk: 'rootfs', size: '3G' })).toBe('OK');
      expect(guests.size(await guests.root(212))).toBe(3 * GIB);
      await guests.up(212);
      expect(node.inside(212, 'cat /root/which').trim()).toBe('first');
      await guests.destroy(212);
    });

    it('a limit holds on a clone', async () => {
      await node.client().call('PUT', '/nodes/pve/lxc/213/config', { net0: guests.net(213) });
      await guests.up(213);
      expect(() => node.inside(213, 'head -c 1200M /dev/zero > /data/big')).toThrow(/quota|space/i);
      await guests.stop(213);
    });

    it('of a template, which is closed to writers', async () => {
      expect((await node.client().call('POST', '/nodes/pve/lxc/213/template')).status).toBe(200);
      await eventually(async () => (await node.config(213)).template === 1, '213 is a template');
      expect(await node.config(213)).toMatchObject({ rootfs: 'local-lvm:base-213-disk-0,size=2G' });
      const base = await guests.root(213);
      expect(() => execFileSync('touch', [join(base, 'x')], { stdio: 'pipe' })).toThrow(/Read-only/);
      expect(await guests.timed('linked clone of a template', task('POST', '/213/clone', { newid: 214 }))).toBe('OK');
      expect(await task('POST', '/213/clone', { newid: 215, full: 1, storage: 'local' })).toBe('OK');
      expect((await node.config(215)).rootfs).toBe('local:215/vm-215-disk-0.raw,size=2G');
      await guests.destroy(213);
      for (const vmid of [214, 215]) {
        await node.client().call('PUT', `/nodes/pve/lxc/${vmid}/config`, { net0: guests.net(vmid) });
        await guests.up(vmid);
        expect(node.inside(vmid, 'cat /root/which').trim()).toBe('first');
      }
      await guests.destroy(214, 215);
      expect(node.trees()).toEqual([]);
    });
  });
}
