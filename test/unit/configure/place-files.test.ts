import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLACE_FILES } from '../../../src/configure/place-files.ts';

/** The script as it stands, with its absolute paths moved below a temporary folder, and a stand-in that notes mounts. */

let root: string;
let definition: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-place-'));
  definition = join(root, 'definition');
  mkdirSync(definition);
  mkdirSync(join(root, 'run', 'systemd', 'system'), { recursive: true });
  for (const [name, text] of Object.entries(PROGRAMS)) putProgram(name, text);
  start();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function place() {
  const owner = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const script = PLACE_FILES.replaceAll('/usr/local', `${root}/usr`)
    .replaceAll('/var/lib/pve-gitops', `${root}/state`)
    .replaceAll('/proc/self/mountinfo', `${root}/mountinfo`)
    .replaceAll(/(?<=[ =])(?=\/(?:run|etc|sbin)\/)/g, root)
    .replaceAll('0:0', owner);
  const env = { ...process.env, PATH: `${join(root, 'programs')}:${process.env.PATH}`, ROOT: root };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: definition, encoding: 'utf8', env });
  return { status, stderr, lines: stdout.replaceAll(root, '').trim().split('\n').filter(Boolean) };
}

/** As the kernel has it: the last line of a folder is the mount on top. */
const PROGRAMS = {
  mount: `#!/bin/sh
echo "mount $*" >>"$ROOT/calls"
[ ! -e "$ROOT/refused" ] || { echo 'mount: permission denied.' >&2; exit 32; }
case $2 in
bind) echo "9 1 0:1 $3 $4 rw,nosuid,relatime shared:1 - ext4 /dev/x rw" >>"$ROOT/mountinfo" ;;
remount,bind,*) sed -i "\\# $3 #s# rw,# ro,#" "$ROOT/mountinfo" ;;
esac
`,
  umount: `#!/bin/sh
echo "umount $*" >>"$ROOT/calls"
for folder; do :; done
sed -i "\\# $folder #d" "$ROOT/mountinfo"
`,
};

function putProgram(name: string, text: string): void {
  mkdirSync(join(root, 'programs'), { recursive: true });
  writeFileSync(join(root, 'programs', name), text, { mode: 0o755 });
}

/** The container's start: no mount is there but those of the system. */
function start(): void {
  writeFileSync(join(root, 'mountinfo'), '1 1 0:1 / / rw,relatime - ext4 /dev/x rw\n');
  writeFileSync(join(root, 'calls'), '');
}

/** What was mounted and unmounted since this was asked last. */
function calls(): readonly string[] {
  const text = readFileSync(join(root, 'calls'), 'utf8').replaceAll(root, '');
  writeFileSync(join(root, 'calls'), '');
  return text.split('\n').filter(Boolean);
}

const LOCKED = ['mount -o bind /usr/conf /usr/conf', 'mount -o remount,bind,ro,nosuid,relatime /usr/conf'];

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(definition, path)), { recursive: true });
  writeFileSync(join(definition, path), text);
  chmodSync(join(definition, path), mode);
}

const conf = (path: string) => join(root, 'usr', 'conf', path);

describe('conf and bin of a directory', () => {
  it('come to their places once, writable by nobody, and a second run does nothing', () => {
    put('conf/site.conf', 'one');
    put("conf/a b/it's $(touch /tmp/pwned) \n.conf", 'odd');
    put('bin/tool', '#!/bin/sh\n', 0o755);
    symlinkSync('site.conf', join(definition, 'conf', 'link'));
    const first = place();
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(first.lines).toContain('changed: wrote /usr/conf/site.conf');
    expect(statSync(conf('site.conf')).mode & 0o777).toBe(0o444);
    expect(statSync(join(root, 'usr', 'sbin', 'tool')).mode & 0o777).toBe(0o555);
    expect(readlinkSync(conf('link'))).toBe('site.conf');
    expect(readFileSync(conf("a b/it's $(touch /tmp/pwned) \n.conf"), 'utf8')).toBe('odd');
    expect(existsSync(join(root, 'usr', 'data'))).toBe(true);
    expect(place()).toEqual({ status: 0, stderr: '', lines: [] });
  });

  it('what is gone from the definition is removed, what is somebody else’s stays, what was changed is undone', () => {
    put('conf/old/one', '1');
    put('conf/two', '2');
    put('bin/tool', 'x', 0o755);
    place();
    writeFileSync(conf('theirs'), 'stays');
    chmodSync(conf('two'), 0o644);
    writeFileSync(conf('two'), 'changed by hand');
    rmSync(join(definition, 'conf', 'old'), { recursive: true });
    rmSync(join(definition, 'bin'), { recursive: true });
    const { lines } = place();
    expect(lines.toSorted()).toEqual([
      'changed: /usr/sbin is not read-only any more',
      'changed: removed /usr/conf/old/one',
      'changed: removed /usr/sbin/tool',
      'changed: wrote /usr/conf/two',
    ]);
    expect(readdirSync(conf('')).toSorted()).toEqual(['theirs', 'two']);
    expect(readFileSync(conf('two'), 'utf8')).toBe('2');
  });

  it('a file takes the place of a directory that came from here, and of no other', () => {
    put('conf/thing/part', '1');
    place();
    rmSync(join(definition, 'conf', 'thing'), { recursive: true });
    put('conf/thing', 'file');
    expect(place()).toMatchObject({ status: 0 });
    expect(readFileSync(conf('thing'), 'utf8')).toBe('file');
    mkdirSync(conf('foreign'));
    put('conf/foreign', 'file');
    const refused = place();
    expect(refused.status).toBe(1);
    expect(refused.lines).toContain('error: /usr/conf/foreign is a directory, and conf has a file of that name');
  });

  it('many files are summed up', () => {
    for (let number = 0; number < 30; number += 1) put(`conf/${number}`, 'x');
    const { lines } = place();
    expect(lines).toHaveLength(22);
    expect(lines.slice(-2)).toEqual(['changed: 10 files more', 'changed: made /usr/conf read-only']);
  });
});

