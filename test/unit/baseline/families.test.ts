import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { baselineScript } from '../../../src/baseline/debian.ts';

/** The script on a system that says this of itself; what it would do there is only named. */
function on(release: Readonly<Record<string, string>>, more = '', timezone = 'UTC') {
  const functions = baselineScript().trimEnd().split('\n').slice(0, -1).join('\n');
  const values = Object.entries(release).map(([key, value]) => `${key}) echo '${value}' ;;`);
  const replaced = `
    id() { echo 0; }
    os_value() { case $1 in ${values.join(' ')} esac; }
    for name in packages region accounts access alpine; do eval "$name() { echo $name; }"; done
    ${more}
    main authority ${timezone} C.UTF-8 no`;
  const { status, stdout } = spawnSync('sh', ['-c', `${functions}\n${replaced}`], { encoding: 'utf8' });
  return { status, lines: stdout.trim().split('\n') };
}

const STEPS = ['packages', 'region', 'accounts', 'access'];

describe('the baseline', () => {
  it.each([
    ['Debian 13', { ID: 'debian', VERSION_ID: '13' }],
    ['Ubuntu 24.04', { ID: 'ubuntu', ID_LIKE: 'debian', VERSION_ID: '24.04' }],
    ['Ubuntu 22.04', { ID: 'ubuntu', ID_LIKE: 'debian', VERSION_ID: '22.04' }],
  ])('knows %s', (_, release) => {
    expect(on(release)).toEqual({ status: 0, lines: STEPS });
  });

  it.each([
    ['Ubuntu 18.04', { ID: 'ubuntu', ID_LIKE: 'debian', VERSION_ID: '18.04', PRETTY_NAME: 'Ubuntu 18.04' }],
    ['Mint', { ID: 'linuxmint', ID_LIKE: 'ubuntu debian', VERSION_ID: '22', PRETTY_NAME: 'Mint 22' }],
  ])('goes on with a warning on %s', (name, release) => {
    const { status, lines } = on(release);
    expect({ status, rest: lines.slice(1) }).toEqual({ status: 0, rest: STEPS });
    expect(lines[0]).toMatch(new RegExp(`^warning: .*${name}`));
  });

  it('does Alpine in its own way', () => {
    expect(on({ ID: 'alpine', VERSION_ID: '3.20' }).lines).toEqual(['alpine', ...STEPS]);
  });

  it('refuses what it does not know', () => {
    const { status, lines } = on({ ID: 'fedora', PRETTY_NAME: 'Fedora 41' });
    expect(status).toBe(1);
    expect(lines).toEqual(['error: this baseline is for Debian, Ubuntu and Alpine; this is Fedora 41']);
  });
});

describe('a time zone that tzdata has no more', () => {
  const old = 'refresh() { :; }\napt_get() { echo "$*" >&3; }\npackages() { zone_of_old; }';
  const asked = (timezone: string) =>
    on({ ID: 'ubuntu', VERSION_ID: '24.04' }, `exec 3>&1\n${old}`, timezone).lines.filter((line) =>
      /legacy/.test(line),
    );

  it('is had from its package', () => {
    expect(asked('US/Nowhere')).toEqual([
      'install --no-install-recommends tzdata-legacy',
      'changed: installed tzdata-legacy',
    ]);
  });

  it('a name that never was one is not looked for', () => {
    expect(asked('Mars/Olympus')).toEqual([]);
    expect(asked('UTC')).toEqual([]);
  });
});

describe('packages that are lacking', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-dpkg-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are those that are not there, whatever dpkg has heard of them', () => {
    // Its own words for the format that it is given.
    const states = ['installed sudo.', 'not-installed locales.', 'config-files curl.'];
    const program = [
      '#!/bin/sh',
      'case $2 in -f==*) sign="=" ;; esac',
      ...states.map((state) => `echo "$sign""${state}"`),
    ];
    writeFileSync(join(folder, 'dpkg-query'), `${program.join('\n')}\nexit 1\n`, { mode: 0o755 });
    const more = `packages() { PATH=${folder}:$PATH; absent sudo locales curl tzdata; }`;
    const found = on({ ID: 'ubuntu', VERSION_ID: '24.04' }, more).lines;
    expect(found.slice(0, -3)).toEqual(['locales', 'curl', 'tzdata']);
  });
});
