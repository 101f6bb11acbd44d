import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Job, runJob, type Trigger } from '../integration/actions-runner.ts';
import { type Forge, startForge } from '../unit/adapters/git/forge.ts';
import { addTemplate, dataOf, small, startTestNode, type TestNode } from './support/node-client.ts';

/** The committed bundles before any container is made: what they read, what they refuse, how they say it. */

const ROOT = resolve(import.meta.dirname, '../..');
const JOB_TOKEN = 'token-of-the-job-51';
const SECRET = '5f1c2b9e-0000-4000-8000-00000000abcd';

let forge: Forge;
let node: TestNode;
let folder: string;
let good: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pve-gitops-actions-'));
  forge = await startForge({ token: JOB_TOKEN, repository: 'srv/apache' });
  cpSync(join(ROOT, 'libs/apache'), join(forge.root, 'work'), { recursive: true });
  node = await startTestNode({ profile: 'home' });
  const made = await node.root.call('POST', '/access/users/root@pam/token/ok', { privsep: 0 });
  good = dataOf<{ value: string }>(made).value;
});

afterAll(async () => {
  await node?.close();
  await forge?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Change {
  readonly branch?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Settings file; absent: none. */
  readonly settings?: object;
  readonly trigger?: Partial<Trigger>;
}

async function run({ branch = 'release', files = {}, settings, trigger = {} }: Change): Promise<Job> {
  cpSync(join(ROOT, 'libs/apache/config.env'), join(forge.root, 'work/config.env'));
  for (const [name, content] of Object.entries(files)) forge.write(name, content);
  forge.work('add', '--all');
  forge.work('commit', '--quiet', '--allow-empty', '--message', branch);
  forge.work('push', '--quiet', '--force', 'origin', `HEAD:refs/heads/${branch}`);
  const sha = forge.work('rev-parse', 'HEAD');
  const config = join(folder, 'config.json');
  const state = { state_directory: join(folder, 'state') };
  writeFileSync(config, JSON.stringify({ ...state, ...settings }), { mode: 0o600 });
  const from = { serverUrl: forge.url, repository: 'srv/apache', branch, sha, token: JOB_TOKEN, config };
  const job = await runJob({ ...from, ...trigger });
  const said = job.log.replaceAll(/^::add-mask::.*$/gm, '');
  for (const secret of [JOB_TOKEN, SECRET, good]) expect(said + job.summary).not.toContain(secret);
  return job;
}

const proxmox = (change: object = {}) => ({
  proxmox: {
    host: `127.0.0.1:${node.node.port}`,
    token_id: 'root@pam!actions',
    token_secret: SECRET,
    ca_file: node.node.caFile,
    ...change,
  },
});

/** The same with a token that the node knows. */
const known = () => proxmox({ token_id: 'root@pam!ok', token_secret: good });

/** Asks no machine around us whether an address is free. */
const DYNAMIC = { 'config.env': 'IP=dhcp\nID=42\nMEMORY=512\nDISK=local-lvm:4\n' };

/** The one line that a forge shows for a failed step. */
const errors = ({ log }: Job): readonly string[] => log.split('\n').filter((line) => line.startsWith('::error::'));

test('without settings: exit 3, one error, and what to set', async () => {
  const job = await run({});
  expect(job.code).toBe(3);
  expect(errors(job)).toEqual(['::error::Unable to reach Proxmox VE: no host is set']);
  expect(job.log).toContain('PROXMOX_HOST');
  expect(job.log).not.toMatch(/^\s+at /m);
  expect(job.summary).toContain('no host is set');
});

test('container-init reads the definition although no server answers; container-default says that none does', async () => {
  const job = await run({ settings: proxmox({ host: '127.0.0.1:1' }) });
  expect(job.steps.map(({ id, code }) => [id, code])).toEqual([
    ['init', 0],
    ['default', 4],
  ]);
  expect(JSON.parse(job.steps[0]?.outputs.desired ?? '')).toMatchObject({ owner: 'srv/apache', memory: 2048 });
  expect(errors(job)).toHaveLength(1);
  expect(errors(job)[0]).toContain('127.0.0.1:1');
});

test('a definition with mistakes: exit 3, all of them with file and line', async () => {
  const files = { 'config.env': 'ID=42\nHOSTNMAE=apache\nMEMORY=much\n' };
  const job = await run({ files, settings: proxmox() });
  expect(job.code).toBe(3);
  expect(job.log).toMatch(/config\.env:2.*HOSTNMAE/);
  expect(job.log).toMatch(/HOSTNAME/);
  expect(job.log).toMatch(/config\.env:3.*MEMORY/);
});

test('a wrong token of Proxmox VE: exit 4, and the token is not repeated', async () => {
  const job = await run({ settings: proxmox() });
  expect(job.steps.map(({ code }) => code)).toEqual([0, 4]);
  expect(errors(job)).toHaveLength(1);
  expect(errors(job)[0]).toMatch(/401/);
});

test('a wrong token of the forge: exit 4, and the repository is named', async () => {
  const job = await run({ settings: proxmox(), trigger: { token: 'another' } });
  expect(job.code).toBe(4);
  expect(errors(job)[0]).toContain('srv/apache');
});

test('an unknown mode: exit 3 with the known ones', async () => {
  const job = await run({ settings: proxmox(), trigger: { with: { mode: 'destory' } } });
  expect(job.code).toBe(3);
  expect(job.log).toContain('known modes: plan, deploy, configure');
});

test('develop: a plan of all that would be done, nothing is made', async () => {
  const job = await run({ branch: 'develop', files: DYNAMIC, settings: known() });
  expect(job.code, job.log).toBe(0);
  expect(job.steps[0]?.outputs).toMatchObject({ mode: 'plan', stage: 'main' });
  expect(job.log).toMatch(/\+ create container 1042/);
  expect(job.summary).toContain('**create container 1042**');
  expect(job.outputs.vmid).toBe('1042');
  expect(dataOf(await node.root.call('GET', `/nodes/${node.node.core.profile.node}/lxc`))).toEqual([]);
});

test('the connection comes by with: as well, and wins over the file', async () => {
  const handed = {
    'proxmox-host': `127.0.0.1:${node.node.port}`,
    'proxmox-token-id': 'root@pam!ok',
    'proxmox-token-secret': good,
    'proxmox-ca-file': node.node.caFile,
  };
  const settings = proxmox({ host: '127.0.0.1:1' });
  const job = await run({ branch: 'develop', files: DYNAMIC, settings, trigger: { with: handed } });
  expect(job.code, job.log).toBe(0);
});

test('a vmid that someone else owns: exit 6, who it is and how to adopt it, nothing is changed', async () => {
  addTemplate(node);
  const path = `/nodes/${node.node.core.profile.node}/lxc`;
  const theirs = small(1042, { rootfs: 'local-lvm:1', description: 'of another tool' });
  expect(await node.task(node.root, 'POST', path, theirs)).toBe('OK');
  const before = dataOf(await node.root.call('GET', `${path}/1042/config`));
  const job = await run({ settings: known() });
  expect(job.steps.map(({ code }) => code)).toEqual([0, 6]);
  expect(job.log).toContain('adopt');
  expect(dataOf(await node.root.call('GET', `${path}/1042/config`))).toEqual(before);
});

test('a Node that is too old is told so', () => {
  const preload = join(folder, 'old-node.cjs');
  writeFileSync(preload, "Object.defineProperty(process, 'versions', { value: { node: '18.20.0' } });\n");
  for (const action of ['container-init', 'container-default', 'container-configuration']) {
    const script = join(ROOT, 'actions', action, 'dist/index.js');
    const { status, stdout } = spawnSync('node', ['--require', preload, script], { encoding: 'utf8' });
    expect(stdout).toBe('::error::this action needs Node 20 or newer, the runner has 18.20.0\n');
    expect(status).toBe(1);
  }
});
