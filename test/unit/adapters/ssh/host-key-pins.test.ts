import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pinHostKeys } from '../../../../src/adapters/ssh/host-key-pins.ts';

const PINS = [`SHA256:${'a/+'.repeat(14)}z`, `SHA256:${'B'.repeat(43)}`];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pins-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** As ssh calls it: the tokens replaced, split at blanks, no shell. */
function ask(command: string, fingerprint: string): string {
  const values: Readonly<Record<string, string>> = {
    f: fingerprint,
    H: '[192.0.2.1]:22',
    t: 'ssh-ed25519',
    K: 'AAAAC3',
  };
  const [file = '', ...args] = command
    .split(' ')
    .map((word) => word.replace(/%(.)/g, (_, token) => values[token] ?? ''));
  const { stdout, status } = spawnSync(file, args, { encoding: 'utf8' });
  expect(status).toBe(0);
  return stdout;
}

describe('pinHostKeys', () => {
  it('knows the keys whose fingerprints are pinned and no other, and remembers what was shown', async () => {
    const pins = await pinHostKeys(directory, PINS);
    for (const pin of PINS) expect(ask(pins.command, pin)).toBe('[192.0.2.1]:22 ssh-ed25519 AAAAC3\n');
    const strange = `SHA256:${'C'.repeat(43)}`;
    expect(ask(pins.command, strange)).toBe('');
    expect(ask(pins.command, 'NONE')).toBe('');
    // A pattern would match everything.
    expect(ask(pins.command, '*')).toBe('');
    expect(await pins.offered()).toEqual([...PINS, strange]);
  });

  it('refuses no pins, and what is no fingerprint', async () => {
    await expect(pinHostKeys(directory, [])).rejects.toThrow('there are none');
    await expect(pinHostKeys(directory, ["SHA256:x') ;; *"])).rejects.toThrow('no SHA-256 fingerprint');
  });
});
