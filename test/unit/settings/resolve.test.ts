import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GitopsError, ProblemsError } from '../../../src/model/errors.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { collect, namesHost, type Sources } from '../../../src/settings/sources.ts';
import { settingNames, settingRows } from '../../../src/settings/table.ts';

const TOKEN = { PROXMOX_TOKEN_ID: 'root@pam!gitops', PROXMOX_TOKEN_SECRET: 'token-secret' };
const CONNECTED = { PROXMOX_HOST: 'pve', ...TOKEN };
const PEM = '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n';
const PIN = 'AA:'.repeat(31).concat('AA');
const OTHER_PIN = 'BC:'.repeat(31).concat('BC');

function from(sources: Partial<Sources> & { readonly json?: unknown }): Sources {
  const files =
    sources.json === undefined ? [] : [{ path: 'local/config.json', text: JSON.stringify(sources.json, null, 2) }];
  return { flags: {}, environment: {}, files, ...sources };
}

function resolve(sources: Partial<Sources> & { readonly json?: unknown }, disk: Readonly<Record<string, string>> = {}) {
  return resolveSettings(from(sources), { stateDirectory: '/state', read: (path) => disk[path] });
}

function failure(
  sources: Partial<Sources> & { readonly json?: unknown },
  disk: Readonly<Record<string, string>> = {},
): GitopsError {
  try {
    resolve(sources, disk);
  } catch (error) {
    if (error instanceof GitopsError) return error;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('the order of sources', () => {
  const json = { proxmox: { host: 'from-json', node: 'json' }, timezone: 'Europe/Paris' };
  const environment = { ...CONNECTED, PROXMOX_NODE: 'environment' };
  it.each([
    ['flag', { flags: { 'proxmox-node': 'flag' }, environment, json }, 'flag', '--proxmox-node'],
    [
      'input',
      { flags: { 'proxmox-node': 'flag' }, flagsAre: 'input' as const, environment, json },
      'flag',
      'input proxmox-node',
    ],
    ['environment', { environment, json }, 'environment', 'environment PROXMOX_NODE'],
    ['file', { environment: CONNECTED, json }, 'json', 'local/config.json: proxmox.node'],
    [
      'empty texts are not given',
      { flags: { 'proxmox-node': '' }, environment: { ...CONNECTED, PROXMOX_NODE: ' ' }, json },
      'json',
      'local/config.json: proxmox.node',
    ],
  ])('%s wins', (_, sources, value, origin) => {
    const { settings, shown } = resolve(sources);
    expect(settings.connection.node).toBe(value);
    expect(shown).toContainEqual({ key: 'proxmox.node', value, origin });
  });

  it('the pool is the site’s, and never a local node’s', () => {
    const environment = { ...CONNECTED, PROXMOX_POOL: 'gitops' };
    expect(resolve({ environment }).settings.pool).toBe('gitops');
    const local = { origin: 'local node', values: { 'proxmox.host': '127.0.0.1:8006' } };
    expect(resolve({ environment, local }).settings.pool).toBeUndefined();
    expect(failure({ environment: { ...CONNECTED, PROXMOX_POOL: 'a b' } }).message).toContain('the name of a pool');
  });

  it('without a connection there are the site’s own settings, where they are asked for', () => {
    const home = { stateDirectory: '/state', read: () => undefined, connectionOptional: true };
    expect(resolveSettings(from({ environment: { PROXMOX_POOL: 'x' } }), home).settings.pool).toBe('x');
  });

  it('fills the rest with defaults', () => {
    const { settings, shown } = resolve({ environment: CONNECTED });
    expect(settings).toEqual({
      connection: {
        hosts: ['pve'],
        port: 8006,
        trust: { kind: 'system' },
        token: { id: 'root@pam!gitops', secret: 'token-secret' },
      },
      site: 'default',
      stateDirectory: '/state',
      vmidBase: 1000,
      candidateVmidBase: 900_000,
      jobVmidBase: 700_000,
      ansiblePlace: 'job',
      candidateAddresses: 'dhcp',
      images: { mode: 'build', vmidBase: 800_000, maxAgeDays: 14 },
      storage: 'local-lvm',
      templateStorage: 'local',
      network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24 },
      timezone: 'Etc/UTC',
      locale: 'C.UTF-8',
      upgrade: false,
      sshKeys: [],
      debug: false,
    });
    expect(shown).toContainEqual({ key: 'site', value: 'default', origin: 'default' });
    expect(shown).toContainEqual({ key: 'upgrade', value: 'no', origin: 'default' });
  });

  it('takes every setting from every source', () => {
    for (const name of settingNames) {
      const { key, input, environment, separator } = settingRows[name] as {
        key: string;
        input: string;
        environment: string;
        separator?: string;
      };
      const nested = key
        .split('.')
        .reduceRight<unknown>(
          (inner, part) => ({ [part]: inner }),
          separator === undefined ? 'value' : ['value', 'two'],
        );
      expect(collect(from({ flags: { [input]: 'value' } })).given.get(name)?.text).toBe('value');
      expect(collect(from({ environment: { [environment]: 'value' } })).given.get(name)?.text).toBe('value');
      expect(collect(from({ json: nested })).given.get(name)?.text).toBe(
        ['value', ...(separator === undefined ? [] : ['two'])].join(separator),
      );
    }
  });

  it('lets the local node decide what it is', () => {
    const local = {
      origin: 'local node',
      values: { 'proxmox.host': '127.0.0.1:8006', 'proxmox.storage': 'local-lvm' },
    };
    const { settings, shown } = resolve({ environment: { ...TOKEN, PROXMOX_STORAGE: 'tank' }, local });
    expect(settings.storage).toBe('local-lvm');
    expect(shown).toContainEqual({ key: 'proxmox.host', value: '127.0.0.1:8006', origin: 'local node' });
  });

  it('reads every optional setting into its place', () => {
    const { settings } = resolve({
      environment: { ...CONNECTED, PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: ' p w ', LOGIN: 'me', PASSWORD: 'mine' },
      json: {
        network: {
          gateway: '10.0.0.1',
          nameserver: ['10.0.0.1', '9.9.9.9'],
          searchdomain: 'home',
          translate: '10.91.0.0/16',
        },
        stage: 'develop',
        simulated: { control: 'https://127.0.0.1:1/' },
        vmid_base: 2000,
        upgrade: true,
      },
    });
    expect(settings.connection).toMatchObject({ user: 'root@pam', password: ' p w ' });
    expect(settings).toMatchObject({ login: 'me', password: 'mine', stage: 'develop', vmidBase: 2000, upgrade: true });
    expect(settings.simulated).toEqual({ control: 'https://127.0.0.1:1/' });
    expect(settings.network).toMatchObject({
      gateway: '10.0.0.1',
      nameserver: '10.0.0.1 9.9.9.9',
      searchdomain: 'home',
      translate: '10.91.0.0/16',
    });
  });

  it('puts no default in the place of what was given', () => {
    const key = `ssh-ed25519 ${'A'.repeat(68)}`;
    const { settings } = resolve({
      environment: { ...CONNECTED, PROXMOX_PORT: ' 8443 ', PROXMOX_STORAGE: 'tank', PROXMOX_TEMPLATE_STORAGE: 'isos' },
      json: {
        network: { bridge: 'vmbr7', interface: 'lan0', prefix: 16 },
        site: 'lab',
        state_directory: '/elsewhere',
        timezone: 'Europe/Berlin',
        locale: 'de_DE.UTF-8',
        ssh_keys: [key],
        share: '/mnt/share',
        debug: 'yes',
      },
    });
    expect(settings).toMatchObject({
      connection: { port: 8443 },
      storage: 'tank',
      templateStorage: 'isos',
      network: { bridge: 'vmbr7', interface: 'lan0', prefix: 16 },
      site: 'lab',
      stateDirectory: '/elsewhere',
      timezone: 'Europe/Berlin',
      locale: 'de_DE.UTF-8',
      sshKeys: [key],
      share: '/mnt/share',
      debug: true,
    });
  });

  it('takes a password of blanks alone for none', () => {
    const environment = { PROXMOX_HOST: 'pve', PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: '  ' };
    expect(failure({ environment }).message).toBe('Unable to log in to Proxmox VE at pve: no credentials are set');
  });

  it('keeps LOGIN and PASSWORD away from Proxmox VE', () => {
    const error = failure({ environment: { PROXMOX_HOST: 'pve', LOGIN: 'root@pam', PASSWORD: 'x' } });
    expect(error.message).toBe('Unable to log in to Proxmox VE at pve: no credentials are set');
  });
});

describe('secrets', () => {
  it('are all known, also those of a weaker source, and shown as stars', () => {
    const json = { proxmox: { password: 'json-password' }, password: 'site-json' };
    const { shown, secrets } = resolve({
      environment: { ...CONNECTED, PASSWORD: 'site-secret' },
      flags: {},
      json: { ...json, proxmox: { ...json.proxmox, user: 'root@pam' } },
    });
    expect([...secrets].sort()).toEqual(['json-password', 'site-json', 'site-secret', 'token-secret']);
    expect(shown.filter(({ value }) => value === '***').map(({ key }) => key)).toEqual([
      'proxmox.token_secret',
      'proxmox.password',
      'password',
    ]);
    for (const secret of secrets) expect(JSON.stringify(shown)).not.toContain(secret);
  });

  it.each([
    ['a host with a password', { PROXMOX_HOST: 'https://root:hunter2@pve' }],
    ['a token with its secret', { ...CONNECTED, PROXMOX_TOKEN_ID: 'root@pam!x=hunter2' }],
    ['a secret with blanks', { ...CONNECTED, PROXMOX_TOKEN_SECRET: 'hunter2 hunter2' }],
    ['a private key', { ...CONNECTED, PVE_GITOPS_SSH_KEYS: 'hunter2 PRIVATE KEY' }],
  ])('are not quoted: %s', (_, environment) => {
    const error = failure({ environment });
    expect(error).toBeInstanceOf(ProblemsError);
    expect(error.message).not.toContain('hunter2');
  });

  it('are not quoted from a file that is not JSON', () => {
    const files = [{ path: 'local/config.json', text: '{"password": hunter2}' }];
    expect(failure({ files }).message).not.toContain('hunter2');
  });
});

describe('problems', () => {
  it('come all at once, each with its place', () => {
    const text =
      '{\n  "proxmox": {\n    "prot": 1,\n    "port": 0\n  },\n  "timezone": ["UTC"],\n  "network": "vmbr0"\n}';
    const error = failure({
      flags: { 'proxmox-hots': 'pve' },
      environment: { ...CONNECTED, PVE_GITOPS_VMID_BASE: 'many' },
      files: [{ path: 'local/config.json', text }],
    });
    expect(error).toBeInstanceOf(ProblemsError);
    expect(error.message.split('\n')).toEqual([
      'Unable to read settings: 6 problems',
      '  command line: --proxmox-hots: is not a setting; did you mean proxmox-host?',
      '  local/config.json:3:5: proxmox.prot: is not a setting; did you mean proxmox.port?',
      '  local/config.json:6:3: timezone: expected text',
      '  local/config.json:7:14: network: expected an object: { … }',
      '  local/config.json:4:5: proxmox.port: expected a whole number from 1 to 65535, not "0"',
      '  environment: PVE_GITOPS_VMID_BASE: expected a whole number from 100 to 999999000, not "many"',
    ]);
  });

  it.each([
    ['the name of the environment', { PROXMOX_HOST: 'pve' }, 'did you mean proxmox.host?'],
    ['the name of the input', { 'proxmox-token-id': 'x' }, 'did you mean proxmox.token_id?'],
    ['the name of an environment that is far from the key', { PVE_GITOPS_SSH_KEYS: 'x' }, 'did you mean ssh_keys?'],
    ['a key outside its section', { gateway: 'x' }, 'did you mean network.gateway?'],
    ['nothing that is known', { colour: 'red' }, 'colour: is not a setting'],
    ['a prototype', JSON.parse('{"__proto__": {"x": 1}}') as unknown, '__proto__: is not a setting'],
  ])('with %s as a key of the file', (_, json, message) => {
    expect(failure({ environment: CONNECTED, json }).message).toContain(message);
  });

  it('takes null for not given', () => {
    expect(
      resolve({ environment: CONNECTED, json: { proxmox: { node: null } } }).settings.connection.node,
    ).toBeUndefined();
  });

  it('names the line of broken JSON', () => {
    const files = [{ path: '/etc/pve-gitops/config.json', text: '{\n  "site": "a"\n  "stage": "b"\n}' }];
    expect(failure({ environment: CONNECTED, files }).message).toContain(
      '/etc/pve-gitops/config.json:3:3: not JSON: expected a comma',
    );
  });

  it.each([
    ['proxmox.token_secret beside', { PROXMOX_TOKEN_ID: 'root@pam!x' }],
    ['proxmox.token_id beside', { PROXMOX_TOKEN_SECRET: 'x' }],
    ['proxmox.user beside', { PROXMOX_PASSWORD: 'x' }],
  ])('halves of credentials: needs %s it', (message, environment) => {
    expect(failure({ environment: { PROXMOX_HOST: 'pve', ...environment } }).message).toContain(`needs ${message} it`);
  });
});

describe('a missing connection', () => {
  it('is one error that says the ways to give it', () => {
    const error = failure({ environment: { PROXMOX_HSOT: 'pve', PROXMOX_VE_ENDPOINT: 'x', PVE_GITOPS_CONFIG: 'x' } });
    expect(error).not.toBeInstanceOf(ProblemsError);
    expect([error.kind, error.message]).toEqual(['user', 'Unable to reach Proxmox VE: no host is set']);
    expect(error.advice).toEqual([
      'set PROXMOX_HOST (or --proxmox-host, or proxmox.host in the settings file)',
      'set PROXMOX_TOKEN_ID (or --proxmox-token-id, or proxmox.token_id in the settings file), and PROXMOX_TOKEN_SECRET',
      'or PROXMOX_USER (or --proxmox-user, or proxmox.user in the settings file), and PROXMOX_PASSWORD',
      'or copy local/.config.json to local/config.json and fill it in',
      'or try it without a Proxmox VE: pve-gitops node start (docs/local-node.md)',
      'PROXMOX_HSOT is set, but is not a setting: did you mean PROXMOX_HOST?',
    ]);
  });

  it('is found before anything is tried', () => {
    expect(namesHost(from({}))).toBe(false);
    expect(namesHost(from({ environment: { PROXMOX_HOST: '' } }))).toBe(false);
    expect(namesHost(from({ json: { proxmox: { host: 'pve' } } }))).toBe(true);
  });

  it('takes a user with a password instead of a token', () => {
    const environment = { PROXMOX_HOST: 'pve', PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: 'x' };
    expect(resolve({ environment }).settings.connection).toMatchObject({ user: 'root@pam', password: 'x' });
  });

  it('is what the committed template says', () => {
    const text = readFileSync(new URL('../../../local/.config.json', import.meta.url), 'utf8');
    const error = failure({ files: [{ path: 'local/config.json', text }] });
    expect(error.message).toBe('Unable to reach Proxmox VE: no host is set');
  });
});

describe('trust', () => {
  const json = { proxmox: { ca_file: 'ca.pem' } };
  const disk = { 'local/ca.pem': PEM, '/etc/ssl/pve.pem': PEM, '/etc/ssl/empty.pem': 'x' };
  it.each([
    ['public CAs', { environment: CONNECTED }, { kind: 'system' }],
    ['a CA file', { environment: { ...CONNECTED, PROXMOX_CA_FILE: '/etc/ssl/pve.pem' } }, { kind: 'ca', pem: PEM }],
    ['a CA file beside the JSON file', { environment: CONNECTED, json }, { kind: 'ca', pem: PEM }],
    [
      'a fingerprint',
      { environment: { ...CONNECTED, PROXMOX_FINGERPRINT: PIN.toLowerCase() } },
      { kind: 'fingerprint', sha256: PIN },
    ],
    [
      'a fingerprint for each host, in their order',
      { environment: { ...CONNECTED, PROXMOX_HOST: 'a,b:443', PROXMOX_FINGERPRINT: `${PIN},${OTHER_PIN}` } },
      { kind: 'fingerprints', byHost: { a: PIN, 'b:443': OTHER_PIN } },
    ],
    [
      'fingerprints by host; one without is verified by public CAs',
      { environment: { ...CONNECTED, PROXMOX_HOST: 'a,b,c', PROXMOX_FINGERPRINT: `c:8006=${PIN}, a=${OTHER_PIN}` } },
      { kind: 'fingerprints', byHost: { a: OTHER_PIN, c: PIN } },
    ],
    [
      'an object of them in JSON',
      {
        environment: TOKEN,
        json: { proxmox: { host: ['a', 'b'], fingerprint: { b: PIN.toLowerCase(), a: OTHER_PIN } } },
      },
      { kind: 'fingerprints', byHost: { a: OTHER_PIN, b: PIN } },
    ],
    [
      'a list of them in JSON',
      { environment: TOKEN, json: { proxmox: { host: ['a', 'b'], fingerprint: [PIN, OTHER_PIN] } } },
      { kind: 'fingerprints', byHost: { a: PIN, b: OTHER_PIN } },
    ],
    [
      'one for all hosts',
      { environment: { ...CONNECTED, PROXMOX_HOST: 'a,b', PROXMOX_FINGERPRINT: `sha256 Fingerprint=${PIN}` } },
      { kind: 'fingerprint', sha256: PIN },
    ],
    [
      'the stronger one: fingerprint',
      { environment: { ...CONNECTED, PROXMOX_FINGERPRINT: PIN }, json },
      { kind: 'fingerprint', sha256: PIN },
    ],
    [
      'the stronger one: CA file',
      { flags: { 'proxmox-ca-file': '/etc/ssl/pve.pem' }, environment: { ...CONNECTED, PROXMOX_FINGERPRINT: PIN } },
      { kind: 'ca', pem: PEM },
    ],
  ])('%s', (_, sources, trust) => {
    expect(resolve(sources, disk).settings.connection.trust).toEqual(trust);
  });

  it.each([
    ['both', { PROXMOX_FINGERPRINT: PIN, PROXMOX_CA_FILE: '/etc/ssl/pve.pem' }, 'exclude each other; keep one of them'],
    ['no file', { PROXMOX_CA_FILE: '/nowhere' }, 'PROXMOX_CA_FILE: there is no file /nowhere'],
    ['no certificate', { PROXMOX_CA_FILE: '/etc/ssl/empty.pem' }, '/etc/ssl/empty.pem holds no certificate'],
    ['a wrong fingerprint', { PROXMOX_FINGERPRINT: 'x' }, 'PROXMOX_FINGERPRINT: expected the SHA-256'],
    [
      'too many of them',
      { PROXMOX_FINGERPRINT: `${PIN},${PIN}` },
      '2 fingerprints for 1 host; write one for all of them',
    ],
    [
      'one of a host that is none',
      { PROXMOX_FINGERPRINT: `pve2=${PIN}` },
      'pve2 is no host of proxmox.host; did you mean pve?',
    ],
    [
      'named and unnamed ones',
      { PROXMOX_HOST: 'a,b', PROXMOX_FINGERPRINT: `a=${PIN},${PIN}` },
      '2 fingerprints for 2 hosts',
    ],
  ])('refuses %s', (_, environment, message) => {
    expect(failure({ environment: { ...CONNECTED, ...environment } }, disk).message).toContain(message);
  });
});