describe('the folders', () => {
  const unit = () => join(root, 'etc', 'systemd', 'system', 'pve-gitops-read-only.service');
  const wanted = () => join(root, 'etc', 'systemd', 'system', 'sysinit.target.wants', 'pve-gitops-read-only.service');

  it('are read-only once the files are there, with the flags that they had, and opened for what changes', () => {
    put('conf/site.conf', 'one');
    expect(place().lines).toContain('changed: made /usr/conf read-only');
    expect(calls()).toEqual(LOCKED);
    expect(place().lines).toEqual([]);
    expect(calls()).toEqual([]);
    put('conf/site.conf', 'two');
    expect(place().lines).toEqual(['changed: wrote /usr/conf/site.conf']);
    expect(calls()).toEqual(['umount -l /usr/conf', ...LOCKED]);
  });

  it('are so after each start, and a start that did it leaves nothing to do', () => {
    put('conf/site.conf', 'one');
    place();
    const line = /^ExecStart=(\S+) (\S+)$/m.exec(readFileSync(unit(), 'utf8'));
    expect(readlinkSync(wanted())).toBe(unit());
    start();
    const env = { ...process.env, PATH: `${join(root, 'programs')}:${process.env.PATH}`, ROOT: root };
    for (const made of [LOCKED, []]) {
      const { status } = spawnSync('sh', [line?.[2] ?? ''], { encoding: 'utf8', env });
      expect({ status, made: calls() }).toEqual({ status: 0, made });
    }
    expect(place()).toEqual({ status: 0, stderr: '', lines: [] });
    expect(calls()).toEqual([]);
  });

  it('are so again when a run was killed after it had opened them', () => {
    put('conf/site.conf', 'one');
    place();
    start();
    writeFileSync(conf('site.conf.pve-gitops-new'), 'half');
    put('conf/site.conf', 'two');
    place();
    expect(calls()).toEqual(LOCKED);
    expect(readFileSync(conf('site.conf'), 'utf8')).toBe('two');
  });

  it('are as before once they are gone from the definition, and no start makes them read-only', () => {
    put('conf/site.conf', 'one');
    place();
    rmSync(join(definition, 'conf'), { recursive: true });
    calls();
    expect(place().lines).toEqual([
      'changed: removed /usr/conf/site.conf',
      'changed: /usr/conf is not read-only any more',
    ]);
    expect(calls()).toEqual(['umount -l /usr/conf']);
    expect([unit(), wanted(), join(root, 'state', 'read-only')].filter((path) => existsSync(path))).toEqual([]);
    expect(place().lines).toEqual([]);
  });

  it('stay as they are where a container may not mount, with a warning', () => {
    writeFileSync(join(root, 'refused'), '');
    put('conf/site.conf', 'one');
    const { status, lines } = place();
    expect({ status, lines }).toEqual({
      status: 0,
      lines: [
        'changed: wrote /usr/conf/site.conf',
        'warning: /usr/conf cannot be made read-only, and stay as they are, with modes 0444 and 0555: mount: permission denied.',
      ],
    });
    expect(statSync(conf('site.conf')).mode & 0o777).toBe(0o444);
    expect(existsSync(wanted())).toBe(false);
  });

  it('have a start script of OpenRC where there is no systemd', () => {
    rmSync(join(root, 'run'), { recursive: true });
    for (const folder of ['sbin', 'etc/init.d']) mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, 'sbin', 'openrc-run'), '', { mode: 0o755 });
    put('bin/tool', 'x', 0o755);
    place();
    const script = join(root, 'etc', 'init.d', 'pve-gitops-read-only');
    expect(statSync(script).mode & 0o777).toBe(0o755);
    expect(readFileSync(script, 'utf8')).toMatch(/^#!\S*\/sbin\/openrc-run\n/);
    expect(readlinkSync(join(root, 'etc', 'runlevels', 'boot', 'pve-gitops-read-only'))).toBe(script);
    expect(existsSync(unit())).toBe(false);
  });
});

describe('where build-target.sh stands', () => {
  const ended = () => {
    mkdirSync(join(root, 'state', 'once'), { recursive: true });
    writeFileSync(join(root, 'state', 'once', 'build-target.sh'), 'now\n');
  };

  it('one that did not end is said, one that ended is not, another one is', () => {
    put('build-target.sh', 'one');
    expect(place().lines).toEqual([]);
    expect(place().lines).toEqual([expect.stringContaining('did not end')]);
    ended();
    expect(place().lines).toEqual([]);
    expect(place().lines).toEqual([]);
    put('build-target.sh', 'two');
    expect(place().lines).toEqual([expect.stringContaining('pve-gitops rebuild runs it')]);
  });
});
