import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectAdministration } from '../../src/connect.ts';
import type { Administration } from '../../src/model/administration.ts';
import { type Done, ensure } from '../../src/setup/ensure.ts';
import { refusal } from './proxmox-client.ts';
import { CliSite, type Ended } from './support/cli.ts';
import { dataOf, type NodeClient } from './support/node-client.ts';
import { SiteOfNode } from './support/site-of-node.ts';

/** `setup`: what it makes, leaves, mends and says; and what the command line writes. */

describe('what stands on the server', () => {
  let site: SiteOfNode;
  let root: NodeClient;
  let link: { readonly administration: Administration; close(): Promise<void> };
  const call = { timeoutMs: 20_000, signal: new AbortController().signal };

  beforeEach(async () => {
    site = await SiteOfNode.open('9.1');
    ({ root } = site.node);
    const login = {
      PROXMOX_TOKEN_ID: '',
      PROXMOX_TOKEN_SECRET: '',
      PROXMOX_USER: 'root@pam',
      PROXMOX_PASSWORD: 'correct horse',
    };
    link = connectAdministration(site.settings(login).connection);
  });

  afterEach(async () => {
    await link.close();
    await site.close();
  });

  const saved: string[] = [];
  const again = (options = {}): Promise<readonly Done[]> =>
    ensure(link.administration, site.wish, {
      renew: false,
      secretKnown: true,
      save: async (secret) => {
        saved.push(secret);
      },
      call,
      ...options,
    });
  const notThere = (done: readonly Done[]): readonly string[] =>
    done.filter(({ kind }) => kind !== 'there').map(({ kind, text }) => `${kind} ${text}`);

  it('run again: nothing to change, and no write is sent', async () => {
    const before = JSON.stringify(site.node.node.core.accessStore.value);
    expect(notThere(await again())).toEqual([]);
    expect(JSON.stringify(site.node.node.core.accessStore.value)).toBe(before);
  });

  it('the token has privileges of its own, and its user no password', async () => {
    const token = dataOf<{ privsep: number }>(await root.call('GET', '/access/users/gitops@pve/token/deploy'));
    expect(token.privsep).toBe(1);
    expect(site.node.node.core.accessStore.value.users['gitops@pve']?.password).toBeUndefined();
  });

  it('what was taken away is put back, each by itself', async () => {
    const privileges = site.wish.privileges.filter((name) => name !== 'VM.Clone');
    await root.call('PUT', '/access/roles/GitOps', { privs: privileges.join(',') });
    await root.call('PUT', '/access/users/gitops@pve/token/deploy', { privsep: 0 });
    await root.call('PUT', '/access/acl', {
      path: '/storage/local',
      roles: 'GitOps',
      tokens: 'gitops@pve!deploy',
      delete: 1,
    });
    expect(notThere(await again())).toEqual([
      'mended role GitOps: added VM.Clone',
      "mended token gitops@pve!deploy: its privileges are separated from its user's now",
      'mended GitOps on /storage/local for gitops@pve!deploy',
    ]);
    expect(notThere(await again())).toEqual([]);
  });

  it('what is more than enough is said and left', async () => {
    await root.call('PUT', '/access/roles/GitOps', { privs: 'Sys.Audit', append: 1 });
    await root.call('PUT', '/access/acl', { path: '/vms/100', roles: 'PVEAuditor', tokens: 'gitops@pve!deploy' });
    expect(notThere(await again())).toEqual([
      'note role GitOps holds more than is needed, which was left: Sys.Audit',
      'note gitops@pve!deploy also has PVEAuditor on /vms/100, which was left',
    ]);
  });

  it('a secret that is lost is an error that names the way, and a new one brings all grants back', async () => {
    const error = await refusal(again({ secretKnown: false }));
    expect(error.kind).toBe('user');
    expect(error.advice.join()).toContain('--renew-token');
    saved.length = 0;
    expect(notThere(await again({ secretKnown: false, renew: true }))[0]).toBe(
      'mended token gitops@pve!deploy with privileges of its own',
    );
    const [secret] = saved;
    const client = root.with({ authorization: `PVEAPIToken=gitops@pve!deploy=${secret}` });
    const held = dataOf<Record<string, unknown>>(await client.call('GET', '/access/permissions'));
    expect(Object.keys(held)).toEqual(expect.arrayContaining([...site.wish.paths]));
    expect((await site.client.call('GET', '/version')).status).toBe(401);
  });

  it('a token whose grants failed is finished by the next run: its secret was saved before', async () => {
    await root.call('DELETE', '/access/users/gitops@pve/token/deploy');
    const broken: Administration = {
      ...link.administration,
      grant: () => Promise.reject(new Error('the connection was lost')),
    };
    saved.length = 0;
    const wish = { ...site.wish, paths: site.wish.paths };
    const options = { renew: false, secretKnown: false, save: async (secret: string) => void saved.push(secret), call };
    await expect(ensure(broken, wish, options)).rejects.toThrow('the connection was lost');
    expect(saved).toHaveLength(1);
    expect(notThere(await again()).every((line) => line.startsWith('mended GitOps on '))).toBe(true);
  });
});

