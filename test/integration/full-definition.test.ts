import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import type { CliSite, Ended } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { insideOf, openCliSite, prefixOf } from './cli-site.ts';

/** A container.yml in full on a real container: what the config says is what stands inside. */

const missing = await checkHost();

describe('a definition in full on a real container', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: a definition in full: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

/** Whether this kernel's bridges know VLANs. */
function knowsVlans(): boolean {
  try {
    execFileSync('ip', ['link', 'add', 'pgovlan0', 'type', 'bridge', 'vlan_filtering', '1'], { stdio: 'pipe' });
    execFileSync('ip', ['link', 'delete', 'pgovlan0'], { stdio: 'pipe' });
    return true;
  } catch {
    console.warn('LEFT OUT: a VLAN: the bridges of this kernel know none');
    return false;
  }
}

const VMID = 1043;
/** What a service would do: its data is made once, on the volume. */
const SCRIPT = `#!/bin/sh
set -eu
[ -s /srv/data/born ] || { date +%s%N >/srv/data/born; echo 'changed: made its data'; }
printf '%s' "$TOKEN" | sha256sum >/root/token
`;

if (missing.length === 0) {
  let site: CliSite;
  let shared: string;
  let range: string;
  const vlan = knowsVlans() ? ', vlan: 20' : '';

  beforeAll(async () => {
    shared = mkdtempSync('/var/tmp/pgo-shared-');
    // Its users are others than the host's.
    chmodSync(shared, 0o755);
    writeFileSync(join(shared, 'hello'), 'from the host\n');
    site = await openCliSite();
    range = prefixOf(site);
    await site.client.call('POST', '/pools', { poolid: 'web' });
  });
  afterAll(async () => {
    await site?.close();
    rmSync(shared, { recursive: true, force: true });
  });

  const yaml = (volumes: string, more = ''): string => `vmid: ${VMID}
hostname: full
memory: 512
disk: local-lvm:4
interfaces:
  - {bridge: vmbr7, ip: 192.168.178.43, ip6: "fd00:91::43/64"}
  - {bridge: vmbr7, ip: 10.0.4.43/24${vlan}, mac: "BC:24:11:00:43:01"}
${volumes}
mount: {host: ${shared}, path: /mnt/host, read_only: yes}
startup: {order: 2, up: 5}
pool: web
tags: [web, full]
description: Everything at once.
secrets: [TOKEN]
way_back: none
${more}`;
  const data = (size: number): string => `volumes: {data: {path: /srv/data, disk: "local-lvm:${size}"}}`;
  const files = (text: string) => ({ 'config.env': null, 'container.yml': text, 'configure.sh': SCRIPT });
  const define = (text: string): string => site.definition('apache', files(text), 'full');
  const run = async (...args: readonly string[]): Promise<Ended> => {
    const end = await site.run(args, { SECRET_TOKEN: 'swordfish-9' });
    expect(end, end.text).toMatchObject({ code: 0 });
    expect(end.text).not.toContain('swordfish-9');
    return end;
  };
  const inside = (command: string): string => insideOf(site, VMID, command);
  const config = async () => (await site.config(VMID)) ?? {};
  const pid = async (): Promise<number> =>
    dataOf<{ pid: number }>(await site.client.call('GET', `/nodes/pve/lxc/${VMID}/status/current`)).pid;
  const writes = async (): Promise<readonly string[]> => {
    const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
    return Object.keys(calls).filter((call) => !call.startsWith('GET '));
  };
  const volids = async (): Promise<readonly string[]> => {
    const content = await site.client.call('GET', '/nodes/pve/storage/local-lvm/content');
    return dataOf<readonly { volid: string }[]>(content).map(({ volid }) => volid);
  };
  let born: string;
  let volid: string;

  describe('a container with everything', () => {
    it('has inside what the definition says', async () => {
      await run('deploy', define(yaml(data(1))));
      const made = await config();
      expect(made).toMatchObject({ startup: 'order=2,up=5', tags: 'full;pve-gitops;web' });
      expect(made.description).toMatch(/^Everything at once\.\n\n.*\n<!-- pve-gitops:1 /);
      const guests = dataOf<readonly Record<string, unknown>[]>(
        await site.client.call('GET', '/cluster/resources', { type: 'vm' }),
      );
      expect(guests.find(({ vmid }) => vmid === VMID)).toMatchObject({ pool: 'web' });

      expect(inside('hostname').trim()).toBe('full');
      expect(inside('ip -br address show eth0')).toContain(`${range}.178.43/16`);
      expect(inside('ip -br -6 address show eth0')).toContain('fd00:91::43/64');
      expect(inside('ip -br address show eth1')).toContain(`${range}.4.43/16`);
      expect(inside('cat /sys/class/net/eth1/address').trim()).toBe('bc:24:11:00:43:01');
      // Only one interface leads out.
      expect(inside('ip route show default').trim().split('\n')).toHaveLength(1);

      expect(inside('cat /mnt/host/hello')).toBe('from the host\n');
      expect(() => inside('touch /mnt/host/no')).toThrow(/Read-only/i);
      expect(inside('cat /proc/mounts')).toMatch(/ \/srv\/data /);
      expect(
        inside(
          'sha256sum </dev/null >/dev/null; printf swordfish-9 | sha256sum | cmp - /root/token && echo same',
        ).trim(),
      ).toBe('same');
      born = inside('cat /srv/data/born');
      volid = String(made.mp0).split(',')[0] ?? '';
      expect(made.description).toContain(`"volumes":{"data":"${volid}"}`);
    });

    it('again: nothing to change, and nothing is written', async () => {
      const before = await config();
      await site.control('DELETE', 'calls');
      const end = await run('deploy', define(yaml(data(1))));
      expect(end.stdout).toContain('nothing to change');
      expect(await writes()).toEqual([]);
      expect(await config()).toEqual(before);
    });

    it('a volume grows while it is written to', async () => {
      const before = await pid();
      inside('(while sleep 0.05; do date +%s%N >>/srv/data/log; done) >/dev/null 2>&1 & echo $! >/run/writer');
      await run('deploy', define(yaml(data(2))));
      expect(await config()).toMatchObject({ mp0: expect.stringContaining('size=2G') as string });
      expect(await pid()).toBe(before);
      expect(inside('cat /srv/data/born')).toBe(born);
      inside('kill $(cat /run/writer)');
      expect(Number(inside('wc -l </srv/data/log'))).toBeGreaterThan(1);
    });

    it('a volume that is taken out of git is detached and kept, and comes back with its content', async () => {
      const lines = inside('sha256sum /srv/data/log');
      const script = SCRIPT.replace(/^\[.*$/m, 'true');
      const without = site.definition('apache', { ...files(yaml('')), 'configure.sh': script }, 'full');
      const end = await run('deploy', without);
      expect(end.stdout).toContain('detached, kept');
      expect(await config()).toMatchObject({ unused0: volid });
      expect(inside('cat /proc/mounts')).not.toMatch(/ \/srv\/data /);

      const before = await pid();
      await run('deploy', define(yaml(data(2))));
      expect((await config()).mp0).toContain(volid);
      expect(await pid()).toBe(before);
      expect(inside('cat /srv/data/born')).toBe(born);
      expect(inside('sha256sum /srv/data/log')).toBe(lines);
    });

    it('outlives its destroy as long as its volume is kept, and comes back with it', async () => {
      const end = await run('destroy', define(yaml(data(2))), '--yes');
      expect(end.stdout).toContain('retired, not destroyed');
      expect(await volids()).toContain(volid);
      await run('deploy', define(yaml(data(2))));
      expect(inside('cat /srv/data/born')).toBe(born);
      expect((await config()).description).toContain('"role":"live"');
    });

    it('an interface and a volume go when git says so', async () => {
      const one = yaml('volumes: {data: delete}').replace(/\n {2}- \{bridge: vmbr7, ip: 10\..*\n/, '\n');
      const script = SCRIPT.replace(/^\[.*$/m, 'true');
      const end = await run('deploy', site.definition('apache', { ...files(one), 'configure.sh': script }, 'full'));
      expect(end.stdout).toContain('DESTROYED');
      expect(await config()).not.toHaveProperty('net1');
      expect(() => inside('ip link show eth1')).toThrow();
      expect(await volids()).not.toContain(volid);
      await run('destroy', define(yaml('')), '--yes');
      expect(await site.config(VMID)).toBeUndefined();
      expect(await volids()).toEqual([]);
    });
  });
}
