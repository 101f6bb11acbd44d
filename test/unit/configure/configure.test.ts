import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { configurationParts, configure } from '../../../src/configure/configure.ts';
import { GUEST_RUNNER } from '../../../src/configure/guest-runner.ts';
import type { EngineName } from '../../../src/model/definition.ts';
import type { Event, RemoteCommand, Shell } from '../../../src/model/ports.ts';

const SECRET = 'geheim $(id)';

async function* archive() {
  yield new TextEncoder().encode('tar one ');
  yield new TextEncoder().encode('tar two');
}

type Line = readonly [text: string, stream: 'stdout' | 'stderr'];

async function run(lines: readonly Line[], exitCode: number, engine: EngineName = 'shell', timeoutMs = 600_000) {
  const asked: RemoteCommand[] = [];
  const told: Event[] = [];
  let input = '';
  const shell: Shell = {
    async run(command) {
      asked.push(command);
      for await (const chunk of command.input as AsyncIterable<Uint8Array>) input += new TextDecoder().decode(chunk);
      for (const [text, stream] of lines) command.onLine?.(text, stream);
      return { exitCode, stdout: '', stderr: '' };
    },
    close: () => Promise.resolve(),
  };
  const clock = { now: () => new Date(0), sleep: () => Promise.resolve() };
  const call = { timeoutMs, signal: new AbortController().signal };
  const given = { vmid: 1042, archive: archive(), environment: { LOGIN: 'anna', PASSWORD: SECRET } };
  const result = await configure(engine, shell, given, clock, call, (event) => told.push(event));
  return { asked, told, result, input };
}

const ENDED: Line = ['pve-gitops: ended 0', 'stderr'];

describe('configure with the shell engine', () => {
  it('sends environment and archive as input, in one command; no secret is an argument', async () => {
    const { asked, input } = await run([ENDED], 0);
    expect(asked).toHaveLength(1);
    const head = `LOGIN=anna\0PASSWORD=${SECRET}\0`;
    expect(input).toBe(`${head}tar one tar two`);
    expect(asked[0]?.argv.slice(0, 2)).toEqual(['bash', '-c']);
    expect(asked[0]?.argv.slice(4)).toEqual([
      ...[String(Buffer.byteLength(head)), '0', '120', '580'],
      ...['configure.sh', 'always', '1', './configure.sh'],
    ]);
    expect(asked[0]?.argv.join(' ')).not.toContain('geheim');
  });

  it('ends the script before the connection’s deadline', async () => {
    const { asked } = await run([ENDED], 0, 'shell', 8000);
    expect(asked[0]?.argv.slice(6, 8)).toEqual(['4', '6']);
  });

  it('tells the script’s lines and sums up what it changed', async () => {
    const lines: Line[] = [
      ['Setting up apache2', 'stdout'],
      ['changed: wrote page', 'stdout'],
      ['warning: old', 'stdout'],
    ];
    const { result, told } = await run([...lines, ENDED], 0);
    expect(told.map((event) => (event.kind === 'line' ? event.text : event.kind))).toEqual([
      'Setting up apache2',
      'changed: wrote page',
    ]);
    expect(result).toMatchObject({
      kind: 'configure',
      summary: '1 change',
      changed: ['wrote page'],
      warnings: ['old'],
    });
  });

  it('warns of a process that was left behind', async () => {
    const { result } = await run([['pve-gitops: left', 'stderr'], ENDED], 0);
    expect(result.warnings).toEqual([expect.stringContaining('holds its output open')]);
  });

  it('says that it waits for an earlier run', async () => {
    const { told } = await run([['pve-gitops: waiting process 7, since noon', 'stderr'], ENDED], 0);
    expect(told).toEqual([
      { kind: 'line', text: 'waiting for an earlier run of configure.sh (process 7, since noon)' },
    ]);
  });

  it.each<[string, string, number, Line[]]>([
    ['remote', 'configure.sh ended with exit code 3', 3, [['pve-gitops: ended 3', 'stderr']]],
    ['remote', 'configure.sh ended with exit code 75', 75, [['pve-gitops: ended 75', 'stderr']]],
    [
      'remote',
      'configure.sh ended with exit code 1: no login',
      1,
      [
        ['error: no login', 'stdout'],
        ['pve-gitops: ended 1', 'stderr'],
      ],
    ],
    ['remote', 'configure.sh did not end in time and was stopped', 124, [['pve-gitops: late', 'stderr']]],
    ['remote', 'the connection ended before configure.sh did', 255, []],
    ['remote', 'the connection ended before configure.sh did', 0, []],
    [
      'busy',
      'an earlier run of configure.sh is still at work in it (process 7, since noon)',
      75,
      [['pve-gitops: locked process 7, since noon', 'stderr']],
    ],
    ['user', 'there is no configure.sh here', 66, [['pve-gitops: refused there is no configure.sh here', 'stderr']]],
  ])('fails with kind %s: %s', async (kind, reason, exitCode, lines) => {
    await expect(run(lines, exitCode)).rejects.toMatchObject({
      kind,
      message: `Unable to configure container 1042: ${reason}`,
    });
  });

  it('takes no word of ours from what the script prints', async () => {
    await expect(run([['pve-gitops: ended 0', 'stdout']], 0)).rejects.toThrow('the connection ended');
  });

  it('quotes the last 20 lines of a failure', async () => {
    const lines = Array.from({ length: 30 }, (_, index): Line => [`line ${index}`, 'stdout']);
    const failed = await run([...lines, ['pve-gitops: ended 1', 'stderr']], 1).catch((error: unknown) => error);
    const { log } = (failed as { remote: { log: string[] } }).remote;
    expect(log).toEqual(lines.slice(10).map(([text]) => text));
  });

  it('has a runner that bash can read', () => {
    expect(spawnSync('bash', ['-n', '-c', GUEST_RUNNER])).toMatchObject({ status: 0 });
  });
});

describe('configure with other engines', () => {
  it('does nothing for none', async () => {
    const { asked, result } = await run([], 0, 'none');
    expect(asked).toEqual([]);
    expect(result).toMatchObject({ summary: 'no engine: baseline only', changed: [] });
  });
});

describe('configurationParts', () => {
  const parts = configurationParts('shell', 'd1', { A: '1', B: '2' });

  it('does not depend on the order of variables', () => {
    expect(configurationParts('shell', 'd1', { B: '2', A: '1' })).toEqual(parts);
  });

  it('tells apart what differs, and values that look like pairs', () => {
    const others = [
      configurationParts('none', 'd1', { A: '1', B: '2' }),
      configurationParts('shell', 'd2', { A: '1', B: '2' }),
      configurationParts('shell', 'd1', { A: '1', B: '2' }, []),
      configurationParts('shell', 'd1', { A: '1', B: '3' }),
      configurationParts('shell', 'd1', { A: '1","B":"2' }),
    ];
    for (const other of others) expect(other).not.toEqual(parts);
  });
});
