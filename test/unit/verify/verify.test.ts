import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { HealthCheck } from '../../../src/model/definition.ts';
import type { Event, RemoteCommand, Shell } from '../../../src/model/ports.ts';
import { readRound, roundScript } from '../../../src/verify/round.ts';
import { verify } from '../../../src/verify/verify.ts';

const CHECKS: readonly HealthCheck[] = [
  { kind: 'unit', unit: 'mosquitto' },
  { kind: 'tcp', port: 1883 },
  { kind: 'http', url: 'http://:80/', status: 200, contains: 'Hello from' },
  { kind: 'http', url: 'https://example.org/x' },
  { kind: 'command', command: 'test -e "/etc/a b"' },
];

/** Answers each round with the next output, the last one for ever; its clock moves only when somebody sleeps. */
async function run(checks: readonly HealthCheck[], outputs: readonly string[], deadlineMs = 1000) {
  const asked: RemoteCommand[] = [];
  const told: Event[] = [];
  const slept: number[] = [];
  const shell: Shell = {
    run(command) {
      asked.push(command);
      const stdout = outputs[Math.min(asked.length, outputs.length) - 1] ?? '';
      return Promise.resolve({ exitCode: 0, stdout, stderr: '' });
    },
    close: () => Promise.resolve(),
  };
  const total = () => slept.reduce((sum, ms) => sum + ms, 0);
  const clock = {
    now: () => new Date(total()),
    sleep: (ms: number) => Promise.resolve(void slept.push(ms)),
  };
  const call = { timeoutMs: 5000, signal: new AbortController().signal };
  const options = { deadlineMs, intervalMs: 400 };
  const results = await verify(shell, checks, options, clock, call, (event) => told.push(event));
  return { asked, told, slept, results };
}

describe('verify', () => {
  it('sends all checks as arguments of one command', async () => {
    const { asked } = await run(CHECKS, [CHECKS.map((_, index) => `${index} ok fine`).join('\n')]);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.argv).toEqual([
      ...['bash', '-s', '--'],
      ...['unit', '1', 'mosquitto'],
      ...['tcp', '1', '1883'],
      ...['http', '3', 'http://localhost:80/', '200', 'Hello from'],
      ...['http', '3', 'https://example.org/x', '', ''],
      ...['command', '1', 'test -e "/etc/a b"'],
    ]);
    expect(new TextDecoder().decode(asked[0]?.input as Uint8Array)).toBe(roundScript());
  });

  it('asks for failed units when the definition names no check', async () => {
    const { asked, results } = await run([], ['0 ok none\n']);
    expect(asked[0]?.argv.slice(3)).toEqual(['system', '0']);
    expect(results).toEqual([{ check: 'no failed units', ok: true, detail: 'none' }]);
  });

  it('repeats until all are good in one round, and tells each result once', async () => {
    const checks = CHECKS.slice(0, 2);
    const rounds = ['0 bad expected active\n1 bad nobody', '0 ok active\n1 bad nobody', '0 ok active\n1 ok there'];
    const { asked, told, slept, results } = await run(checks, rounds);
    expect(asked).toHaveLength(3);
    expect(slept).toEqual([400, 400]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(told.filter(({ kind }) => kind === 'check')).toEqual(results.map((result) => ({ kind: 'check', result })));
  });

  it('gives up at the deadline, having looked once more at it, and returns what was wrong', async () => {
    const { asked, slept, results } = await run(CHECKS.slice(0, 1), ['0 bad expected active, but it is failed']);
    expect(slept).toEqual([400, 400, 200]);
    expect(asked).toHaveLength(4);
    expect(results).toEqual([{ check: 'unit mosquitto', ok: false, detail: 'expected active, but it is failed' }]);
  });

  it('says what it waits for once, and again when that changes', async () => {
    const { told } = await run(CHECKS.slice(0, 1), [
      '0 bad activating',
      '0 bad activating',
      '0 bad failed',
      '0 ok active',
    ]);
    const lines = told.flatMap((event) => (event.kind === 'line' ? [event.text] : []));
    expect(lines).toEqual(['waiting for unit mosquitto: activating', 'waiting for unit mosquitto: failed']);
  });
});

describe('readRound', () => {
  it('joins the lines that explain a failure, and takes no other for an answer', () => {
    const output = 'login banner\n0 bad expected active\n0 more log one\n1 ok fine\n0 more \n7 ok nobody asked\n';
    expect(readRound(CHECKS.slice(0, 2), output)).toEqual([
      { check: 'unit mosquitto', ok: false, detail: 'expected active\n  log one\n  ' },
      { check: 'tcp 1883', ok: true, detail: 'fine' },
    ]);
  });

  it('counts a check without answer as failed', () => {
    expect(readRound(CHECKS.slice(0, 1), '')).toEqual([
      { check: 'unit mosquitto', ok: false, detail: 'expected an answer, but the check gave none' },
    ]);
  });
});

/** The round's script is run here for kinds that need no container. */
describe('roundScript', () => {
  const round = (...words: string[]) =>
    spawnSync('bash', ['-s', '--', ...words], { input: roundScript(), encoding: 'utf8' }).stdout;

  it('runs a command as it is written, quotes and all', () => {
    expect(round('command', '1', `test "a b" = 'a b'`)).toBe('0 ok exit code 0\n');
  });

  it('shows what a failed command said, and goes on', () => {
    expect(round('command', '1', 'echo out; echo err >&2; exit 4', 'command', '1', 'true')).toBe(
      '0 bad expected exit code 0, but got 4\n0 more out\n0 more err\n1 ok exit code 0\n',
    );
  });

  it('lets no command read the script as its input', () => {
    expect(round('command', '1', 'cat', 'command', '1', 'false')).toContain('1 bad');
  });

  it('finds a port that nobody listens on', () => {
    expect(round('tcp', '1', '1')).toBe('0 bad expected it to take connections, but nothing answers on it\n');
  });
});
