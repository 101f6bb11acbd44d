import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GuestFiles, guestFiles, resolveInside } from '../../../../local/node/backend/lxc/guest-files.ts';

const ME = process.getuid?.() ?? 0;
let base: string;
let root: string;
let files: GuestFiles;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'guest-files-'));
  root = join(base, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(base, 'host'));
  writeFileSync(join(base, 'host/secret'), 'of the host');
  files = guestFiles(root, ME);
});
afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

describe('files of a container', () => {
  it('are written with their mode, and read', async () => {
    await files.write('/etc/shadow', 'x', { mode: 0o640 });
    expect(statSync(join(root, 'etc/shadow')).mode & 0o777).toBe(0o640);
    expect(await files.read('/etc/shadow')).toBe('x');
    expect(await files.read('/etc/none')).toBeUndefined();
  });

  it('replace a link, never what it leads to', async () => {
    symlinkSync(join(base, 'host/secret'), join(root, 'etc/hostname'));
    await files.write('/etc/hostname', 'web\n');
    expect(readFileSync(join(base, 'host/secret'), 'utf8')).toBe('of the host');
    expect(lstatSync(join(root, 'etc/hostname')).isSymbolicLink()).toBe(false);
  });

  it.each([
    ['absolute', (path: string) => path],
    ['upwards', () => '../../../../../../host'],
  ])('stay inside where a folder is a link out of it: %s', async (_kind, target) => {
    symlinkSync(target(join(base, 'host')), join(root, 'etc/ssh'));
    await files.write('/etc/ssh/secret', 'key').catch(() => undefined);
    await files.makeDirectory('/etc/ssh/new', { mode: 0o700 }).catch(() => undefined);
    await files.remove('/etc/ssh/secret').catch(() => undefined);
    expect(readFileSync(join(base, 'host/secret'), 'utf8')).toBe('of the host');
    expect(existsSync(join(base, 'host/new'))).toBe(false);
    expect(await files.read('/etc/ssh/secret')).not.toBe('of the host');
  });

  it('follow a link that stays inside, as the container would', async () => {
    mkdirSync(join(root, 'usr/lib'), { recursive: true });
    writeFileSync(join(root, 'usr/lib/os-release'), 'ID=debian');
    symlinkSync('../usr/lib/os-release', join(root, 'etc/os-release'));
    symlinkSync('/usr/lib', join(root, 'lib'));
    expect(await files.read('/etc/os-release')).toBe('ID=debian');
    expect(await files.read('/lib/os-release')).toBe('ID=debian');
  });

  it('refuse a circle of links, and folders and pipes as files', async () => {
    symlinkSync('b', join(root, 'a'));
    symlinkSync('a', join(root, 'b'));
    await expect(resolveInside(root, '/a/x', true)).rejects.toThrow('too many symbolic links');
    await expect(files.write('/etc', 'x')).rejects.toThrow("'/etc' in the container is a directory");
    await expect(files.read('/etc')).rejects.toThrow('not a regular file');
  });
});
