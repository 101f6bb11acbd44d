import { spawn } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createKeys } from '../../src/adapters/keys/site-keys.ts';
import { createMask } from '../../src/adapters/process/mask.ts';
import { createShells } from '../../src/adapters/ssh/shells.ts';
import { type GitopsError, isGitopsError } from '../../src/model/errors.ts';
import type { Call, Shell, Shells, Target } from '../../src/model/ports.ts';
import { alive, createSshDaemon, type SshDaemon, until } from './ssh-daemon.ts';

const CALL: Call = { timeoutMs: 20_000, signal: new AbortController().signal };
// Twenty commands at once listen to it.
setMaxListeners(0, CALL.signal);
const STRANGE = `SHA256:${'A'.repeat(43)}`;

let state: string;
let daemon: SshDaemon;
let shells: Shells;
const mask = createMask();

const target = (hostKeys: readonly string[] = daemon.hostKeys): Target => ({
  vmid: 1042,
  node: 'pve',
  address: '127.0.0.1',
  hostKeys,
});

// What this file leaves behind is told apart from what other runs on this machine have in theirs.
const outside = tmpdir();
const inside = mkdtempSync(join(outside, 'ssh-shells-'));
process.env.TMPDIR = inside;
const others = readdirSync('/run');

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'ssh-state-'));
  const keys = createKeys({ stateDirectory: state, run: 'test' });
  daemon = await createSshDaemon(await keys.authority());
  await daemon.start();
  shells = createShells({ certificates: keys, clock: createClock(), mask, port: daemon.port });
});
afterAll(async () => {
  await daemon?.remove();
  rmSync(state, { recursive: true, force: true });
  process.env.TMPDIR = outside;
  rmSync(inside, { recursive: true, force: true });
});

async function withShell(use: (shell: Shell) => Promise<void>): Promise<void> {
  const shell = await shells.open(target(), CALL);
  try {
    await use(shell);
  } finally {
    await shell.close();
  }
}

async function failure(run: Promise<unknown>): Promise<GitopsError> {
  const error = await run.then(
    () => 'it went well',
    (reason: unknown) => reason,
  );
  if (!isGitopsError(error)) throw new Error(`expected a GitopsError, got ${String(error)}`);
  return error;
}

const guards = () => readdirSync('/run').filter((name) => name.startsWith('pve-gitops.') && !others.includes(name));
const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith('pve-gitops-'));
const script = (text: string, ...more: string[]) => ({ name: 'script', argv: ['sh', '-c', text, 'sh', ...more] });
const logins = () => daemon.log().match(/Accepted publickey/g)?.length ?? 0;
const pidsIn = (file: string) => readFileSync(file, 'utf8').trim().split('\n').map(Number);

