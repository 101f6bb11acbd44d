import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { insideOf, openCliSite, prefixOf } from './cli-site.ts';
import { debianTemplate } from './lxc-template.ts';

/** A container that runs, made by hand, comes under git: it goes on running, and keeps its data. */

const missing = await checkHost();

describe('import of a real container', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: import of a real container: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

if (missing.length === 0) {
  const VMID = 305;
  let site: CliSite;
  let prefix: string;
  let template: string;

  beforeAll(async () => {
    template = basename(await debianTemplate(13));
    site = await openCliSite();
    prefix = prefixOf(site);
  });
  afterAll(() => site?.close());

  const inside = (command: string, input = ''): string => insideOf(site, VMID, command, input).trim();

  const task = async (path: string, fields: Readonly<Record<string, string | number>> = {}): Promise<void> => {
    const upid = dataOf<string>(await site.client.call('POST', `/nodes/pve/lxc${path}`, fields));
    const state = () => site.client.call('GET', `/nodes/pve/tasks/${encodeURIComponent(upid)}/status`).then(dataOf);
    await expect.poll(state, { timeout: 300_000 }).toMatchObject({ status: 'stopped', exitstatus: 'OK' });
  };

  const pid = async (): Promise<number> =>
    dataOf<{ pid: number }>(await site.client.call('GET', `/nodes/pve/lxc/${VMID}/status/current`)).pid;

  const steps = async (directory: string): Promise<readonly string[]> => {
    const { stdout } = await site.run(['plan', directory, '--json']);
    const { plan } = JSON.parse(stdout) as { plan: { steps: readonly { kind: string }[] } };
    return plan.steps.map(({ kind }) => kind);
  };

  describe('a container made by hand, which runs', () => {
    it('is imported, adopted and deployed, and neither restarted nor changed', async () => {
      await task('', {
        vmid: VMID,
        ostemplate: `local:vztmpl/${template}`,
        hostname: 'diary',
        unprivileged: 1,
        features: 'nesting=1',
        memory: 384,
        swap: 0,
        rootfs: 'local-lvm:2',
        mp0: 'local-lvm:1,mp=/srv/diary,mountoptions=noatime',
        net0: `name=eth0,bridge=vmbr0,ip=${prefix}.7.5/16,gw=${prefix}.0.1,firewall=1`,
        description: 'My diary. Do not lose it.',
        tags: 'private',
        startup: 'order=3',
      });
      await task(`/${VMID}/status/start`);
      inside('echo "dear diary" > /srv/diary/today');
      const [before, running] = [await site.config(VMID), await pid()];

      const directory = join(site.folder, 'diary');
      const imported = await site.run(['import', '--vmid', String(VMID), directory]);
      expect(imported).toMatchObject({ code: 0 });
      expect(imported.stdout).toContain('nothing of its resources would change');
      const definition = readFileSync(join(directory, 'container.yml'), 'utf8');
      expect(definition).toContain('description: My diary. Do not lose it.');
      expect(definition).toMatch(/volumes:\n {2}diary:\n {4}path: \/srv\/diary\n/);
      expect(await site.config(VMID)).toEqual(before);

      const adopted = await site.run(['adopt', directory, '--vmid', String(VMID)]);
      expect(adopted).toMatchObject({ code: 0 });
      expect(await steps(directory)).toEqual(['baseline']);

      // What `adopt` asks its reader to do: the site's authority goes in, the host key is read where it is made.
      const line = /^\s*(cert-authority,.*)$/m.exec(adopted.stdout)?.[1] ?? '';
      inside(
        'mkdir -p -m 700 /root/.ssh && cat >> /root/.ssh/authorized_keys && chmod 600 /root/.ssh/authorized_keys',
        `${line}\n`,
      );
      const key = inside('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub').split(' ')[1] ?? '';
      const again = await site.run(['adopt', directory, '--vmid', String(VMID), '--host-key', key]);
      expect(again).toMatchObject({ code: 0 });

      const deployed = await site.run(['deploy', directory]);
      expect(deployed).toMatchObject({ code: 0 });
      expect(await steps(directory)).toEqual([]);
      expect(await pid()).toBe(running);
      expect(inside('cat /srv/diary/today')).toBe('dear diary');
      const rest = (config: typeof before) => ({ ...config, description: '', tags: '', digest: '' });
      expect(rest(await site.config(VMID))).toEqual(rest(before));
    });
  });
}
