import { describe, expect, it } from 'vitest';
import { CINC_FILES } from '../../../../src/configure/cinc-files.ts';
import { readEnv } from '../../../../src/imports/upstream/read-env.ts';
import { offeredCalls, recipeItems } from '../../../../src/imports/upstream/recipe-items.ts';
import { siteSettings } from '../../../../src/imports/upstream/site-settings.ts';
import { takeMount } from '../../../../src/imports/upstream/take-mount.ts';
import { takeWorkflow } from '../../../../src/imports/upstream/take-workflow.ts';

describe('MOUNT', () => {
  const keys = (text: string, base = true) =>
    Object.fromEntries(takeMount(text, base).keys.map(({ key, value }) => [key, value]));

  it.each([
    ['', {}],
    ['share', { mount: 'share' }],
    [' share , /dev/ttyUSB0', { mount: ['share', '/dev/ttyUSB0'] }],
    ['/mnt/a:/a', { mount: '/mnt/a:/a' }],
    ['tank:4:/srv/films', { volumes: { films: { path: '/srv/films', disk: 'tank:4', backup: 'no', acl: 'yes' } } }],
  ])('%j', (text, expected) => {
    expect(keys(text)).toEqual(expected);
  });

  it('an empty one in an overlay takes away what the file below it mounts', () => {
    expect(keys('', false)).toEqual({ mount: [] });
  });

  it('a volume that is there already cannot be said', () => {
    expect(takeMount('local-lvm:vm-100-disk-1:/data', true).notes).toEqual([expect.stringContaining('add it by hand')]);
  });
});

describe('an env file', () => {
  const read = (text: string) => readEnv({ path: 'libs/a/container.env', text }, true);

  it('a key that counts and has no value that can be read breaks it; an unknown one is said', () => {
    expect(read('ID=$(id)\n')).toMatchObject({ broken: true, keys: [] });
    expect(read('CORES=many\n')).toMatchObject({ broken: true });
    expect(read('BOOT=perhaps\n')).toMatchObject({ broken: true });
    expect(read('COLOUR=$(id)\nFLAVOUR=1\nCORES=\n')).toMatchObject({ broken: false, keys: [] });
    expect(read('COLOUR=$(id)\nFLAVOUR=1\n').items.map(({ place }) => place)).toEqual([
      'libs/a/container.env:1',
      'libs/a/container.env:2',
    ]);
  });

  it('the last of two counts', () => {
    expect(read('CORES=1\nexport CORES="4" # more\nDISK=local-lvm:8G\nOS=local:vztmpl/x.tar.zst\n').keys).toEqual([
      { key: 'cores', value: 4 },
      { key: 'disk', value: 'local-lvm:8' },
      { key: 'template', value: 'local:vztmpl/x.tar.zst' },
    ]);
  });
});

describe('calls of recipes', () => {
  const offered = offeredCalls(CINC_FILES);
  const said = (text: string) => recipeItems('r.rb', text, offered).map(({ place, text: why }) => `${place} ${why}`);

  it('ours are known from our own cookbook', () => {
    for (const [module, name] of [
      ['Env', 'get'],
      ['Env', 'dump'],
      ['Common', 'application'],
      ['Common', 'directories'],
      ['Default', 'user'],
      ['Utils', 'request'],
      ['Utils', 'snapshot'],
      ['Logs', 'try!'],
      ['Ctx', 'find'],
    ] as const)
      expect(offered.get(module), `${module}.${name}`).toContain(name);
  });

  it('others of these modules are said, and those of other modules are none of our business', () => {
    expect(said("Env.get(self, 'login')\nEnv.conjure(1)\nFile.read('x')\nClients::Git.new\nnil # Env.void\n")).toEqual([
      'r.rb:2 Env.conjure is not offered',
      'r.rb:4 Clients::Git is not offered',
    ]);
  });

  it('verification that is switched off, keys, and their cookbook are said', () => {
    expect(said("OpenSSL::SSL::VERIFY_NONE\nfile '/share/.keys/1'\ninclude_recipe 'config::x'\n")).toEqual([
      expect.stringMatching(/^r.rb:1 switches verification off/),
      expect.stringMatching(/^r.rb:2 reads private keys below \/share/),
      expect.stringMatching(/^r.rb:3 takes from the cookbook config/),
    ]);
  });
});

describe('settings', () => {
  it('of a token, and what is still to be filled in', () => {
    const { values, hasPassword, items } = siteSettings(
      'local/config.json',
      JSON.stringify({
        proxmox: {
          host: 'pve.home',
          user: 'root@pam',
          token: 'ci',
          secret: 'hush',
          password: '',
          gateway: '(adjust)',
          odd: 1,
        },
        password: '(set)',
      }),
    );
    expect(values).toEqual({ proxmox: { host: 'pve.home', user: 'root@pam', token_id: 'root@pam!ci' } });
    expect(hasPassword).toBe(false);
    expect(items.map(({ place, text }) => `${place} ${text}`)).toEqual([
      expect.stringMatching(/^local\/config.json: proxmox.secret a secret is not copied: set PROXMOX_TOKEN_SECRET/),
      'local/config.json: proxmox.odd no setting says it',
    ]);
    expect(JSON.stringify([values, items])).not.toContain('hush');
  });

  it.each(['', '[]', 'null', '{"proxmox": 3}', 'nonsense'])('%j ends well', (text) => {
    expect(() => siteSettings('c', text)).not.toThrow();
  });
});

describe('workflows', () => {
  it('call ours in any quotes, and nothing else changes', () => {
    const text =
      "uses: 'main/config/.gitea/workflows@main'\nuses: main/config/.gitea/workflows@v2\nuses: main/base/x@main\n";
    const { text: made, items } = takeWorkflow('w.yml', text, 'home');
    expect(made).toBe(text.replace("'main/config", "'home/config"));
    expect(items).toEqual([{ place: 'w.yml:3', text: 'uses main/base/x@main, which is not there' }]);
  });
});