describe('a shell over a real sshd', () => {
  it('runs commands with their words, streams and exit codes as they are', async () => {
    await withShell(async (shell) => {
      const words = ["it's", '$HOME', '', 'a b', '`id`', 'new\nline', '-n'];
      const echo = await shell.run({ name: 'words', argv: ['printf', '<%s>', ...words] }, CALL);
      expect(echo).toEqual({ exitCode: 0, stdout: words.map((word) => `<${word}>`).join(''), stderr: '' });
      expect(await shell.run(script('echo out; echo err >&2; exit 3'), CALL)).toEqual({
        exitCode: 3,
        stdout: 'out\n',
        stderr: 'err\n',
      });
      expect(await shell.run({ name: 'nothing', argv: ['no-such-program'] }, CALL)).toMatchObject({ exitCode: 127 });
    });
  });

  it('tells a command’s own 255 from that of ssh, and a killed command from a lost connection', async () => {
    await withShell(async (shell) => {
      expect(await shell.run(script('echo mine; exit 255'), CALL)).toMatchObject({ exitCode: 255, stdout: 'mine\n' });
      const killed = await failure(shell.run(script('kill -KILL $PPID'), CALL));
      expect(killed.message).toBe('Unable to finish script in container 1042: it was killed there, or could not start');
    });
  });

  it('streams input of any size and content', async () => {
    await withShell(async (shell) => {
      const chunk = Buffer.alloc(100_000, Buffer.from([0, 1, 10, 126, 255]));
      async function* input() {
        for (let n = 0; n < 50; n += 1) yield chunk;
      }
      expect((await shell.run({ ...script('wc -c'), input: input() }, CALL)).stdout.trim()).toBe('5000000');
      expect((await shell.run(script('cat; echo end'), CALL)).stdout).toBe('end\n');
    });
  });

  it('hands over lines while the command runs, secrets masked', async () => {
    mask.mask('hunter2-and-more');
    await withShell(async (shell) => {
      const lines: string[] = [];
      let seen = () => {};
      const first = new Promise<void>((settle) => {
        seen = settle;
      });
      // The command waits for its input, which comes only when its first line was seen here.
      async function* input() {
        await first;
        yield Buffer.from('go\n');
      }
      const onLine = (line: string, stream: string) => {
        lines.push(`${stream}: ${line}`);
        seen();
      };
      const text = 'echo started hunter2-and-more; read line; echo "$line" >&2';
      const result = await shell.run({ ...script(text), input: input(), onLine }, CALL);
      expect(lines).toEqual(['stdout: started ***', 'stderr: go']);
      expect(result.stdout).toBe('started ***\n');
    });
  });

  it('shares one connection among many commands at once', async () => {
    const before = logins();
    await withShell(async (shell) => {
      const runs = Array.from({ length: 20 }, (_, n) => shell.run(script('echo $1', String(n)), CALL));
      const results = await Promise.all(runs);
      expect(results.map((result) => result.stdout.trim())).toEqual(Array.from({ length: 20 }, (_, n) => String(n)));
    });
    expect(logins()).toBe(before + 1);
    expect(daemon.log()).toContain('pve-gitops test');
  });

  it('leaves nothing behind, here or there', async () => {
    const before = temporary();
    const shell = await shells.open(target(), CALL);
    expect(guards()).toHaveLength(1);
    const own = temporary().filter((name) => !before.includes(name));
    expect(own).toHaveLength(1);
    // The key is gone as soon as the login is done.
    expect(readdirSync(join(tmpdir(), own[0] ?? '')).sort()).toEqual(['control', 'known-hosts', 'offered']);
    await shell.close();
    await shell.close();
    expect(temporary()).toEqual(before);
    expect(guards()).toEqual([]);
  });
});

