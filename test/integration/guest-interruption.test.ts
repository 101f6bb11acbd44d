import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createSource } from '../../src/adapters/source/source.ts';
import { runBaseline } from '../../src/baseline/debian.ts';
import { configure } from '../../src/configure/configure.ts';
import { isGitopsError } from '../../src/model/errors.ts';
import type { Shell } from '../../src/model/ports.ts';
import { type Guest, type GuestHost, openGuestHost, SUITES, within } from './guest-container.ts';

const clock = createClock();
let host: GuestHost;
let guest: Guest;
let shell: Shell;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'definition-'));
  host = await openGuestHost();
  guest = await host.start(930, SUITES[1], []);
  shell = await guest.open();
  const settings = { timezone: 'UTC', locale: 'C.UTF-8', upgrade: false, sshKeys: [] };
  await runBaseline(shell, { ...settings, vmid: 930, authority: host.authority }, clock, within(600), () => undefined);
});
afterAll(async () => {
  await host?.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Options {
  readonly script?: string;
  readonly seconds?: number;
  readonly lockWaitMs?: number;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
}

function run(options: Options = {}) {
  if (options.script !== undefined) writeFileSync(join(directory, 'configure.sh'), options.script);
  const source = options.script === undefined ? resolve(import.meta.dirname, '../../libs/apache') : directory;
  const input = {
    vmid: 930,
    archive: createSource().archive(source),
    environment: { HOSTNAME: 'apache', LOGIN: 'anna', TWO: 'two\nlines $(id)' },
    ...(options.lockWaitMs === undefined ? {} : { lockWaitMs: options.lockWaitMs }),
  };
  const call = within(options.seconds ?? 300, options.signal);
  return configure('shell', shell, input, clock, call, (event) => {
    if (event.kind === 'line') options.onLine?.(event.text);
  });
}

async function output(script: string, options: Options = {}): Promise<readonly string[]> {
  const lines: string[] = [];
  await run({ ...options, script, onLine: (line) => lines.push(line) });
  return lines;
}

const inside = async (script: string) =>
  (await shell.run({ name: 'look', argv: ['sh', '-c', script] }, within(60))).stdout.trim();

it('runs a script in the unpacked definition, with a clean environment and both outputs in their order', async () => {
  const lines = await output(
    '#!/bin/sh\necho "$PWD $DIR"; echo one; echo two >&2; echo three; printf "%s" "$TWO"; umask',
  );
  const place = '/run/pve-gitops/configure/definition';
  expect(lines).toEqual([`${place} ${place}`, 'one', 'two', 'three', 'two', 'lines $(id)0022']);
  const names = await output('env -0 | tr "\\n\\0" " \\n" | sed "s/=.*//"');
  const ours = [
    'APT_CONFIG',
    'APT_LISTCHANGES_FRONTEND',
    'DEBIAN_FRONTEND',
    'NEEDRESTART_SUSPEND',
    'UCF_FORCE_CONFFOLD',
  ];
  const usual = ['HOME', 'LANG', 'LOGNAME', 'PATH', 'PWD', 'SHELL', 'SHLVL', 'USER', '_'];
  expect([...names].sort()).toEqual([...ours, ...usual, 'DIR', 'HOSTNAME', 'LOGIN', 'TWO'].sort());
});

it.each([
  ['an interpreter that is not there', '#!/opt/none\n', 'user', 'asks for /opt/none'],
  ['Windows line ends', '#!/bin/sh\r\necho\r\n', 'user', 'Windows line ends'],
  ['exit code 3', 'exit 3\n', 'remote', 'configure.sh ended with exit code 3'],
  ['ssh’s own exit code', 'exit 255\n', 'remote', 'configure.sh ended with exit code 255'],
])('explains %s', async (_, script, kind, reason) => {
  await expect(run({ script })).rejects.toMatchObject({ kind, message: expect.stringContaining(reason) });
});

it('ends a script that takes too long, and all it started', async () => {
  await expect(run({ script: 'sleep 4711 & sleep 4711', seconds: 4 })).rejects.toThrow('did not end in time');
  expect(await inside('pgrep -c -f "sleep 471[1]" || true')).toBe('0');
});

it('does not wait for a process that a script leaves behind', async () => {
  const result = await run({ script: '#!/bin/sh\nsleep 4712 & echo done' });
  expect(result.warnings).toEqual([expect.stringContaining('holds its output open')]);
  await inside('pkill -f "sleep 471[2]"');
});

it('ends the script with the run, lets it clean up, and leaves neither lock nor directory', async () => {
  const stop = new AbortController();
  const script = 'trap "touch /root/cleaned; exit 9" TERM; echo ready; sleep 4713 & wait';
  const stopped = run({ script, signal: stop.signal, onLine: (line) => line === 'ready' && stop.abort() });
  await expect(stopped).rejects.toSatisfy(isGitopsError);
  expect(await inside('ls /root/cleaned /run/pve-gitops; pgrep -c -f "sleep 471[3]"')).toBe(
    '/root/cleaned\n\n/run/pve-gitops:\nlock\n0',
  );
  expect(await output('echo again', { lockWaitMs: 0 })).toEqual(['again']);
});

it('refuses a second run at once, and waits for the first when it may', async () => {
  let begun: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const script = 'echo ready; until [ -e /run/go ]; do sleep 0.05; done; rm /run/go';
  const first = run({ script, onLine: (line) => line === 'ready' && begun() });
  await ready;
  await expect(run({ script: 'true', lockWaitMs: 0 })).rejects.toMatchObject({ kind: 'busy' });
  const lines: string[] = [];
  const second = run({
    script: 'echo second',
    onLine(line) {
      lines.push(line);
      if (line.startsWith('waiting')) void inside('touch /run/go');
    },
  });
  await Promise.all([first, second]);
  expect(lines).toEqual([expect.stringContaining('waiting for an earlier run'), 'second']);
});

it.each(['Get:', 'Unpacking apache2 ', 'Setting up apache2-bin ', 'Enabling module'])(
  'finishes what a run left that was ended in the middle of apt, at "%s"',
  async (moment) => {
    await inside(
      'apt-get purge -q -y apache2 apache2-bin apache2-data apache2-utils; apt-get autoremove --purge -q -y; apt-get clean; rm -rf /var/www',
    );
    const stop = new AbortController();
    const stopped = run({ signal: stop.signal, onLine: (line) => line.startsWith(moment) && stop.abort() });
    await expect(stopped).rejects.toSatisfy(isGitopsError);
    expect((await run()).changed).toContain('/var/www/html/index.html belongs to app');
    expect((await run()).changed).toEqual([]);
    expect(await inside('dpkg --audit; curl -s http://localhost/')).toBe('<h1>Hello from anna</h1>');
  },
);
