import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baselineScript } from '../../src/baseline/debian.ts';
import { roundScript } from '../../src/verify/round.ts';

/**
 * The baseline's way on Alpine, in a root file system of busybox alone: its shell and its tools are Alpine's. apk, sshd, OpenRC and
 * shadow's programs are stand-ins that check how they are called; a real Alpine cannot be had where these tests run.
 */

const BUSYBOX = '/bin/busybox';
const possible = process.getuid?.() === 0 && spawnSync(BUSYBOX, ['true']).status === 0;

describe('the baseline on Alpine', () => {
  it('is tried only as root, with busybox-static', () => {
    if (!possible) console.warn('LEFT OUT: the baseline on Alpine: it needs root and the package busybox-static');
    expect(typeof possible).toBe('boolean');
  });
});

/** Its shell compares times by whole seconds, so that a new pid file has to be some younger. */
const STANDINS: Readonly<Record<string, string>> = {
  apk: `case $1 in
info) grep -qx "$3" /apk/installed ;;
add) shift; [ "$1" = --no-cache ] && shift; for p; do echo "$p" >>/apk/installed; done ;;
upgrade) case "$*" in *--simulate*) echo '(1/1) Upgrading musl (1-r0 -> 1-r1)' ;; esac; echo "apk $*" >>/apk/calls ;;
*) exit 99 ;;
esac`,
  sshd: `case $1 in
-t) grep -q '^TrustedUserCAKeys' "$3" && grep -q '^Include /etc/ssh/sshd_config$' "$3" ;;
-T) printf '%s\\n' 'passwordauthentication no' 'kbdinteractiveauthentication no' 'trustedusercakeys /etc/ssh/pve-gitops/authority.pub' ;;
esac`,
  'rc-service': `case "$*" in
'--quiet sshd status' | 'nginx status') exit 0 ;;
'--quiet sshd reload') touch -d "@$(($(date +%s) + 2))" /run/sshd.pid; echo reload >>/apk/calls ;;
'--exists nginx' | '--exists broken') exit 0 ;;
'broken status') echo '* status: crashed'; exit 32 ;;
*) exit 1 ;;
esac`,
  'rc-status': `[ "$1" = --crashed ] || exit 99; cat /apk/crashed 2>/dev/null`,
  visudo: `cat >/dev/null`,
  getent: `case $1 in passwd | group) awk -F: -v k="$2" '$1 == k || $3 == k { print; found = 1 } END { exit !found }' "/etc/$1" ;; esac`,
  groupadd: `[ "$1" = --gid ] && echo "$3:x:$2:" >>/etc/group`,
  useradd: `while [ $# -gt 0 ]; do case $1 in
--uid) uid=$2; shift ;; --gid) gid=$2; shift ;; --home-dir) home=$2; shift ;; --shell) shell=$2; shift ;;
--password | -K) shift ;; --no-create-home) ;; *) name=$1 ;; esac; shift; done
echo "$name:x:$uid:$(getent group "$gid" | cut -d : -f 3)::$home:$shell" >>/etc/passwd`,
  usermod: `[ "$1 $2" = '--append --groups' ] || exit 99
awk -F: -v OFS=: -v g="$3" -v u="$4" '$1 == g { $4 = ($4 == "" ? u : $4 "," u) } { print }' /etc/group >/tmp/group
cat /tmp/group >/etc/group`,
};

