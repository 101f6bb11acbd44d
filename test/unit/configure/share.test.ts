import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { mountShare, type ShareInput } from '../../../src/configure/share.ts';
import type { RemoteCommand, Shell } from '../../../src/model/ports.ts';

const SHARE = { host: 'share.home', name: 'share', readOnly: true };

async function run(input: Partial<ShareInput>, lines: readonly string[] = [], exitCode = 0) {
  const asked: RemoteCommand[] = [];
  const shell: Shell = {
    run(command) {
      asked.push(command);
      for (const line of lines) command.onLine?.(line, 'stdout');
      return Promise.resolve({ exitCode, stdout: '', stderr: '' });
    },
    close: () => Promise.resolve(),
  };
  const call = { timeoutMs: 1000, signal: new AbortController().signal };
  const given = { vmid: 1042, share: SHARE, login: 'anna', password: 'geheim $(id)', ...input };
  return { asked, result: await mountShare(shell, given, call, () => undefined) };
}

it('hands login and password over as input, and the rest as arguments', async () => {
  const { asked, result } = await run({}, ['changed: mounted //share.home/share at /share']);
  expect(asked[0]?.argv.slice(4)).toEqual(['share.home', 'share', 'ro', '1000', '1001']);
  expect(asked[0]?.argv.join(' ')).not.toContain('geheim');
  expect(new TextDecoder().decode(asked[0]?.input as Uint8Array)).toBe('anna\ngeheim $(id)\n');
  expect(result).toEqual({ changed: ['mounted //share.home/share at /share'], warnings: [] });
  expect(spawnSync('sh', ['-n', '-c', String(asked[0]?.argv[2])])).toMatchObject({ status: 0 });
});

it('does nothing without a share', async () => {
  expect(await run({ share: undefined })).toEqual({ asked: [], result: { changed: [], warnings: [] } });
});

it.each([
  [{ login: undefined }, 'user', 'there is no login for it'],
  [{ password: 'two\nlines' }, 'user', 'LOGIN or PASSWORD holds a line break'],
] as const)('refuses %j', async (input, kind, reason) => {
  await expect(run(input)).rejects.toMatchObject({
    kind,
    message: `Unable to mount the share in container 1042: ${reason}`,
  });
});

it('says why it could not be mounted', async () => {
  await expect(run({}, ['error: //share.home/share cannot be read'], 1)).rejects.toMatchObject({
    kind: 'remote',
    message: 'Unable to mount the share in container 1042: //share.home/share cannot be read',
  });
});
