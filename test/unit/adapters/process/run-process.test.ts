import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { type ProcessRequest, runProcess } from '../../../../src/adapters/process/run-process.ts';
import { GitopsError } from '../../../../src/model/errors.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'run-process-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function sh(script: string, more: Partial<ProcessRequest> = {}) {
  return runProcess({
    name: 'the script',
    file: 'sh',
    args: ['-c', script],
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...more,
  });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still has its entry: it is gone as far as work is concerned.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function failure(run: Promise<unknown>): Promise<GitopsError> {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GitopsError)) throw new Error(`expected a GitopsError, got ${String(error)}`);
  return error;
}

describe('runProcess', () => {
  it('returns exit code and both streams', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it('counts an end by signal as shells do', async () => {
    expect(await sh('kill -TERM $$')).toMatchObject({ exitCode: 143, signal: 'SIGTERM' });
  });

  it('hands over complete lines as they come', async () => {
    const lines: string[] = [];
    await sh('printf "one\\ntw"; printf "o\\r\\nlast"; echo bad >&2', {
      onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    });
    expect(lines.filter((line) => line.startsWith('stdout'))).toEqual(['stdout: one', 'stdout: two', 'stdout: last']);
    expect(lines).toContain('stderr: bad');
  });

  it('masks a secret that arrives in two chunks and shows control characters instead of obeying them', async () => {
    const mask = createMask();
    mask.mask('correct horse');
    const lines: string[] = [];
    const script = 'printf "is corr"; sync /dev/null 2>/dev/null; printf "ect horse\\033[2J\\n"';
    const result = await sh(script, { mask, onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['is ***\\x1b[2J']);
    expect(result.stdout).toBe('is ***\x1b[2J\n');
  });

  it('keeps only the end of a long output', async () => {
    const result = await sh('i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done', { maxOutputBytes: 100 });
    expect(result.stdout.length).toBeLessThanOrEqual(100);
    expect(result.stdout.endsWith('line 1998\nline 1999\n')).toBe(true);
  });

  it('streams all of its input', async () => {
    async function* source() {
      for (let n = 0; n < 64; n += 1) yield new Uint8Array(65_536).fill(97);
    }
    expect((await sh('wc -c', { input: source() })).stdout.trim()).toBe(String(64 * 65_536));
    expect((await sh('cat', { input: new TextEncoder().encode('all at once') })).stdout).toBe('all at once');
  });

  it('holds the source back while the program does not read', async () => {
    let made = 0;
    async function* source() {
      for (; made < 64; made += 1) yield new Uint8Array(65_536);
    }
    await failure(sh('exec sleep 60', { input: source(), timeoutMs: 300 }));
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(8);
  });

  it('accepts a program that does not read its input', async () => {
    async function* endless() {
      for (;;) yield new Uint8Array(65536);
    }
    expect(await sh('exit 4', { input: endless() })).toMatchObject({ exitCode: 4 });
  });

  it('fails with the error of the input and stops the program', async () => {
    async function* broken() {
      yield new TextEncoder().encode(`started\n`);
      throw new GitopsError('user', 'Unable to read recipe: gone');
    }
    const error = await failure(sh('read line; echo $$ >pid; exec sleep 60', { cwd: directory, input: broken() }));
    expect(error.message).toBe('Unable to read recipe: gone');
  });

  it('ends the whole process group at the deadline, also what ignores SIGTERM', async () => {
    const script = `trap '' TERM; (trap '' TERM; echo $$ >child; exec sleep 60) & echo $! >child; echo before; wait`;
    const error = await failure(sh(script, { cwd: directory, timeoutMs: 300, graceMs: 200 }));
    expect(error).toMatchObject({
      kind: 'remote',
      message: 'Unable to finish the script: sh did not end within 300 ms and was stopped',
    });
    expect(error.remote.log).toEqual(['before']);
    expect(alive(Number(readFileSync(join(directory, 'child'), 'utf8')))).toBe(false);
  });

  it('ends with the signal, and does not start when it is already given', async () => {
    const controller = new AbortController();
    const run = sh('echo started; exec sleep 60', { signal: controller.signal, onLine: () => controller.abort() });
    expect((await failure(run)).message).toBe('Unable to finish the script: it was cancelled');
    await failure(sh('touch ran', { cwd: directory, signal: controller.signal }));
    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });

  it('does not wait for a left-over that holds the output open', async () => {
    const started = performance.now();
    const { exitCode, stdout } = await sh('sleep 30 & echo $!');
    process.kill(Number(stdout));
    expect(exitCode).toBe(0);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('names a missing program and its package', async () => {
    const error = await failure(
      runProcess({
        name: 'key making',
        file: '/nowhere/ssh-keygen',
        args: [],
        timeoutMs: 1000,
        signal: new AbortController().signal,
      }),
    );
    expect(error).toMatchObject({
      kind: 'host',
      message: 'Unable to run key making: the program /nowhere/ssh-keygen is not installed',
      advice: ['apt-get install openssh-client'],
    });
  });

  it('passes on no variable but the few that programs need', async () => {
    process.env.INPUT_PASSWORD = 'geheim';
    try {
      const { stdout } = await sh('env', { env: { ADDED: 'yes' } });
      expect(stdout).toContain('ADDED=yes');
      expect(stdout).toContain('PATH=');
      expect(stdout).not.toContain('geheim');
    } finally {
      delete process.env.INPUT_PASSWORD;
    }
  });
});
