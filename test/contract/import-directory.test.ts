import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliSite, type Ended } from './support/cli.ts';

/** The command line's side of a directory with configSettings: what is written, what is never written over, what is refused. */

let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());
beforeEach(() => {
  directory = join(site.folder, 'shop');
  rmSync(directory, { recursive: true, force: true });
  put('configSettings', 'OPT_CTID=330\nRAM=256\nDISK=1\nNET=192.168.178.30/24\nAPP=shop\n');
  put('.env', 'TOKEN="hush hush"\nMACADDR=bc:24:11:00:00:30\n');
  put('build-target.sh', '#!/bin/bash\n');
  put('conf/a', 'a');
  put('data/b', 'b');
});

function put(name: string, text: string): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true });
  writeFileSync(join(directory, name), text);
}
const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');
const ours = (): string[] => readdirSync(directory).filter((name) => name.startsWith('container'));

describe('import DIR', () => {
  it('writes the definition and the private one beside what is there, which stays as it is', async () => {
    const end = await site.run(['import', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(ours()).toEqual(['container.local.yml', 'container.yml']);
    expect(statSync(join(directory, 'container.local.yml')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).not.toMatch(/bc:24|hush/i);
    expect(end.text).not.toContain('hush');
    expect(readFileSync(join(directory, 'configSettings'), 'utf8')).toContain('OPT_CTID=330');
    expect((await site.run(['validate', directory])).code).toBe(0);
  });

  it('looks only, with --print; says all of it for a program, with --json', async () => {
    const printed = await site.run(['import', directory, '--print']);
    expect(printed.stdout).toMatch(/^# yaml-language-server: .*\n[\s\S]*^vmid: 330$/m);
    expect(ours()).toEqual([]);
    const { stdout } = await site.run(['import', directory, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      kind: 'imported-directory',
      written: { 'container.yml': expect.stringContaining('vmid: 330') },
      variables: ['TOKEN', 'MACADDR', 'OPT_CTID', 'RAM', 'DISK', 'NET', 'APP'],
    });
    expect(stdout).not.toContain('hush');
  });

  it('writes over a definition only with --force, and never beside one of another form', async () => {
    put('container.yml', 'vmid: 331\n');
    const refused = await site.run(['import', directory]);
    expect([refused.code, flat(refused)]).toEqual([3, expect.stringContaining('container.yml is there already')]);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toBe('vmid: 331\n');
    expect((await site.run(['import', directory, '--force'])).code).toBe(0);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toContain('vmid: 330');
    put('config.env', 'ID=42\n');
    expect(flat(await site.run(['import', directory, '--force']))).toContain('config.env is there already');
  });

  it('a symlink becomes a mount, one that leads nowhere is refused', async () => {
    rmSync(join(directory, 'data'), { recursive: true });
    symlinkSync('/usr/share', join(directory, 'data'));
    await site.run(['import', directory]);
    expect(readFileSync(join(directory, 'container.yml'), 'utf8')).toContain('mount: /usr/share:/usr/local/data');
    rmSync(join(directory, 'data'));
    symlinkSync('/nowhere/at/all', join(directory, 'data'));
    expect(flat(await site.run(['import', directory, '--force']))).toContain(
      'the symlink leads nowhere on this machine',
    );
  });

  it.each([
    [['import', 'nowhere'], 'no such directory'],
    [['import'], 'name a directory, or a container with --vmid'],
    [['import', '.'], 'no configSettings and no build-target.sh'],
  ])('%j is refused', async (args, reason) => {
    const end = await site.run(args);
    expect([end.code, flat(end)]).toEqual([3, expect.stringContaining(reason)]);
  });
});

describe('a deploy of such a directory', () => {
  it('is refused before anything is made, when .env needs bash; its text is not shown', async () => {
    await site.run(['import', directory]);
    put('.env', 'TOKEN="hush hush"\nOTHER=$(cat /etc/hush)\n');
    const before = await site.writes();
    const end = await site.run(['deploy', directory]);
    expect([end.code, await site.writes()]).toEqual([3, before]);
    expect(flat(end)).toContain('.env:2: OTHER: has a value that bash would compute');
    expect(end.text).not.toContain('hush');
  });

  it('hands the values over without an argument or a line that shows them', async () => {
    await site.run(['import', directory]);
    chmodSync(join(directory, 'build-target.sh'), 0o755);
    const end = await site.run(['deploy', directory, '--verbose']);
    expect(end.code === 0 ? '' : end.text).toBe('');
    expect(end.text).not.toContain('hush');
    expect(JSON.stringify(await site.config(330))).not.toContain('hush');
    expect((await site.config(330))?.mp0).toContain('mp=/usr/local/data');
    const again = await site.run(['deploy', directory]);
    expect(again.text).toContain('nothing to change');
    put('.env', 'TOKEN="another one"\nMACADDR=bc:24:11:00:00:30\n');
    expect((await site.run(['plan', directory])).text).toContain('configure');
  });
});
