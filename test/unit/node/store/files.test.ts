import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Document, writeAtomically } from '../../../../local/node/store/files.ts';

const directory = mkdtempSync(join(tmpdir(), 'pve-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('files', () => {
  it('are written whole, with their mode, and leave nothing beside', () => {
    const file = join(directory, 'a', 'b.json');
    writeAtomically(file, 'one');
    writeAtomically(file, 'two');
    expect(readFileSync(file, 'utf8')).toBe('two');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'a'))).toEqual(['b.json']);
  });

  it('keep what they had when a change throws', () => {
    const document = new Document(join(directory, 'c.json'), () => ({ list: [1] }));
    const change = (): void =>
      document.update((value) => {
        value.list.push(2);
        throw new Error('no');
      });
    expect(change).toThrow('no');
    expect(document.value).toEqual({ list: [1] });
    document.update((value) => value.list.push(3));
    expect(new Document(join(directory, 'c.json'), () => ({ list: [] as number[] })).value).toEqual({ list: [1, 3] });
  });
});
