import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { type CincMirror, openCincMirror } from './cinc-package.ts';
import { insideOf, openCliSite, prefixOf } from './cli-site.ts';
import { eventually } from './lxc-site.ts';

/** Two real containers: libs/share serves its kept volume, another one without privileges has it at /share. */

const missing = await checkHost();

describe('the share in another container', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing)
      console.warn(`LEFT OUT: the share in another container: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

const [SHARE, USER] = [1045, 1048];
const CONFIG = 'IP=192.168.178.48\nID=48\nHOSTNAME=reader\nMEMORY=512\nDISK=local-lvm:4\nMOUNT=share\n';
/** The share is there before a script runs. */
const SCRIPT = `#!/bin/sh
set -eu
mountpoint -q /share
[ -e /share/from-script ] || { echo "$HOSTNAME was here" >/share/from-script; echo 'changed: left a note'; }
`;

if (missing.length === 0) {
  let site: CliSite;
  let mirror: CincMirror;
  let share: string;
  let reader: string;

  beforeAll(async () => {
    site = await openCliSite();
    mirror = await openCincMirror(`${prefixOf(site)}.0.1`);
    share = site.definition('share');
    reader = site.definition('apache', { 'config.env': CONFIG, 'configure.sh': SCRIPT }, 'reader');
  });
  afterAll(async () => {
    await mirror?.close();
    await site?.close();
  });

  const run = async (...args: readonly string[]): Promise<string> => {
    const login = { LOGIN: 'anna', PASSWORD: 'correct \'horse\' "battery" $x' };
    const end = await site.run(args, { ...login, ...mirror.environment });
    expect(end.code === 0 ? '' : end.text).toBe('');
    return end.text;
  };
  const inside = (vmid: number, command: string): string => insideOf(site, vmid, command).trim();
  const asApp = (vmid: number, command: string): string => inside(vmid, `runuser -u app -- sh -c '${command}'`);
  /** rclone looks again after some seconds. */
  const sees = (file: string, text: string): Promise<void> =>
    eventually(() => inside(USER, `cat /share/${file} 2>/dev/null || true`) === text, `${file} is ${text}`, 120_000);

  describe('libs/share and a container with MOUNT=share', () => {
    it('come up, the second without privileges and without a mount of the node', async () => {
      await run('deploy', share);
      expect(mirror.asked).toEqual([expect.stringMatching(/^\/files\/stable\/cinc\/[\d.]+\/debian\/13\/cinc_/)]);
      await run('deploy', reader);
      const config = (await site.config(USER)) ?? {};
      expect(config).toMatchObject({ unprivileged: 1, features: 'nesting=1,fuse=1' });
      expect(Object.keys(config).filter((key) => /^(?:mp|dev)\d/.test(key))).toEqual([]);
      expect(inside(USER, 'stat -c %a /dev/fuse; findmnt -no FSTYPE /share')).toBe('666\nfuse.rclone');
      expect(Number(inside(USER, 'cat /proc/self/uid_map').split(/\s+/)[1])).toBeGreaterThan(0);
    });

    it('have the same files, which belong to app and config in both', async () => {
      expect(inside(SHARE, 'cat /srv/share/from-script')).toBe('reader was here');
      asApp(USER, 'mkdir /share/letters && echo hello >/share/letters/one');
      expect(inside(SHARE, 'cat /srv/share/letters/one; stat -c %U:%G /srv/share/letters/one')).toBe(
        'hello\napp:config',
      );
      asApp(SHARE, 'echo answer >/srv/share/letters/two');
      await sees('letters/two', 'answer');
      expect(inside(USER, 'stat -c %U:%G /share/letters/two')).toBe('app:config');
    });

    it('have nothing to change when they are deployed again', async () => {
      expect(await run('deploy', share)).toContain('nothing to change');
      expect(await run('deploy', reader)).toContain('nothing to change');
    });

    it('keep the files when the one that uses them is made anew', async () => {
      inside(USER, 'touch /etc/of-the-old-one');
      await run('rebuild', reader);
      expect(inside(USER, 'ls /etc/of-the-old-one 2>/dev/null || true')).toBe('');
      expect(inside(USER, 'cat /share/letters/one /share/letters/two')).toBe('hello\nanswer');
    });

    it('keep them when the one that serves them is made anew, and the mount comes back by itself', async () => {
      inside(SHARE, 'touch /etc/of-the-old-one');
      await run('rebuild', share);
      expect(inside(SHARE, 'ls /etc/of-the-old-one 2>/dev/null || true')).toBe('');
      expect(inside(SHARE, 'cat /srv/share/letters/one')).toBe('hello');
      asApp(SHARE, 'echo new >/srv/share/letters/three');
      await sees('letters/three', 'new');
      asApp(USER, 'echo again >/share/letters/four');
      expect(inside(SHARE, 'cat /srv/share/letters/four')).toBe('again');
    });

    it('have it again after a restart, also when the server came up later', async () => {
      inside(SHARE, 'systemctl stop smbd');
      const reply = await site.client.call('POST', `/nodes/pve/lxc/${USER}/status/reboot`);
      const status = `/nodes/pve/tasks/${dataOf<string>(reply)}/status`;
      const ended = async () => dataOf<{ status: string }>(await site.client.call('GET', status)).status === 'stopped';
      await eventually(ended, 'the restart has ended', 300_000);
      inside(SHARE, 'systemctl start smbd');
      await sees('letters/one', 'hello');
    });

    it('leave no password on a command line, or in a file that others may read', () => {
      expect(inside(USER, 'stat -c "%U %a" /etc/pve-gitops/share.conf')).toBe('root 600');
      expect(inside(USER, 'ps -eo args')).not.toContain('correct');
    });
  });
}