describe('the command line', () => {
  let site: CliSite;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    site = await CliSite.open();
    environment = {
      PROXMOX_HOST: `127.0.0.1:${site.node.port}`,
      PROXMOX_PASSWORD: site.node.password,
      // Elsewhere, so that the node is a server like any other.
      PVE_GITOPS_STATE_DIRECTORY: join(site.folder, 'own-state'),
    };
  });

  afterAll(() => site.close());

  const setup = (args: readonly string[], given = {}): Promise<Ended> =>
    site.run(['setup', ...args], { ...environment, ...given });
  const file = (name = 'local/config.json'): string => join(site.folder, name);
  const config = (name?: string): Record<string, Record<string, unknown>> =>
    JSON.parse(readFileSync(file(name), 'utf8'));
  const accept = (): string => `--fingerprint=${site.node.fingerprint}`;

  /** Writes so far, without logins. */
  async function changes(): Promise<number> {
    const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
    return (await site.writes()) - (calls['POST /access/ticket'] ?? 0);
  }

  it('prints the commands, and asks nobody', async () => {
    const { code, stdout } = await setup(['--pool', 'web', '--also-storage', 'tank'], {
      PROXMOX_HOST: '',
      PROXMOX_PASSWORD: '',
    });
    expect(code).toBe(0);
    const lines = stdout.split('\n').filter((line) => line.startsWith('  pveum'));
    expect(lines[0]).toBe('  pveum pool add web --comment pve-gitops');
    expect(lines).toContain(
      "  pveum acl modify /storage/tank --users gitops@pve --tokens 'gitops@pve!deploy' --roles GitOps",
    );
    expect(lines.some((line) => line.includes('pveum user token add gitops@pve deploy --privsep 1'))).toBe(true);
  });

  it('an unknown certificate: the fingerprint, where the GUI shows it, the option to accept it; nothing is made', async () => {
    const { code, text } = await setup(['--run']);
    expect(code).toBe(4);
    expect(text).toContain(site.node.fingerprint);
    expect(text).toContain('node → System → Certificates');
    expect(text).toContain(`--fingerprint ${site.node.fingerprint}`);
    expect(await changes()).toBe(0);
  });

  it('a password that nobody can be asked for', async () => {
    const { code, text } = await setup(['--run', accept()], { PROXMOX_PASSWORD: '' });
    expect(code).toBe(3);
    expect(text).toContain('give it as PROXMOX_PASSWORD');
  });

  it('makes all of it, keeps what else is in the file, and shows the secret nowhere', async () => {
    mkdirSync(join(site.folder, 'local'));
    const foreign = { network: { gateway: '192.168.178.1' }, login: 'mine', proxmox: { node: 'pve' } };
    writeFileSync(file(), JSON.stringify(foreign), { mode: 0o644 });
    chmodSync(file(), 0o644);
    const { code, text } = await setup(['--run', accept()]);
    expect({ code, text }).toMatchObject({ code: 0 });
    const written = config();
    expect(written).toMatchObject({
      login: 'mine',
      network: { gateway: '192.168.178.1', bridge: 'vmbr0' },
      proxmox: {
        host: `127.0.0.1:${site.node.port}`,
        fingerprint: site.node.fingerprint,
        token_id: 'gitops@pve!deploy',
        node: 'pve',
        storage: 'local-lvm',
        template_storage: 'local',
        pool: 'gitops',
      },
    });
    const secret = String(written.proxmox?.token_secret);
    expect(secret).toMatch(/^[0-9a-f-]{36}$/);
    expect(text).not.toContain(secret);
    expect(text).not.toContain(site.node.password);
    expect(text).toContain(site.node.fingerprint);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('a new file can be read by its owner alone, one that a group reads on purpose stays so', async () => {
    const { code } = await setup(['--run', accept(), '--renew-token', '--output', 'fresh/config.json']);
    expect(code).toBe(0);
    expect(statSync(file('fresh/config.json')).mode & 0o777).toBe(0o600);
    chmodSync(file('fresh/config.json'), 0o640);
    expect((await setup(['--run', accept(), '--renew-token', '--output', 'fresh/config.json'])).code).toBe(0);
    expect(statSync(file('fresh/config.json')).mode & 0o777).toBe(0o640);
    rmSync(file());
    writeFileSync(file(), readFileSync(file('fresh/config.json')), { mode: 0o600 });
  });

  it('again: nothing to change, by its own report and by what was sent', async () => {
    const [before, text] = [await changes(), readFileSync(file(), 'utf8')];
    const { code, stdout } = await setup(['--run'], { PROXMOX_HOST: '' });
    expect(code).toBe(0);
    expect(stdout).toContain('nothing to change');
    expect(readFileSync(file(), 'utf8')).toBe(text);
    expect(await changes()).toBe(before);
  });

  it('what it wrote is what a deploy and doctor need', async () => {
    const nothing = { PVE_GITOPS_STATE_DIRECTORY: environment.PVE_GITOPS_STATE_DIRECTORY ?? '' };
    const text = site.readDefinition('apache', 'config.env').replace(/^IP=.*$/m, 'IP=dhcp');
    const apache = site.definition('apache', { 'config.env': text });
    const report = await site.run(['doctor', apache, '--json'], nothing);
    expect(report.stderr + report.stdout).toContain('"exitCode":0');
    const { findings, exitCode } = JSON.parse(report.stdout) as {
      findings: { status: string; area: string }[];
      exitCode: number;
    };
    expect(exitCode).toBe(0);
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(new Set(findings.map(({ area }) => area)).size).toBeGreaterThanOrEqual(9);
    const plan = await site.run(['plan', apache], nothing);
    expect(plan.text).toContain('gitops');
    expect(plan.code).toBe(0);
  });

  it('a secret that does not open the door any more: the way to a new one, and the new one is written', async () => {
    const lost = config();
    const wrong = { ...lost, proxmox: { ...lost.proxmox, token_secret: '00000000-0000-4000-8000-000000000009' } };
    writeFileSync(file(), JSON.stringify(wrong), { mode: 0o600 });
    const refused = await setup(['--run']);
    expect(refused.code).toBe(3);
    expect(refused.text).toContain('--renew-token');
    const renewed = await setup(['--run', '--renew-token']);
    expect(renewed.code).toBe(0);
    expect(config().proxmox?.token_secret).not.toBe(wrong.proxmox.token_secret);
    const { code, stdout } = await setup(['--run', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'setup', changed: [] });
  });

  it('another token’s secret is never written over', async () => {
    writeFileSync(file('other.json'), JSON.stringify({ proxmox: { token_id: 'root@pam!x', token_secret: 'keep me' } }));
    const { code, text } = await setup(['--run', accept(), '--output', 'other.json']);
    expect(code).toBe(3);
    expect(text).toContain('root@pam!x');
    expect(text).not.toContain('keep me');
    expect(config('other.json').proxmox?.token_secret).toBe('keep me');
  });

  it('a storage and a bridge that are not there, before anything is made', async () => {
    const before = await changes();
    const storage = await setup(['--run', accept(), '--proxmox-storage', 'ceph']);
    expect(storage.text).toContain('there are: local-lvm; say which with --proxmox-storage');
    const bridge = await setup(['--run', accept(), '--network-bridge', 'vmbr9']);
    expect(bridge.text).toContain('there are: vmbr0; say which with --network-bridge');
    expect([storage.code, bridge.code]).toEqual([3, 3]);
    expect(await changes()).toBe(before);
  });

  it('a login that may not do it', async () => {
    await site.client.call('POST', '/access/users', { userid: 'small@pve', password: 'a password' });
    const login = { PROXMOX_USER: 'small@pve', PROXMOX_PASSWORD: 'a password' };
    const { code, text } = await setup(['--run', accept(), '--output', 'small.json'], login);
    expect(code).not.toBe(0);
    expect(text).not.toContain('a password');
  });

  it('on a node itself, as root, through pvesh: without login, with the node’s own certificate', async () => {
    const bin = join(site.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'pvesh'), pvesh(site), { mode: 0o755 });
    const PATH = `${bin}:${process.env.PATH ?? ''}`;
    const given = { PATH, PROXMOX_HOST: '', PROXMOX_PASSWORD: '', HOME: site.folder };
    const args = [
      '--run',
      '--output',
      'node.json',
      '--token',
      'gitops@pve!second',
      '--pool',
      'second',
      '--config',
      file('empty.json'),
    ];
    writeFileSync(file('empty.json'), '{}');
    const { code, text } = await setup(args, given);
    if (process.getuid?.() !== 0) {
      console.log('setup: not root, so pvesh is not used, which is what is tried here');
      expect(code).toBe(3);
      return;
    }
    expect({ code, text }).toMatchObject({ code: 0 });
    expect(config('node.json').proxmox).toMatchObject({
      host: '127.0.0.1',
      fingerprint: site.node.fingerprint,
      token_id: 'gitops@pve!second',
      pool: 'second',
    });
    expect(text).not.toContain(String(config('node.json').proxmox?.token_secret));
    const second = await setup(args, given);
    expect(second.text).toContain('nothing to change');
    // Another server is not this node: its own login is asked for.
    const elsewhere = await setup(args, { ...given, PROXMOX_HOST: 'other.example' });
    expect(elsewhere.code).toBe(3);
    expect(elsewhere.text).toContain('password of root@pam at other.example');
  });
});

