import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostChanger, hostChanger } from '../../../../local/node/backend/lxc/host-changer.ts';
import { openHostJournal } from '../../../../local/node/backend/lxc/host-journal.ts';

let folder: string;
let registry: string;
let ids: string;
let toggle: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'host-changes-'));
  registry = join(folder, 'registry/shared.json');
  ids = join(folder, 'subuid');
  toggle = join(folder, 'ip_forward');
  writeFileSync(toggle, '0\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const journalOf = (node: string): string => join(folder, `${node}.jsonl`);
const open = async (node: string): Promise<HostChanger> =>
  hostChanger(await openHostJournal(journalOf(node)), journalOf(node), registry);

describe('a change of the host', () => {
  it('is written down, survives a restart, and is taken back', async () => {
    await (await open('a')).sysctl(toggle, '1');
    expect(readFileSync(toggle, 'utf8')).toBe('1');
    const again = await open('a');
    expect(again.changes()).toEqual([{ kind: 'sysctl', path: toggle, before: '0', after: '1' }]);
    await again.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('0');
    expect(existsSync(journalOf('a'))).toBe(false);
    expect(existsSync(registry)).toBe(false);
  });

  it('is not ours when it was so before', async () => {
    writeFileSync(toggle, '1\n');
    writeFileSync(ids, 'root:100000:65536\n');
    const changer = await open('a');
    await changer.sysctl(toggle, '1');
    await changer.line(ids, 'root:100000:65536');
    expect(changer.changes()).toEqual([]);
    await changer.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('1\n');
    expect(readFileSync(ids, 'utf8')).toBe('root:100000:65536\n');
  });

  it('that somebody changed further since is left alone', async () => {
    const changer = await open('a');
    await changer.sysctl(toggle, '1');
    writeFileSync(toggle, '2');
    await changer.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('2');
  });

  it('of a line keeps the lines around it, and the file that was not there goes', async () => {
    writeFileSync(ids, 'me:100000:65536');
    const changer = await open('a');
    await changer.line(ids, 'root:165536:65536');
    await changer.line(join(folder, 'subgid'), 'root:165536:65536');
    appendFileSync(ids, 'you:300000:65536\n');
    await changer.undoAll();
    expect(readFileSync(ids, 'utf8')).toBe('me:100000:65536\nyou:300000:65536\n');
    expect(existsSync(join(folder, 'subgid'))).toBe(false);
  });

  it('that several nodes need goes with the last of them', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.sysctl(toggle, '1');
    await b.sysctl(toggle, '1');
    await a.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('1');
    await b.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('0');
  });

  it('of a node that is gone without a reset goes with the next', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await a.sysctl(toggle, '1');
    await b.sysctl(toggle, '1');
    rmSync(journalOf('a'));
    await b.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('0');
  });

  it('is made again after a boot that undid it', async () => {
    await (await open('a')).sysctl(toggle, '1');
    writeFileSync(toggle, '0\n');
    const again = await open('a');
    await again.sysctl(toggle, '1');
    expect(readFileSync(toggle, 'utf8')).toBe('1');
    await again.undoAll();
    expect(readFileSync(toggle, 'utf8')).toBe('0');
  });

  it('raises a number, and never lowers one', async () => {
    const changer = await open('a');
    writeFileSync(toggle, '128\n');
    await changer.atLeast(toggle, 1024);
    expect(readFileSync(toggle, 'utf8')).toBe('1024');
    writeFileSync(toggle, '4096\n');
    await (await open('b')).atLeast(toggle, 1024);
    expect(readFileSync(toggle, 'utf8')).toBe('4096\n');
  });
});

describe('the journal', () => {
  it('passes over a line that a crash cut off', async () => {
    const changer = await open('a');
    await changer.note({ kind: 'directory', path: '/run/x' });
    appendFileSync(journalOf('a'), '{"did":{"kind":"mo');
    const again = await openHostJournal(journalOf('a'));
    await again.add({ kind: 'mount', path: '/run/x/y' });
    expect((await openHostJournal(journalOf('a'))).changes()).toEqual([
      { kind: 'directory', path: '/run/x' },
      { kind: 'mount', path: '/run/x/y' },
    ]);
  });
});
