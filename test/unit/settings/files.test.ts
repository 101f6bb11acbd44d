import { describe, expect, it } from 'vitest';
import { readSettingsFiles, settingsFiles } from '../../../src/settings/files.ts';
import { settingsTable } from '../../../src/settings/markdown.ts';
import { settingNames, settingRows } from '../../../src/settings/table.ts';

describe('the settings file', () => {
  it.each([
    ['the option', { PVE_GITOPS_CONFIG: '/e.json' }, { config: 'c.json' }, ['c.json']],
    ['the environment', { PVE_GITOPS_CONFIG: '/e.json' }, {}, ['/e.json']],
    ['nothing', {}, { config: '' }, ['local/config.json', '/etc/pve-gitops/config.json']],
  ])('is named by %s', (_, environment, flags, paths) => {
    expect(settingsFiles(environment, flags).map(({ path }) => path)).toEqual(paths);
  });

  it('is the first that is there, alone', () => {
    const disk: Record<string, string> = { '/checkout/local/config.json': 'a', '/etc/pve-gitops/config.json': 'b' };
    const read = (path: string): string | undefined => disk[path];
    const candidates = settingsFiles({}, {});
    expect(readSettingsFiles(candidates, '/checkout', read)).toEqual([{ path: 'local/config.json', text: 'a' }]);
    expect(readSettingsFiles(candidates, '/else', read)).toEqual([{ path: '/etc/pve-gitops/config.json', text: 'b' }]);
    expect(readSettingsFiles(candidates, '/else', () => undefined)).toEqual([]);
  });

  it.each([
    [{}, { config: 'x.json' }, '--config names it'],
    [{ PVE_GITOPS_CONFIG: 'x.json' }, {}, 'PVE_GITOPS_CONFIG names it'],
  ])('has to be there when it is named', (environment, flags, advice) => {
    const read = () => readSettingsFiles(settingsFiles(environment, flags), '/checkout', () => undefined);
    expect(read).toThrowError('Unable to read settings x.json: there is no such file');
    expect(read).toThrowError(
      expect.objectContaining({ kind: 'user', advice: [expect.stringContaining(advice)] }) as Error,
    );
  });
});

describe('the table', () => {
  it('has a line for each setting with all its names', () => {
    const lines = settingsTable().trimEnd().split('\n').slice(2);
    expect(lines).toHaveLength(settingNames.length);
    expect(lines[0]).toContain('| `proxmox.host` | `proxmox-host` | `PROXMOX_HOST` |');
    expect(lines.find((line) => line.includes('`vmid_base`'))).toContain(
      '| `vmid-base` | `PVE_GITOPS_VMID_BASE` | `1000` |',
    );
    expect(lines.find((line) => line.includes('`PASSWORD`'))).toContain('(secret)');
  });

  it('gives no name twice', () => {
    for (const field of ['key', 'input', 'environment'] as const) {
      const names = settingNames.map((name) => settingRows[name][field]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('has only defaults that can be read', () => {
    for (const name of settingNames) {
      const { default: text, parse } = settingRows[name] as { default?: string; parse: (text: string) => object };
      if (text !== undefined) expect(parse(text)).toHaveProperty('value');
    }
  });
});
