import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { parseDescription } from '../../src/model/mark.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { fetchPage, openCliSite, prefixOf } from './cli-site.ts';

/** A deploy that fails on a real container leaves what was served before it; no write to a volume is lost. */

const missing = await checkHost();

describe('the way back on real containers', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing)
      console.warn(`LEFT OUT: the way back on real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

/** A page without a web server's package: what is served is one file, and a broken script spoils it before it fails. */
const SCRIPT = (word: string, more: string): string => `#!/bin/sh
set -eu
mkdir -p /srv/www
echo '${word}' > /srv/www/index.html
cat > /etc/systemd/system/page.service <<'UNIT'
[Service]
ExecStart=/usr/bin/python3 -m http.server 80 --directory /srv/www
Restart=always
[Install]
WantedBy=multi-user.target
UNIT
command -v python3 >/dev/null || apt-get install -q -y python3-minimal || { apt-get update -q && apt-get install -q -y python3; }
systemctl daemon-reload
systemctl enable --quiet --now page
${more}
`;

async function page(address: string): Promise<string> {
  return (await fetchPage(`http://${address}/`)).trim();
}

if (missing.length === 0) {
  let site: CliSite;
  let directory: string;
  let prefix: string;

  beforeAll(async () => {
    site = await openCliSite();
    prefix = prefixOf(site);
  });
  afterAll(() => site?.close());

  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-C', directory, '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
      encoding: 'utf8',
    }).trim();

  function commit(script: string): string {
    writeFileSync(join(directory, 'configure.sh'), script);
    git('add', '-A');
    git('commit', '-qm', 'change');
    return git('rev-parse', 'HEAD');
  }

  function begin(name: string, yaml: string): void {
    directory = site.definition('apache', { 'config.env': null, 'container.yml': yaml }, name);
    git('init', '-q', '-b', 'main', '.');
  }

  async function markOf(vmid: number) {
    return parseDescription(String((await site.config(vmid))?.description)).mark;
  }

  const snapshotsOf = async (vmid: number): Promise<readonly string[]> =>
    (dataOf(await site.client.call('GET', `/nodes/pve/lxc/${vmid}/snapshot`)) as readonly { readonly name: string }[])
      .map(({ name }) => name)
      .filter((name) => name !== 'current');

  describe('a container without volumes', () => {
    it('serves the page of the last good commit after a script that failed, and the next good one after that', async () => {
      begin(
        'plain',
        'id: 43\nip: 192.168.178.43\nhostname: plain\nmemory: 512\ndisk: local-lvm:4\nhealth: [{ tcp: 80 }]\n',
      );
      const address = `${prefix}.178.43`;
      const first = commit(SCRIPT('one', ''));
      const made = await site.run(['deploy', directory]);
      expect(made.text).not.toContain('error');
      expect(made.code).toBe(0);
      expect(await page(address)).toBe('one');

      const bad = commit(SCRIPT('broken', 'systemctl disable --now page\nexit 4'));
      const end = await site.run(['deploy', directory]);
      expect(end.text).toContain(`container 1043 serves commit ${first.slice(0, 12)} again`);
      expect(end.code).toBe(7);
      expect(await page(address)).toBe('one');
      expect(await markOf(1043)).toMatchObject({ commit: first, bad });
      expect(await snapshotsOf(1043)).toEqual([]);

      const third = commit(SCRIPT('three', ''));
      expect((await site.run(['deploy', directory])).code).toBe(0);
      expect(await page(address)).toBe('three');
      expect(await markOf(1043)).toMatchObject({ commit: third, history: [{ commit: first }] });
      expect((await site.run(['deploy', directory])).text).toContain('nothing to change');

      const back = await site.run(['rollback', directory]);
      expect(back.text).not.toContain('error');
      expect(back.code).toBe(0);
      expect(await page(address)).toBe('one');
      expect(await markOf(1043)).toMatchObject({ commit: first, bad: third });
    });
  });

  describe('a container whose way back is a backup', () => {
    it('is restored from the backup that was taken before the change', async () => {
      begin(
        'backup',
        'id: 45\nip: 192.168.178.45\nhostname: backup\nmemory: 512\ndisk: local-lvm:4\nway_back: backup\n',
      );
      const address = `${prefix}.178.45`;
      const first = commit(SCRIPT('one', ''));
      expect((await site.run(['deploy', directory])).code).toBe(0);
      commit(SCRIPT('broken', 'systemctl disable --now page\nexit 4'));
      const plan = await site.run(['plan', directory]);
      expect(plan.text).toMatch(/way back: a backup on local/);
      const end = await site.run(['deploy', directory]);
      expect(end.text).toContain(`container 1045 serves commit ${first.slice(0, 12)} again`);
      expect(end.code).toBe(7);
      expect(await page(address)).toBe('one');
      expect(await markOf(1045)).toMatchObject({ commit: first });
    });
  });

  describe('a container with a kept volume', () => {
    it('keeps what was written to the volume while the deploy failed', async () => {
      const yaml = `id: 44
ip: 192.168.178.44
hostname: kept
memory: 512
disk: local-lvm:4
volumes:
  data: { path: /srv/data, disk: "local-lvm:1" }
`;
      begin('kept', yaml);
      const address = `${prefix}.178.44`;
      const first = commit(SCRIPT('one', 'date > /srv/www/at.txt'));
      const made = await site.run(['deploy', directory]);
      expect(made.text).not.toContain('error');
      expect(made.code).toBe(0);
      commit(SCRIPT('broken', 'echo "written by the failed deploy" >> /srv/data/journal\nexit 4'));
      const end = await site.run(['deploy', directory]);
      expect(end.text).toContain(`container 1044 serves commit ${first.slice(0, 12)} again`);
      expect(end.code).toBe(7);
      expect(await page(address)).toBe('one');
      // the journal is still there: shown by the service itself
      writeFileSync(join(directory, 'configure.sh'), SCRIPT('one', 'cp /srv/data/journal /srv/www/index.html'));
      git('commit', '-qam', 'show');
      expect((await site.run(['deploy', directory])).code).toBe(0);
      expect(await page(address)).toBe('written by the failed deploy');
    });
  });
}