if (possible) {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync('/var/tmp/pgo-alpine-');
    for (const folder of [
      'bin',
      'etc/ssh',
      'root',
      'run',
      'tmp',
      'usr/local/bin',
      'usr/share/zoneinfo/Etc',
      'apk',
      'dev',
    ])
      mkdirSync(join(root, folder), { recursive: true });
    copyFileSync(BUSYBOX, join(root, 'bin', 'busybox'));
    spawnSync('chroot', [root, '/bin/busybox', '--install', '-s', '/bin']);
    spawnSync('mknod', ['-m', '666', join(root, 'dev', 'null'), 'c', '1', '3']);
    put('/etc/os-release', 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n');
    put('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n');
    put('/etc/group', 'root:x:0:\nwheel:x:10:root\n');
    put('/etc/shadow', 'root:*::0:::::\n');
    put('/etc/ssh/sshd_config', '# as it comes\nSubsystem sftp internal-sftp\n');
    put('/usr/share/zoneinfo/Etc/UTC', '');
    put('/apk/installed', 'openssh-server\ntar\n');
    mkdirSync(join(root, 'etc', 'sudoers.d'));
    for (const [name, text] of Object.entries(STANDINS)) {
      put(`/usr/local/bin/${name}`, `#!/bin/sh\n${text}\n`);
      chmodSync(join(root, 'usr', 'local', 'bin', name), 0o755);
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const read = (path: string): string => readFileSync(join(root, path), 'utf8');
  const baseline = (upgrade = 'no', locale = 'C.UTF-8') => {
    const args = [
      root,
      '/bin/sh',
      '-s',
      '--',
      'ssh-ed25519 AAAAauthority',
      'Etc/UTC',
      locale,
      upgrade,
      'ssh-ed25519 AAAAone me',
    ];
    const { status, stdout, stderr } = spawnSync('chroot', args, { input: baselineScript(), encoding: 'utf8' });
    return { status, stderr, lines: stdout.trim().split('\n').filter(Boolean) };
  };

  describe('in a root file system of busybox', () => {
    it('brings packages, accounts, and SSH by certificate; a second run changes nothing', () => {
      const first = baseline();
      expect({ status: first.status, stderr: first.stderr }).toEqual({ status: 0, stderr: '' });
      expect(first.lines).toContain('apk add bash sudo ca-certificates curl shadow coreutils findutils grep sed flock');
      expect(first.lines).toContain('changed: sshd reloaded');
      expect(read('/etc/passwd')).toMatch(
        /^app:x:1000:1000:.*:\/app:\/usr\/sbin\/nologin\nconfig:x:1001:1001:.*:\/home\/config:\/bin\/bash$/m,
      );
      expect(read('/etc/group')).toMatch(/^config:x:1001:app(?:,config)?$/m);
      expect(read('/etc/ssh/sshd_config')).toMatch(/^Include \/etc\/ssh\/sshd_config.d\/\*.conf\n# as it comes\n/);
      expect(read('/root/.ssh/authorized_keys')).toContain(
        'cert-authority,principals="root" ssh-ed25519 AAAAauthority',
      );
      expect(read('/etc/sudoers.d/pve-gitops')).toContain('config ALL=');
      expect(existsSync(join(root, 'etc', 'default', 'locale'))).toBe(false);
      expect(baseline()).toEqual({ status: 0, stderr: '', lines: [] });
    });

    it('upgrades when that is asked for, and says what Alpine does not have', () => {
      const { status, lines } = baseline('yes', 'de_DE.UTF-8');
      expect(status).toBe(0);
      expect(lines).toContain('changed: upgraded musl');
      expect(lines).toContain('warning: locale de_DE.UTF-8: Alpine has C.UTF-8 only');
      expect(read('/apk/calls')).toContain('apk upgrade --no-cache\n');
    });

    it('checks ask OpenRC', () => {
      const words = ['unit', '1', 'nginx', 'unit', '1', 'broken', 'unit', '1', 'gone', 'system', '0'];
      const ask = () =>
        spawnSync('chroot', [root, '/bin/sh', '-s', '--', ...words], { input: roundScript(), encoding: 'utf8' }).stdout;
      expect(ask().trim().split('\n')).toEqual([
        '0 ok started',
        '1 bad expected started, but: * status: crashed',
        '2 bad expected started, but there is no such service',
        '3 ok none has crashed',
      ]);
      put('/apk/crashed', ' broken                 [  crashed  ]\n');
      expect(ask()).toContain('3 bad expected no crashed services, but: broken');
    });
  });
}