/** Stands for Proxmox VE's own command: the same words, carried to the node of this test as root. */
function pvesh({ node }: CliSite): string {
  return `#!${process.execPath}
const { request } = require('node:https');
const { readFileSync } = require('node:fs');
const [command, path, ...rest] = process.argv.slice(2);
if (command === 'help') process.exit(0);
const method = { get: 'GET', create: 'POST', set: 'PUT', delete: 'DELETE' }[command];
const fields = [];
for (let at = 0; at < rest.length; at += 2) if (rest[at] !== '--output-format') fields.push([rest[at].slice(2), rest[at + 1]]);
const form = new URLSearchParams(fields).toString();
const body = method === 'POST' || method === 'PUT' ? form : '';
const sent = request({
  host: '127.0.0.1', port: ${node.port}, ca: readFileSync(${JSON.stringify(node.ca)}), method,
  path: '/api2/json' + path.split('/').map(encodeURIComponent).join('/') + (body === '' && form !== '' ? '?' + form : ''),
  headers: {
    authorization: ${JSON.stringify(`PVEAPIToken=${node.token.id}=${node.token.secret}`)},
    'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body),
  },
}, (answer) => {
  let text = '';
  answer.on('data', (chunk) => { text += chunk; });
  answer.on('end', () => {
    if (answer.statusCode !== 200) { console.error(answer.statusMessage); process.exit(2); }
    const { data } = JSON.parse(text);
    if (data !== null) console.log(JSON.stringify(data));
  });
});
sent.end(body);
`;
}
