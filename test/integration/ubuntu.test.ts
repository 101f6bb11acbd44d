import { copyFileSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { CliSite } from '../contract/support/cli.ts';
import { fetchPage, insideOf, prefixOf } from './cli-site.ts';

/** Ubuntu beside Debian: `PVE_GITOPS_TEST_UBUNTU` names a template of Ubuntu 24.04 with an SSH server, for amd64. */

const template = process.env.PVE_GITOPS_TEST_UBUNTU ?? '';
const missing = [...(await checkHost()).map(({ what }) => what), ...(template === '' ? ['a template'] : [])];

describe('a container of Ubuntu', () => {
  it('is tried only where there is a template of it', () => {
    for (const what of missing) console.warn(`LEFT OUT: a container of Ubuntu: ${what}`);
    expect(missing.every((what) => what !== '')).toBe(true);
  });
});

if (missing.length === 0) {
  let site: CliSite;
  let directory: string;
  const settings = { LOGIN: 'ann', PVE_GITOPS_LOCALE: 'de_DE.UTF-8', PVE_GITOPS_TIMEZONE: 'Europe/Berlin' };
  const inside = (command: string): string => insideOf(site, 1042, command).trim();

  beforeAll(async () => {
    site = await CliSite.open('lxc');
    const cache = join(site.state, 'node', 'storage', 'local', 'template', 'cache');
    mkdirSync(cache, { recursive: true });
    copyFileSync(template, join(cache, basename(template)));
    const config = `${site.readDefinition('apache', 'config.env')}TEMPLATE=ubuntu-24.04\n`;
    directory = site.definition('apache', { 'config.env': config });
  });
  afterAll(() => site?.close());

  describe('libs/apache on it', () => {
    it('serves its page, with packages, locale and time zone of the settings', async () => {
      const end = await site.run(['deploy', directory, '--verbose'], settings);
      expect(end.code === 0 ? '' : end.text).toBe('');
      expect(end.text).not.toContain('warning');
      expect(await fetchPage(`http://${prefixOf(site)}.178.42/`)).toBe('<h1>Hello from ann</h1>\n');
      expect(inside('. /etc/os-release; echo $ID $VERSION_ID')).toBe('ubuntu 24.04');
      expect(inside('. /etc/default/locale; locale -a | grep -c de_DE; echo $LANG')).toBe('1\nde_DE.UTF-8');
      expect(inside('readlink /etc/localtime')).toBe('/usr/share/zoneinfo/Europe/Berlin');
      expect(inside('id -un 1000; id -gn 1001; sudo -n -u config sudo -n true && echo sudo')).toBe('app\nconfig\nsudo');
      expect(inside('systemctl --failed --no-legend --plain')).toBe('');
    });

    it('has nothing to change the second time, and its baseline neither', async () => {
      const again = await site.run(['deploy', directory], settings);
      expect(again.text).toContain('nothing to change');
      const berlin = await site.run(['deploy', directory, '--verbose'], { ...settings, PVE_GITOPS_TIMEZONE: 'UTC' });
      expect(berlin.code === 0 ? '' : berlin.text).toBe('');
      expect(berlin.text.match(/changed: .*/g)).toEqual(['changed: time zone is UTC', 'changed: wrote /etc/timezone']);
    });
  });
}
