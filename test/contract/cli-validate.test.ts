import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** `pve-gitops validate` and `schema` as a user has them who has nothing else: no settings, no local node, no root. */

const ROOT = resolve(import.meta.dirname, '..', '..');
const NOBODY = 65_534;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pve-gitops-validate-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function define(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
  return name;
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  args: readonly string[],
  options: { readonly environment?: NodeJS.ProcessEnv; readonly user?: number } = {},
) {
  return new Promise<Ended>((done, fail) => {
    const child = spawn(process.execPath, [join(ROOT, 'build', 'local', 'cli', 'main.js'), ...args], {
      cwd: folder,
      env: options.environment ?? {},
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
      ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
    });
    const text = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      text.stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      text.stderr += chunk.toString();
    });
    child.on('error', fail);
    child.on('close', (code) => done({ code, ...text }));
  });
}

const GOOD = { 'config.env': 'IP=192.168.178.42\nID=42\nDISK=local-lvm:8\n', 'configure.sh': '#!/bin/sh\n' };

describe('validate', () => {
  it('says in a line what each definition is, without settings, a server or a home', async () => {
    const ended = await run(['validate', define('apache', GOOD), define('bare', { 'container.yml': 'cores: 1\n' })]);
    expect(ended).toEqual({
      code: 0,
      stdout: [
        'ok   apache: apache, stage main: vmid 1042 (ID 42 + 1000), eth0 192.168.178.42/24 on vmbr0, all cores, 512 MiB, local-lvm:8, engine shell',
        'ok   bare: bare, stage main: lowest free vmid, eth0 dhcp on vmbr0, 1 core, 512 MiB, local-lvm:8, nothing configures it',
        '',
      ].join('\n'),
      stderr: '',
    });
    expect(readdirSync(folder).toSorted()).toEqual(['apache', 'bare']);
  });

  it('takes the definitions of this repository, with the example of every key', async () => {
    const libs = readdirSync(join(ROOT, 'libs')).map((name) => join(ROOT, 'libs', name));
    const ended = await run(['validate', ...libs, join(ROOT, 'docs', 'example')]);
    expect(ended.code).toBe(0);
    expect(ended.stdout.trim().split('\n')).toHaveLength(libs.length + 1);
  });

  it('needs no root', async () => {
    // Whoever is not root runs every test of this file without it.
    const user = process.getuid?.() === 0 ? { user: NOBODY } : {};
    const ended = await run(['validate', define('apache', GOOD)], user);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
  });

  it('says all problems of all directories, with paths from here, and ends with 3', async () => {
    const directories = [
      define('apache', GOOD),
      define('bad', { 'config.env': 'MEMROY=1\nCORES=many\n' }),
      define('worse', { 'container.yml': 'interfaces:\n  - vlan: 1\n    adress: dhcp\n' }),
      define('none', { 'README.md': 'x' }),
      define('odd', { 'config.env': 'IP=192.168.178.42\nGATEWAY=10.0.0.1\n' }),
      define('not_a_name', { 'config.env': '' }),
      'missing',
    ];
    const { code, stdout, stderr } = await run(['validate', ...directories]);
    expect([code, stderr]).toEqual([3, '']);
    expect(
      stdout.split('\n').map((line) => line.replace(/(; did you mean|; write|; correct| known keys).*/, ' …')),
    ).toEqual([
      expect.stringMatching(/^ok {3}apache: /),
      'bad  bad: 2 problems',
      '     bad/config.env:1:1: MEMROY: is not a key …',
      '     bad/config.env:2:7: CORES: expected a whole number from 1 to 8192, not "many"',
      'bad  worse: 1 problem',
      '     worse/container.yml:3:5: interfaces[0].adress: is not a key of interfaces[0] …',
      'bad  none: 1 problem',
      '     none: holds no config.env, no container.env and no container.yml',
      'bad  odd: 1 problem',
      expect.stringMatching(/^ {5}odd\/config\.env:2: GATEWAY: 10\.0\.0\.1 is not in the network/),
      'bad  not_a_name: 1 problem',
      expect.stringMatching(/^ {5}not_a_name\/config\.env: HOSTNAME: not_a_name is not a DNS name/),
      'bad  missing: 1 problem',
      '     missing: no such directory',
      '',
    ]);
  });

  it('--json: everything as JSON on standard output, alone', async () => {
    const directories = [define('apache', GOOD), define('bad', { 'container.yml': 'cores: many\n' })];
    const ended = await run(['validate', '--json', ...directories]);
    expect([ended.code, ended.stderr]).toEqual([3, '']);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      version: 1,
      kind: 'validated',
      stage: 'main',
      exitCode: 3,
      definitions: [
        { directory: 'apache', valid: true, desired: { vmid: { vmid: 1042 }, engine: 'shell' } },
        {
          directory: 'bad',
          valid: false,
          problems: [
            { file: 'bad/container.yml', line: 1, column: 8, key: 'cores', message: expect.stringContaining('8192') },
          ],
        },
      ],
    });
  });

  it('--stage: with its overlay', async () => {
    const name = define('apache', { ...GOOD, 'config.develop.env': 'MEMORY=x\n' });
    expect((await run(['validate', name])).code).toBe(0);
    const ended = await run(['validate', name, '--stage', 'develop']);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toContain('apache/config.develop.env:1:8: MEMORY: expected MiB');
    const wrong = await run(['validate', name, '--stage', 'UP']);
    expect([wrong.code, wrong.stdout]).toEqual([3, '']);
    expect(wrong.stderr).toContain('Unable to use stage "UP"');
  });

  it('settings that are there count', async () => {
    const environment = { PVE_GITOPS_VMID_BASE: '5000' };
    const { stdout } = await run(['validate', define('apache', GOOD)], { environment });
    expect(stdout).toContain('vmid 5042 (ID 42 + 5000)');
    const told = await run(['validate', 'apache', '--vmid-base', '7000'], { environment });
    expect(told.stdout).toContain('vmid 7042 (ID 42 + 7000)');
    const wrong = await run(['validate', 'apache'], { environment: { PVE_GITOPS_VMID_BASE: 'x' } });
    expect([wrong.code, wrong.stdout]).toEqual([3, '']);
    expect(wrong.stderr).toContain('PVE_GITOPS_VMID_BASE');
  });

  it('without a directory, and with an unknown option, says how it is used', async () => {
    expect((await run(['validate'])).code).toBe(3);
    expect((await run(['validate', '--colour', '.'])).code).toBe(3);
  });

  it('shows nothing that draws on the terminal', async () => {
    const name = define('apache', { 'container.yml': 'hostname: "a\\e[31m\\u202Eb"\n"\\e[2Jx": 1\n' });
    const { code, stdout } = await run(['validate', name]);
    expect(code).toBe(3);
    expect(['\u001b', '\u202e'].filter((sign) => stdout.includes(sign))).toEqual([]);
  });
});

describe('schema', () => {
  it('prints what schemas/container.schema.json holds', async () => {
    const ended = await run(['schema']);
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toBe(readFileSync(join(ROOT, 'schemas', 'container.schema.json'), 'utf8'));
  });

  it('is where the example says it is', () => {
    const directory = join(ROOT, 'docs', 'example');
    const [first = ''] = readFileSync(join(directory, 'container.yml'), 'utf8').split('\n');
    const path = /^# yaml-language-server: \$schema=(\S+)$/.exec(first)?.[1] ?? '';
    expect(existsSync(join(directory, path))).toBe(true);
    expect(path).toMatch(/container\.schema\.json$/);
  });
});
