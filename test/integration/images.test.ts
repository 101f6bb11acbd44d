import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { fetchPage, insideOf, openCliSite, prefixOf } from './cli-site.ts';

/** Two containers from one image: a page is served, and what makes a machine itself is not shared. */

const missing = await checkHost();

describe('containers cloned from a base image', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: base images: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

if (missing.length === 0) {
  let site: CliSite;
  let first: string;
  let second: string;

  beforeAll(async () => {
    site = await openCliSite();
    site.images = 'build';
    first = site.definition('apache');
    // Without a service: what it costs is what a clone costs.
    const config = 'IP=192.168.178.43\nID=43\nHOSTNAME=plain\nMEMORY=256\nDISK=local-lvm:3\n';
    second = site.definition('apache', { 'config.env': config, 'configure.sh': null }, 'plain');
  });
  afterAll(() => site?.close());

  const inside = (vmid: number, command: string): string => insideOf(site, vmid, command);
  const keys = (vmid: number): readonly string[] =>
    inside(vmid, 'for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done').match(/SHA256:\S+/g) ?? [];

  describe('two of them', () => {
    it('one is killed while it builds the image, and the other goes on with it, at the first one’s address', async () => {
      const running = site.start(['deploy', first, '--verbose'], { LOGIN: 'ann' });
      await running.when(async () => /changed: group app/.test(running.text()));
      running.kill();
      await running.ended;
      expect((await site.config(800_000))?.net0).toContain(`ip=${prefixOf(site)}.178.42/`);
      const next = await site.run(['deploy', second]);
      expect(next.code === 0 ? '' : next.text).toBe('');
      expect(next.text).toMatch(/image debian-13-\w+ is there, as template 800000/);
      expect(next.text).toMatch(/container 1043 cloned from image/);
      expect(next.text).not.toMatch(/created/);
    });

    it('serve a page, from one image that was built on the way', async () => {
      const end = await site.run(['deploy', first], { LOGIN: 'ann' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).toMatch(/container 1042 cloned from image/);
      const address = `${prefixOf(site)}.178.42`;
      expect(await fetchPage(`http://${address}/`)).toBe('<h1>Hello from ann</h1>\n');
      expect(await site.config(800_001)).toBeUndefined();
    });

    it('have host keys, machine-id, name and disk of their own, and what every container has', () => {
      const [one, two] = [keys(1042), keys(1043)];
      expect(one).toHaveLength(3);
      expect(two).toHaveLength(3);
      expect(one.filter((key) => two.includes(key))).toEqual([]);
      const machines = [1042, 1043].map((vmid) => inside(vmid, 'cat /etc/machine-id').trim());
      for (const id of machines) expect(id).toMatch(/^[0-9a-f]{32}$/);
      expect(machines[0]).not.toBe(machines[1]);
      expect(inside(1043, 'hostname').trim()).toBe('plain');
      expect(inside(1043, 'id -un 1000; ls /etc/ssh/.pve-gitops* 2>/dev/null; systemctl --failed --no-legend')).toBe(
        'app\n',
      );
    });

    it('are pinned to their own keys: the next run changes nothing, and connects', async () => {
      for (const directory of [first, second]) {
        const end = await site.run(['deploy', directory], { LOGIN: 'ann' });
        expect(end).toMatchObject({ code: 0 });
        expect(end.stdout).toContain('nothing to change');
      }
    });

    it('leave an image that prune keeps, and that goes when it is of no use', async () => {
      expect((await site.run(['image', 'prune', '--older-than', '0'])).stdout).toContain('kept');
      const other = { PVE_GITOPS_TIMEZONE: 'Europe/Berlin' };
      expect((await site.run(['image', 'prune', '--older-than', '0'], other)).stdout).toContain('removed');
      expect(inside(1042, 'systemctl is-active apache2').trim()).toBe('active');
    });
  });
}
