import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { dataOf, type Fields } from '../contract/support/node-client.ts';
import { type Guests, openGuests } from './lxc-guests.ts';
import { type LxcNode, openLxcNode } from './lxc-node.ts';
import { eventually } from './lxc-site.ts';
import { debianTemplate } from './lxc-template.ts';
import { describeTree, makeTree } from './lxc-tree.ts';

/** Backups, restores and volumes that move, with real containers. */

const missing = await checkHost();

describe('archives of real containers', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: archives of real containers: ${what}: ${reason}`);
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

  /** The log of a backup, and the volid of its archive. */
  const backup = async (vmid: number, fields: Fields = {}): Promise<{ log: readonly string[]; volid: string }> => {
    const all = { vmid, storage: 'local', compress: 'zstd', ...fields };
    const upid = dataOf<string>(await node.client().call('POST', '/nodes/pve/vzdump', all));
    const { mode = 'snapshot' } = all as { mode?: string };
    const ended = await guests.timed(`vzdump ${vmid} (${mode})`, node.settled(upid));
    const log = await node.log(upid);
    expect([ended, ...log].join('\n')).toMatch(/^OK/);
    const file = log.map((line) => /archive '.*\/(.*)'/.exec(line)?.[1]).find((name) => name !== undefined);
    return { log, volid: `local:backup/${file}` };
  };
  const restore = (vmid: number, archive: string, fields: Fields = {}): Promise<string> =>
    guests.task('POST', '', { vmid, ostemplate: archive, restore: 1, storage: 'local-lvm', ...fields });
  const whole = (vmid: number): string =>
    ['/data/tree', '/data/inner/tree', '/opt/tree'].map((folder) => node.inside(vmid, describeTree(folder))).join('\n');

  describe.each([
    ['an unprivileged container', 221, 1],
    ['a privileged container', 222, 0],
  ])('%s', (_, vmid, unprivileged) => {
    let before: string;
    let archive: string;

    beforeAll(async () => {
      const volumes = {
        mp0: 'local-lvm:1,mp=/data,backup=1',
        mp1: 'local:1,mp=/data/inner,backup=1',
        mp2: 'local:1,mp=/no',
      };
      const more = { unprivileged, description: 'mine, ä', ...volumes };
      expect(await guests.create(vmid, more)).toBe('OK');
      await guests.up(vmid);
      for (const folder of ['/data/tree', '/data/inner/tree', '/opt/tree']) node.inside(vmid, makeTree(folder));
      node.inside(vmid, 'chown 33:33 /data; chmod 2750 /data; touch /data/inner/own /no/left /tmp/gone');
      before = whole(vmid);
    });

    it('is backed up while it runs', async () => {
      const { log, volid } = await backup(vmid, { 'notes-template': '{{guestname}}' });
      archive = volid;
      const varying: readonly (readonly [RegExp, string])[] = [
        [/\d{4}([-_])\d\d\1\d\d[- ]\d\d[:_]\d\d[:_]\d\d/, 'T'],
        [/written: \d+ \(.*\)/, 'written: N'],
        [/size: \d+MB/, 'size: N'],
        [/after \d seconds/, 'after N seconds'],
        [/\(00:0\d:\d\d\)/, '(D)'],
      ];
      const plain = (line: string): string => varying.reduce((text, [from, to]) => text.replace(from, to), line);
      expect(log.filter((line) => !line.includes('MiB written')).map(plain)).toEqual([
        expect.stringMatching(/^INFO: starting new backup job: vzdump /),
        `INFO: Starting Backup of VM ${vmid} (lxc)`,
        'INFO: Backup started at T',
        'INFO: status = running',
        `INFO: CT Name: ct${vmid}`,
        "INFO: including mount point rootfs ('/') in backup",
        "INFO: including mount point mp0 ('/data') in backup",
        "INFO: including mount point mp1 ('/data/inner') in backup",
        "INFO: excluding volume mount point mp2 ('/no') from backup (disabled)",
        'INFO: mode failure - some volumes do not support snapshots',
        "INFO: trying 'suspend' mode instead",
        'INFO: backup mode: suspend',
        'INFO: ionice priority: 7',
        `INFO: CT Name: ct${vmid}`,
        "INFO: including mount point rootfs ('/') in backup",
        "INFO: including mount point mp0 ('/data') in backup",
        "INFO: including mount point mp1 ('/data/inner') in backup",
        "INFO: excluding volume mount point mp2 ('/no') from backup (disabled)",
        'INFO: suspending guest',
        'INFO: resuming guest',
        'INFO: guest is online again after N seconds',
        `INFO: creating vzdump archive '/var/lib/vz/dump/vzdump-lxc-${vmid}-T.tar.zst'`,
        'INFO: Total bytes written: N',
        'INFO: archive file size: N',
        'INFO: adding notes to backup',
        `INFO: Finished Backup of VM ${vmid} (D)`,
        'INFO: Backup finished at T',
        'INFO: Backup job finished successfully',
        'TASK OK',
      ]);
      expect(node.trees().filter((name) => name.includes('@'))).toEqual([]);
      expect(await node.config(vmid)).not.toHaveProperty('lock');
      expect(await node.running(vmid)).toBe(true);
    });

    it('its archive is laid out as Proxmox VE’s', () => {
      const file = `${node.state}/storage/local/dump/${archive.replace('local:backup/', '')}`;
      const listing = execFileSync('tar', ['--numeric-owner', '-tvf', file], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 ** 2,
      }).split('\n');
      const names = listing.map((line) => line.replace(/^\S+\s+\S+\s+\d+ \S+ \S+ /, ''));
      expect(names.slice(0, 2)).toEqual(['./etc/vzdump/pct.conf', './']);
      expect(listing.find((line) => line.endsWith('./opt/tree/owned'))).toMatch(/^-rwsr-x--x 33\/42 /);
      expect(names).not.toContain('./tmp/gone');
      expect(names).not.toContain('./no/left');
      const config = execFileSync('tar', ['-xOf', file, './etc/vzdump/pct.conf'], { encoding: 'utf8' });
      expect(config).toMatch(/^#mine, %C3%A4\n/);
      expect(config).not.toMatch(/^lock:/m);
    });

    it('is destroyed, and restored as it was', async () => {
      await guests.destroy(vmid);
      expect(node.trees()).toEqual([]);
      expect(await guests.timed(`restore ${vmid}`, restore(vmid, archive))).toBe('OK');
      expect(await node.config(vmid)).toMatchObject({
        ...{ hostname: `ct${vmid}`, description: 'mine, ä\n', rootfs: `local-lvm:vm-${vmid}-disk-0,size=2G` },
        mp1: `local-lvm:vm-${vmid}-disk-2,mp=/data/inner,backup=1,size=1G`,
      });
      expect((await node.config(vmid)).unprivileged ?? 0).toBe(unprivileged);
      await guests.up(vmid);
      expect(whole(vmid)).toBe(before);
      expect(node.inside(vmid, "stat -c '%u %g %a' /data; ls -A /tmp/gone /no /etc/vzdump 2>&1 | grep -c No")).toBe(
        '33 33 2750\n2\n',
      );
      expect(guests.size(await guests.root(vmid))).toBe(2 * 1024 ** 3);
    });

    it('is restored over, with what Proxmox VE keeps', async () => {
      await node.client().call('POST', '/pools', { poolid: `p${vmid}` });
      await node.client().call('PUT', `/pools/p${vmid}`, { vms: vmid });
      node.inside(vmid, 'rm -r /data/tree; echo changed > /root/changed');
      expect(await restore(vmid, archive, { force: 1 })).toContain("can't overwrite running container");
      await guests.stop(vmid);
      expect(await restore(vmid, archive)).toContain('already exists');
      expect(await restore(vmid, archive, { force: 1, hostname: 'other' })).toBe('OK');
      expect(await node.config(vmid)).toMatchObject({ hostname: 'other', rootfs: expect.stringContaining('disk-4') });
      expect(node.trees()).toHaveLength(4);
      const pool = await node.client().call('GET', `/pools/p${vmid}`);
      expect(JSON.stringify(pool.body)).toContain(`"vmid":${vmid}`);
      await guests.up(vmid);
      expect(whole(vmid)).toBe(before);
      expect(node.inside(vmid, 'ls -A /root/changed 2>&1 | grep -c No').trim()).toBe('1');
      await guests.destroy(vmid);
      expect(node.trees()).toEqual([]);
    });
  });

  describe('other backups', () => {
    beforeAll(async () => {
      expect(await guests.create(231)).toBe('OK');
      await guests.up(231);
    });
    afterAll(() => guests.destroy(231));

    it('with a storage snapshot', async () => {
      const { log } = await backup(231);
      expect(log).toContain("INFO: create storage snapshot 'vzdump'");
      expect(log).toContain("INFO: cleanup temporary 'vzdump' snapshot");
      expect(node.trees()).toEqual(['local-lvm/231/vm-231-disk-0']);
    });

    it('with a stop: it starts again', async () => {
      const { log } = await backup(231, { mode: 'stop', compress: 'gzip' });
      expect(log.join('\n')).toMatch(
        /stopping virtual guest\n.*vzdump archive '.*\.tar\.gz'\n[\s\S]*restarting vm\n.*online again after/,
      );
      expect(await node.running(231)).toBe(true);
    });

    it('that are cancelled leave nothing, and a guest that was stopped for them runs again', async () => {
      const kept = node.archives();
      for (const mode of ['snapshot', 'stop']) {
        const fields = { vmid: 231, storage: 'local', compress: 'zstd', mode };
        const upid = dataOf<string>(await node.client().call('POST', '/nodes/pve/vzdump', fields));
        await eventually(() => node.archives().some((name) => name.endsWith('.tmp')), 'the archive is being written');
        await node.client().call('DELETE', `/nodes/pve/tasks/${upid}`);
        expect(await node.settled(upid)).toBe('job errors');
        expect((await node.log(upid)).join('\n')).toMatch(/Backup of VM 231 failed - .*received interrupt/);
        expect(node.archives()).toEqual(kept);
        expect(node.trees()).toEqual(['local-lvm/231/vm-231-disk-0']);
        expect(await node.config(231)).not.toHaveProperty('lock');
        expect(await node.running(231)).toBe(true);
      }
    });

    it('without a config are no backups', async () => {
      const fields = { vmid: 232, ostemplate: node.template, restore: 1 };
      expect(await guests.task('POST', '', fields)).toMatch(/unable to use volume/);
    });

    it('whose restore is cancelled leave no container', async () => {
      const { volid } = await backup(231, { compress: '0' });
      expect(volid).toMatch(/\.tar$/);
      const fields = { vmid: 232, ostemplate: volid, restore: 1, storage: 'local-lvm' };
      const upid = dataOf<string>(await node.client().call('POST', '/nodes/pve/lxc', fields));
      await eventually(async () => (await node.log(upid)).some((line) => line.startsWith('extracting')), 'it unpacks');
      await node.client().call('DELETE', `/nodes/pve/tasks/${upid}`);
      expect(await node.settled(upid)).toMatch(/^unable to restore CT 232 - .*received interrupt/);
      expect(node.trees()).toEqual(['local-lvm/231/vm-231-disk-0']);
      expect((await node.client().call('GET', '/nodes/pve/lxc/232/config')).status).toBe(500);
    });
  });

  describe('volumes that move', () => {
    beforeAll(async () => {
      expect(await guests.create(241, { mp0: 'local-lvm:1,mp=/data' })).toBe('OK');
      expect(await guests.create(242)).toBe('OK');
      await guests.up(241);
      node.inside(241, makeTree('/data/tree'));
    });
    afterAll(() => guests.destroy(241, 242));

    it('to another storage and back', async () => {
      const before = node.inside(241, describeTree('/data/tree'));
      const move = (fields: Fields) => guests.task('POST', '/241/move_volume', { volume: 'mp0', ...fields });
      expect(await move({ storage: 'local' })).toContain('cannot move volumes of a running container');
      await guests.stop(241);
      expect(await guests.timed('move_volume', move({ storage: 'local' }))).toBe('OK');
      expect(await node.config(241)).toMatchObject({
        mp0: 'local:241/vm-241-disk-0.raw,mp=/data,size=1G',
        unused0: 'local-lvm:vm-241-disk-1',
      });
      expect(await move({ storage: 'local-lvm', delete: 1 })).toBe('OK');
      expect(node.trees().filter((name) => name.includes('/241/'))).toEqual([
        'local-lvm/241/vm-241-disk-0',
        'local-lvm/241/vm-241-disk-1',
        'local-lvm/241/vm-241-disk-2',
      ]);
      await guests.up(241);
      expect(node.inside(241, describeTree('/data/tree'))).toBe(before);
      await guests.stop(241);
      await node.client().call('PUT', '/nodes/pve/lxc/241/config', { delete: 'unused0' });
      expect(await node.config(241)).not.toHaveProperty('unused0');
      expect(node.trees().filter((name) => name.includes('/241/'))).toHaveLength(2);
    });

    it('to another container, which runs: it sees them at once', async () => {
      const before = execFileSync('sh', ['-c', `cd ${await guests.root(241, 'mp0')} && find . | sort`], {
        encoding: 'utf8',
      });
      await guests.up(242);
      const fields = { volume: 'mp0', 'target-vmid': 242, 'target-volume': 'mp3' };
      expect(await guests.timed('reassign', guests.task('POST', '/241/move_volume', fields))).toBe('OK');
      expect(await node.config(241)).not.toHaveProperty('mp0');
      expect(await node.config(242)).toMatchObject({ mp3: 'local-lvm:vm-242-disk-1,mp=/data,size=1G' });
      expect(node.inside(242, 'cd /data && find . | sort')).toBe(before);
      await guests.stop(242);
      await guests.up(242);
      expect(node.inside(242, 'cd /data && find . | sort')).toBe(before);
    });
  });
}
