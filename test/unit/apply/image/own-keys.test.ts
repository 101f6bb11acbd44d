import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownHostKeys } from '../../../../src/apply/image/own-keys.ts';
import type { RemoteCommand, Shell } from '../../../../src/model/ports.ts';

let folder: string;
let ran: string[];
/** Names a command after which the connection is gone. */
let breaksAfter: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pve-gitops-keys-'));
  ran = [];
  breaksAfter = undefined;
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'ssh'));
  writeFileSync(join(folder, 'bin', 'systemctl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  for (const kind of ['ed25519', 'ecdsa'])
    execFileSync('ssh-keygen', ['-q', '-t', kind, '-N', '', '-f', join(folder, 'ssh', `ssh_host_${kind}_key`)]);
  writeFileSync(join(folder, 'ssh', '.pve-gitops-image'), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The scripts as they are, in a folder of their own. */
const shell: Shell = {
  run({ name, argv }: RemoteCommand) {
    ran.push(name);
    const [, , script = '', ...rest] = argv.map((part) => part.replaceAll('/etc/ssh', join(folder, 'ssh')));
    const env = { PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
    const stdout = execFileSync('sh', ['-c', script, ...rest], { encoding: 'utf8', env, stdio: 'pipe' });
    if (breaksAfter === name) return Promise.reject(new Error('the connection is gone'));
    return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
  },
  close: () => Promise.resolve(),
};
const prints = (): string[] =>
  readdirSync(join(folder, 'ssh'))
    .filter((name) => name.endsWith('_key.pub'))
    .map((name) => execFileSync('ssh-keygen', ['-lf', join(folder, 'ssh', name)], { encoding: 'utf8' }))
    .map((line) => line.split(' ')[1] ?? '');
const call = { timeoutMs: 10_000, signal: new AbortController().signal };

describe('host keys of a clone', () => {
  it('are new, of the same kinds, and in the mark before they are in use', async () => {
    const before = prints();
    const remembered: string[][] = [];
    const made = await ownHostKeys(shell, { vmid: 1042, known: before, call }, (patch) => {
      remembered.push([...patch.hostKeys]);
      expect(prints()).toEqual(before);
      return Promise.resolve();
    });
    expect(prints().toSorted()).toEqual([...made].toSorted());
    expect(made.filter((key) => before.includes(key))).toEqual([]);
    expect(remembered).toEqual([[...before, ...made]]);
    expect(existsSync(join(folder, 'ssh', '.pve-gitops-image'))).toBe(false);
    expect(readdirSync(join(folder, 'ssh'))).toHaveLength(4);
  });

  it('made twice are the same ones: a run that was cut off is gone on with', async () => {
    const before = prints();
    const seen: string[][] = [];
    const run = () =>
      ownHostKeys(shell, { vmid: 1042, known: before, call }, (patch) => {
        seen.push([...patch.hostKeys]);
        return Promise.resolve();
      });
    breaksAfter = 'make SSH host keys';
    await expect(run()).rejects.toThrow('gone');
    expect(prints()).toEqual(before);
    breaksAfter = 'use the new SSH host keys';
    await expect(run()).rejects.toThrow('gone');
    breaksAfter = undefined;
    const made = await run();
    expect(seen).toEqual([
      [...before, ...made],
      [...before, ...made],
    ]);
    expect(prints().toSorted()).toEqual([...made].toSorted());
    expect(readFileSync(join(folder, 'bin', 'systemctl'), 'utf8')).toContain('exit 0');
  });
});
