import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { insideOf, openCliSite, prefixOf } from './cli-site.ts';
import { eventually } from './lxc-site.ts';

/** A directory with configSettings, conf, bin and data: imported, deployed, rebuilt, and its data is still there. */

const missing = await checkHost();

describe('a directory in the one-directory-per-container form', () => {
  it('is tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: one directory per container: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

const SECRET = 'only-on-this-machine-4711';

const BUILD = `#!/bin/bash
set -eu
echo "builds $APP for $DOMAIN"
echo built >> /usr/local/data/log 2>/dev/null || true
date +%s%N > /etc/built-at
printf '%s %s' "$APP" "$(printf %s "$TOKEN" | sha256sum | cut -c 1-12)" > /etc/app
ln -sfn /usr/local/data/db /var/lib/app
cp /usr/local/conf/site.conf /etc/site.conf
hello > /etc/hello
`;

const FILES: Readonly<Record<string, string>> = {
  configSettings: `# the shop
APP="My shop"
OPT_CTID=320
OSTYPE=debian
OSVERSION=13
RAM=384
DISK=2
DOMAIN=home
DNS=$(touch /tmp/pve-gitops-pwned)
function HOOK_mounts { pct set $CTID --mp4 /srv/media,mp=/media,ro=1; }
`,
  '.env': `TOKEN='${SECRET}'\n`,
  'build-target.sh': BUILD,
  'conf/site.conf': 'colour = green\n',
  'bin/hello': '#!/bin/sh\necho "hello from bin"\n',
  'data/db/orders': 'order 1\n',
  'data/own': 'belongs to www-data\n',
};

if (missing.length === 0) {
  const VMID = 320;
  let site: CliSite;
  let directory: string;

  beforeAll(async () => {
    site = await openCliSite();
    const prefix = prefixOf(site);
    directory = join(site.folder, 'shop');
    const settings = `${FILES.configSettings}NET=${prefix}.7.20/16\nGATEWAY=${prefix}.0.1\n`;
    for (const [name, text] of Object.entries({ ...FILES, configSettings: settings })) put(name, text);
    chmodSync(join(directory, 'bin', 'hello'), 0o755);
    execFileSync('chown', ['100033:100033', join(directory, 'data', 'own')]);
    chmodSync(join(directory, 'data', 'own'), 0o640);
    symlinkSync('db/orders', join(directory, 'data', 'latest'));
  });
  afterAll(() => site?.close());

  function put(name: string, text: string): void {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }

  const inside = (command: string): string => insideOf(site, VMID, command).trim();

  async function restart(): Promise<void> {
    const reply = await site.client.call('POST', `/nodes/pve/lxc/${VMID}/status/reboot`);
    const path = `/nodes/pve/tasks/${dataOf<string>(reply)}/status`;
    const ended = async () => dataOf<{ status: string }>(await site.client.call('GET', path)).status === 'stopped';
    await eventually(ended, 'the restart has ended', 300_000);
    await eventually(
      async () => inside('systemctl is-active sysinit.target || true') === 'active',
      'it is up',
      300_000,
    );
  }

  const logged: string[] = [];
  async function run(...args: readonly string[]): Promise<string> {
    const { code, text } = await site.run([...args, '--verbose']);
    logged.push(text);
    expect(code === 0 ? '' : text).toBe('');
    return text;
  }

  describe('on a real container', () => {
    it('is imported: what is a setting becomes a key, what is not is said with its line', async () => {
      const { code, text } = await site.run(['import', directory]);
      expect(code).toBe(0);
      expect(text).toContain('configSettings:9 DNS: has a value that bash would compute');
      expect(text).toMatch(
        /configSettings:10 function HOOK_mounts is not run: .*\{host: \/srv\/media, path: \/media, read_only: yes\}/,
      );
      const definition = readFileSync(join(directory, 'container.yml'), 'utf8');
      expect(definition).toMatch(/vmid: 320\ntemplate: debian-13\n/);
      expect(definition).toContain('path: /usr/local/data');
      expect(() => readFileSync('/tmp/pve-gitops-pwned')).toThrow();
    });

    it('is deployed: conf and bin in place, data copied with its owners, built once with the variables of both files', async () => {
      const text = await run('deploy', directory);
      expect(text).toContain('builds My shop for home');
      expect(text).toMatch(/data to \/usr\/local\/data: 2 files, \d+ KiB, compared by checksums/);
      expect(inside('cat /etc/app')).toMatch(/^My shop [0-9a-f]{12}$/);
      expect(inside('cat /etc/hello /etc/site.conf')).toBe('hello from bin\ncolour = green');
      expect(inside('stat -c "%a %U" /usr/local/conf/site.conf /usr/local/sbin/hello')).toBe('444 root\n555 root');
      expect(inside('cat /var/lib/app/orders /usr/local/data/latest')).toBe('order 1\norder 1');
      expect(inside('stat -c "%a %U:%G" /usr/local/data/own')).toBe('640 www-data:www-data');
      expect(inside('findmnt -n -o TARGET /usr/local/data')).toBe('/usr/local/data');
    });

    it('conf and bin are read-only for root in it too, after a restart as well', async () => {
      const tries = [
        'echo mine >/usr/local/conf/site.conf',
        'echo mine >/usr/local/sbin/mine',
        'rm -f /usr/local/sbin/hello',
        'chmod 644 /usr/local/conf/site.conf',
      ];
      const all = (): readonly string[] => tries.map((command) => inside(`{ ${command}; } 2>&1 || true`));
      const refused = tries.map(() => expect.stringMatching(/Read-only file system$/) as string);
      expect(all()).toEqual(refused);
      await restart();
      expect(all()).toEqual(refused);
      expect(inside('systemctl --failed --no-legend --plain')).toBe('');
      expect(inside('cat /usr/local/conf/site.conf; hello')).toBe('colour = green\nhello from bin');
    });

    it('is built once: what is changed in conf and bin comes along, build-target.sh does not run again', async () => {
      const built = inside('cat /etc/built-at');
      inside('echo "order 2" >> /usr/local/data/db/orders');
      put('conf/site.conf', 'colour = blue\n');
      put('conf/new.conf', 'new\n');
      put('data/db/orders', 'what is here by now is nobody’s business\n');
      put('build-target.sh', `${BUILD}# another one\n`);
      const text = await run('deploy', directory);
      expect(text).toContain('build-target.sh is not the one that this root file system was built with');
      expect(inside('cat /usr/local/conf/site.conf /usr/local/conf/new.conf')).toBe('colour = blue\nnew');
      expect(
        inside('findmnt -n -o OPTIONS /usr/local/conf | cut -d , -f 1; findmnt -l -n | grep -c "^/usr/local/[cs]"'),
      ).toBe('ro\n2');
      expect(inside('cat /etc/site.conf')).toBe('colour = green');
      expect(inside('cat /etc/built-at')).toBe(built);
      expect(inside('cat /var/lib/app/orders')).toBe('order 1\norder 2');
      expect(await run('deploy', directory)).toContain('nothing to change');
    });

    it('what goes away from git takes its mount with it, and comes back with it', async () => {
      const file = join(directory, 'bin', 'hello');
      rmSync(dirname(file), { recursive: true });
      expect(await run('deploy', directory)).toContain('/usr/local/sbin is not read-only any more');
      expect(inside('findmnt -n /usr/local/sbin || echo none; ls /usr/local/sbin')).toBe('none');
      expect(inside('findmnt -n -o OPTIONS /usr/local/conf')).toMatch(/^ro,/);
      put('bin/hello', FILES['bin/hello'] ?? '');
      chmodSync(file, 0o755);
      await run('deploy', directory);
      expect(inside('hello; findmnt -n -o OPTIONS /usr/local/sbin')).toMatch(/^hello from bin\nro,/);
    });

    it('is rebuilt: a new root file system, built anew, with the data that the old one had', async () => {
      const built = inside('cat /etc/built-at');
      inside('echo lost > /root/in-the-root-file-system');
      const text = await run('rebuild', directory);
      expect(text).toContain('has a new root file system');
      expect(inside('test -e /root/in-the-root-file-system && echo there || echo gone')).toBe('gone');
      expect(Number(inside('cat /etc/built-at'))).toBeGreaterThan(Number(built));
      expect(inside('cat /etc/site.conf')).toBe('colour = blue');
      expect(inside('findmnt -n -o OPTIONS /usr/local/sbin')).toMatch(/^ro,/);
      expect(inside('cat /var/lib/app/orders')).toBe('order 1\norder 2');
      expect(inside('stat -c "%a %U:%G" /usr/local/data/own')).toBe('640 www-data:www-data');
      expect(await run('deploy', directory)).not.toContain('is not the one');
      const again = inside('cat /etc/built-at');
      expect(await run('deploy', directory)).toContain('nothing to change');
      expect(inside('cat /etc/built-at')).toBe(again);
    });

    it('the private value is in no log, file, argument or owner mark', async () => {
      expect(logged.join('\n')).not.toContain(SECRET);
      expect(JSON.stringify(await site.config(VMID))).not.toContain(SECRET);
      const found = inside(`grep -rlF '${SECRET}' /etc /root /run /var /usr/local /tmp 2>/dev/null || true`);
      expect(found).toBe('');
    });
  });
}
