import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type BaselineInput, baselineHash, baselineScript, runBaseline } from '../../../src/baseline/debian.ts';
import type { Event, RemoteCommand, Shell } from '../../../src/model/ports.ts';

const INPUT: BaselineInput = {
  vmid: 1042,
  timezone: 'Europe/Berlin',
  locale: 'C.UTF-8',
  upgrade: false,
  sshKeys: ['ssh-ed25519 AAAAC3one anna@home', '  ', '# a note'],
  authority: 'ssh-ed25519 AAAAC3authority site CA\n',
};
const CALL = { timeoutMs: 1000, signal: new AbortController().signal };

function clock() {
  let now = 0;
  return {
    now() {
      now += 40;
      return new Date(now);
    },
    sleep: () => Promise.resolve(),
  };
}

async function run(lines: readonly string[], exitCode: number, input: BaselineInput = INPUT) {
  const asked: RemoteCommand[] = [];
  const told: Event[] = [];
  const shell: Shell = {
    run(command) {
      asked.push(command);
      for (const line of lines) command.onLine?.(line, 'stdout');
      return Promise.resolve({ exitCode, stdout: '', stderr: '' });
    },
    close: () => Promise.resolve(),
  };
  const result = await runBaseline(shell, input, clock(), CALL, (event) => told.push(event));
  return { asked, told, result };
}

describe('runBaseline', () => {
  it('hands values over as arguments and the script as input, in one command', async () => {
    const { asked } = await run([], 0);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.argv).toEqual([
      'sh',
      '-s',
      '--',
      'ssh-ed25519 AAAAC3authority',
      'Europe/Berlin',
      'C.UTF-8',
      'no',
      'ssh-ed25519 AAAAC3one anna@home',
    ]);
    expect(new TextDecoder().decode(asked[0]?.input as Uint8Array)).toBe(baselineScript());
  });

  it('says what was changed, what needs a look, and how long it took', async () => {
    const { result, told } = await run(['Get:1 sudo', 'changed: installed sudo', 'warning: a stranger', ''], 0);
    expect(result).toEqual({
      kind: 'baseline',
      summary: '1 change',
      changes: [],
      changed: ['installed sudo'],
      warnings: ['a stranger'],
      milliseconds: 40,
    });
    expect(told).toEqual([
      { kind: 'line', text: 'Get:1 sudo' },
      { kind: 'line', text: 'changed: installed sudo' },
    ]);
  });

  it('has nothing to say when nothing was to do', async () => {
    expect((await run([], 0)).result.summary).toBe('nothing to do');
  });

  it.each([
    [3, 'user', 'time zone Nowhere is not known here'],
    [1, 'remote', 'apt-get could not install sudo'],
  ])('exit code %i is kind %s, with the script’s reason and its last lines', async (exitCode, kind, reason) => {
    const failed = run(['E: trouble', `error: ${reason}`], exitCode);
    await expect(failed).rejects.toMatchObject({
      kind,
      message: `Unable to give container 1042 its baseline: ${reason}`,
      remote: { log: ['E: trouble', `error: ${reason}`] },
    });
  });

  it('names the exit code when the script gave no reason', async () => {
    await expect(run(['E: trouble'], 137)).rejects.toThrow('the script ended with exit code 137 (E: trouble)');
    await expect(run([], 137)).rejects.toThrow('the script ended with exit code 137 (it said nothing)');
  });

  it.each<[string, Partial<BaselineInput>]>([
    ['time zone', { timezone: '../etc/passwd' }],
    ['time zone', { timezone: '/etc/passwd' }],
    ['locale', { locale: '.*' }],
    ['operator key', { sshKeys: ['ssh-ed25519 AAAA one\nssh-ed25519 AAAA two'] }],
    ['certificate authority', { authority: 'nothing' }],
  ])('refuses a %s that is none, before anything runs', async (what, wrong) => {
    await expect(run([], 0, { ...INPUT, ...wrong })).rejects.toMatchObject({
      kind: 'user',
      message: expect.stringContaining(what),
    });
  });
});

describe('baselineHash', () => {
  const { authority, ...settings } = INPUT;
  const hash = baselineHash(settings, authority);

  it('stays while what is brought about stays', () => {
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(baselineHash({ ...settings, sshKeys: ['ssh-ed25519 AAAAC3one anna@home'] }, authority)).toBe(hash);
  });

  it.each([{ timezone: 'UTC' }, { locale: 'de_DE.UTF-8' }, { upgrade: true }, { sshKeys: [] }])(
    'changes with %j',
    (other) => {
      expect(baselineHash({ ...settings, ...other }, authority)).not.toBe(hash);
    },
  );

  it('changes with the authority', () => {
    expect(baselineHash(settings, 'ssh-ed25519 AAAAC3other')).not.toBe(hash);
  });
});

describe('baselineScript', () => {
  it('is read by sh', () => {
    expect(spawnSync('sh', ['-n'], { input: baselineScript() })).toMatchObject({ status: 0 });
  });

  it('does nothing when it arrives cut off: all work starts on its last line', () => {
    const cut = baselineScript().trimEnd().split('\n').slice(0, -1).join('\n');
    const { status, stdout, stderr } = spawnSync('sh', ['-s', '--', 'a', 'b', 'c', 'no'], {
      input: cut,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(baselineScript().trimEnd().split('\n').at(-1)).toBe('main "$@" </dev/null');
  });
});