describe('the end of the work there', () => {
  it('comes with the deadline, also for what ignores SIGTERM', async () => {
    await withShell(async (shell) => {
      const file = join(daemon.directory, 'stubborn');
      const text = `trap '' TERM; sh -c 'trap "" TERM; echo $$ >>"$1"; sleep 300' sh "$1" & echo $$ >>"$1"; wait`;
      expect(await failure(shell.run(script(text, file), { ...CALL, timeoutMs: 1_500 }))).toMatchObject({
        kind: 'remote',
        message: 'Unable to finish script in container 1042: the command did not end within 1.5 s and was stopped',
      });
      expect(pidsIn(file)).toHaveLength(2);
      // Dead at once, but this machine's init may take seconds to reap what has lost its parent.
      await until(() => !pidsIn(file).some(alive));
      // The connection itself is as good as before.
      expect(await shell.run(script('echo still here'), CALL)).toMatchObject({ stdout: 'still here\n' });
    });
  });

  it('comes with the signal, and with the end of the shell', async () => {
    const shell = await shells.open(target(), CALL);
    const file = join(daemon.directory, 'two');
    const endless = script('echo $$ >>"$1"; echo up; sleep 300', file);
    const controller = new AbortController();
    const stop = () => controller.abort();
    const cancelled = await failure(shell.run({ ...endless, onLine: stop }, { ...CALL, signal: controller.signal }));
    expect(cancelled.message).toContain('it was cancelled');
    await until(() => !pidsIn(file).some(alive));
    let closed: Promise<void> | undefined;
    const close = () => {
      closed = shell.close();
    };
    expect(await failure(shell.run({ ...endless, onLine: close }, CALL))).toMatchObject({
      kind: 'remote',
      remote: { uncertain: true },
    });
    await closed;
    expect(pidsIn(file)).toHaveLength(2);
    await until(() => !pidsIn(file).some(alive));
    expect(guards()).toEqual([]);
  });

  it('comes with the loss of the connection, and the error says that it is uncertain', async () => {
    const shell = await shells.open(target(), CALL);
    const file = join(daemon.directory, 'lost');
    let stopped: Promise<void> | undefined;
    const lose = () => {
      stopped = daemon.stop();
    };
    const lost = shell.run({ ...script('echo $$ >"$1"; echo up; sleep 300', file), onLine: lose }, CALL);
    expect(await failure(lost)).toMatchObject({
      kind: 'remote',
      message: 'Unable to finish script in container 1042: the connection was lost',
      remote: { uncertain: true },
    });
    await stopped;
    await until(() => !pidsIn(file).some(alive));
    await until(() => guards().length === 0);
    await failure(shell.run(script('echo again'), CALL));
    await shell.close();
    const opening = shells.open(target(), CALL);
    await daemon.start();
    const again = await opening;
    expect(await again.run(script('echo late'), CALL)).toMatchObject({ stdout: 'late\n' });
    await again.close();
  });

  it('comes with the death of this process', async () => {
    const file = join(daemon.directory, 'killed');
    const built = (path: string) => JSON.stringify(pathToFileURL(resolve('build/src/adapters', path)).href);
    const program = `
      const [state, port, keys, file] = JSON.parse(process.argv[1]);
      const { createClock } = await import(${built('clock/clock.js')});
      const { createKeys } = await import(${built('keys/site-keys.js')});
      const { createShells } = await import(${built('ssh/shells.js')});
      const call = { timeoutMs: 60000, signal: new AbortController().signal };
      const certificates = createKeys({ stateDirectory: state, run: 'victim' });
      const shells = createShells({ certificates, clock: createClock(), port });
      const shell = await shells.open({ vmid: 1042, node: 'pve', address: '127.0.0.1', hostKeys: keys }, call);
      const argv = ['sh', '-c', 'echo $$ >"$1.new"; mv "$1.new" "$1"; sleep 300', 'sh', file];
      await shell.run({ name: 'endless', argv }, call);`;
    const facts = JSON.stringify([state, daemon.port, daemon.hostKeys, file]);
    const before = temporary();
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, facts], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await until(() => existsSync(file));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until(() => !pidsIn(file).some(alive));
    await until(() => guards().length === 0);
    for (const name of temporary().filter((one) => !before.includes(one))) {
      // Without the process nobody removes it; there is no key in it any more.
      expect(readdirSync(join(tmpdir(), name))).not.toContain('id');
      rmSync(join(tmpdir(), name), { recursive: true });
    }
  });
});

describe('what must not be reached', () => {
  it('never goes on with a host key that is not pinned', async () => {
    const before = logins();
    const error = await failure(shells.open(target([STRANGE]), CALL));
    expect(error.kind).toBe('remote');
    expect(error.message).toMatch(
      /^Unable to connect to container 1042 at 127\.0\.0\.1: its host key SHA256:\S+ is not the pinned one$/,
    );
    expect(daemon.hostKeys.some((key) => error.message.includes(key))).toBe(true);
    expect(logins()).toBe(before);
  });

  it('goes on when one of several pins is the host’s', async () => {
    const shell = await shells.open(target([STRANGE, ...daemon.hostKeys]), CALL);
    expect(await shell.run(script('echo in'), CALL)).toMatchObject({ stdout: 'in\n' });
    await shell.close();
  });

  it('says that the certificate of another site is not accepted', async () => {
    const other = mkdtempSync(join(tmpdir(), 'ssh-other-'));
    const certificates = createKeys({ stateDirectory: other, run: 'other' });
    const stranger = createShells({ certificates, clock: createClock(), port: daemon.port });
    const error = await failure(stranger.open(target(), CALL));
    rmSync(other, { recursive: true, force: true });
    expect(error).toMatchObject({ kind: 'remote', message: expect.stringContaining('permission denied') });
    expect(error.advice.join()).toContain('CA');
  });
});
