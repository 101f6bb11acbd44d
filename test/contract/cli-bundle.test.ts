import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

/** What is installed as `pve-gitops` runs from the few files that `npm run build` makes; it is the same program. */

const ROOT = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-bundle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(file: 'main.js' | 'commands.js', args: readonly string[]): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'build', 'local', 'cli', file), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, PVE_GITOPS_STATE_DIRECTORY: join(folder, 'state') },
    encoding: 'utf8',
  });
  return { code: status, text: `${stdout}${stderr}` };
}

describe('the bundled command line', () => {
  it('is what runs, and is of this build', () => {
    expect(existsSync(join(ROOT, 'build', 'bundle', 'cli', 'of-build'))).toBe(true);
    const failed = run('main.js', ['plan', join(folder, 'none'), '--proxmox-host=127.0.0.1', '--debug']);
    expect(failed.code).toBe(3);
    expect(failed.text).toContain(`${join(ROOT, 'build', 'bundle', 'cli')}/`);
  });

  it.each([
    ['--help'],
    ['--version'],
    ['schema'],
    ['image', '--help'],
    ['validate', join(ROOT, 'libs', 'apache'), join(ROOT, 'libs', 'share')],
    ['plan', 'none', '--proxmox-hots', 'x'],
    ['node', 'status'],
  ])('says the same as the files that it is made of: %s', (...args) => {
    const loose = run('commands.js', args);
    expect(run('main.js', args)).toEqual(loose);
    expect(loose.text).not.toBe('');
  });

  it('tells the version that package.json names', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(run('main.js', ['--version']).text).toBe(`${version}\n`);
  });

  it('finds the schema beside this installation', () => {
    writeFileSync(join(folder, 'configSettings'), 'CTID=142\n');
    const imported = run('main.js', ['import', folder, '--print']);
    expect(imported).toEqual(run('commands.js', ['import', folder, '--print']));
    expect(imported.text).toContain('container.schema.json');
  });
});
