import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSource } from '../../../src/adapters/source/source.ts';
import { keepData } from '../../../src/configure/keep-data.ts';
import type { Shell } from '../../../src/model/ports.ts';

/** The script as it stands runs on this machine, with its paths below a temporary folder and a mount table of its own. */

let root: string;
let directory: string;
let volume: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pve-gitops-keep-'));
  directory = join(root, 'shop');
  volume = join(root, 'data');
  mkdirSync(join(volume, 'lost+found'), { recursive: true });
  writeFileSync(join(root, 'mountinfo'), '30 1 0:1 / / rw\n31 30 0:2 / /usr/local/data rw\n');
  put('db/orders', 'one');
  put('.hidden', 'two');
  put(' odd\n"name" $(x)', 'three');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(directory, 'data', path)), { recursive: true });
  writeFileSync(join(directory, 'data', path), text);
}

interface Change {
  /** Of the script, before it runs. */
  readonly script?: (text: string, verb: string) => string;
  /** Of the bytes that are sent. */
  readonly input?: (bytes: Buffer) => Buffer;
}

function shell({ script = (text) => text, input = (bytes) => bytes }: Change = {}): { shell: Shell; verbs: string[] } {
  const verbs: string[] = [];
  const run: Shell['run'] = async (command) => {
    const [program = '', flag = '', text = '', ...rest] = command.argv;
    const verb = rest.at(-1) ?? '';
    verbs.push(verb);
    const moved = script(text, verb)
      .replaceAll('$5 == path', '$5 == "/usr/local/data"')
      .replaceAll('/proc/self/mountinfo', join(root, 'mountinfo'))
      .replaceAll('data=/usr/local/data', `data=${volume}`);
    const chunks: Uint8Array[] = [];
    if (command.input !== undefined)
      for await (const chunk of command.input as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const { status, stdout, stderr } = spawnSync(program, [flag, moved, ...rest], {
      input: input(Buffer.concat(chunks)),
      encoding: 'utf8',
    });
    for (const line of `${stdout}\n${stderr}`.split('\n')) command.onLine?.(line, 'stdout');
    return { exitCode: status ?? 1, stdout, stderr };
  };
  return { shell: { run, close: () => Promise.resolve() }, verbs };
}

function keep(using: Shell, hasVolume = true) {
  const call = { timeoutMs: 60_000, signal: new AbortController().signal };
  const input = { vmid: 120, hasVolume, data: () => createSource().data(directory) };
  return keepData(using, input, call, () => undefined);
}

const entries = () => readdirSync(volume).toSorted();
const WHOLE = [' odd\n"name" $(x)', '.hidden', '.pve-gitops-copied', 'db', 'lost+found'];

describe('data of a directory in its volume', () => {
  it('is copied once, whatever becomes of either side', async () => {
    const first = shell();
    expect(await keep(first.shell)).toEqual({
      changed: [expect.stringMatching(/^data to \/usr\/local\/data: 3 files, \d+ KiB, compared by checksums$/)],
      warnings: [],
    });
    expect(first.verbs).toEqual(['look', 'copy']);
    expect(entries()).toEqual(WHOLE);
    writeFileSync(join(volume, 'db', 'orders'), 'written by the service');
    put('db/orders', 'changed here');
    const second = shell();
    expect(await keep(second.shell)).toEqual({ changed: [], warnings: [] });
    expect(second.verbs).toEqual(['look']);
    expect(readFileSync(join(volume, 'db', 'orders'), 'utf8')).toBe('written by the service');
  });

  it('stays away from a volume that has files already', async () => {
    writeFileSync(join(volume, 'theirs'), 'x');
    const { warnings } = await keep(shell().shell);
    expect(warnings).toEqual([expect.stringContaining('there are files at /usr/local/data already, which stay')]);
    expect(entries()).toEqual(['lost+found', 'theirs']);
  });

  it('is not put into a root file system where no volume is mounted, as in a candidate', async () => {
    writeFileSync(join(root, 'mountinfo'), '30 1 0:1 / / rw\n');
    expect(await keep(shell().shell)).toEqual({ changed: [], warnings: [] });
    expect(entries()).toEqual(['lost+found']);
    const asked = shell();
    expect((await keep(asked.shell, false)).warnings).toEqual([expect.stringContaining('no volume of the definition')]);
    expect(asked.verbs).toEqual([]);
  });

  it('that arrives damaged or cut off is put nowhere, and the next run does it', async () => {
    const damaged = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString('latin1').replace('three', 'thr33'), 'latin1');
    await expect(keep(shell({ input: damaged }).shell)).rejects.toThrow(/Unable to copy data into container 120/);
    const cut = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2);
    await expect(keep(shell({ input: cut }).shell)).rejects.toThrow(/Unable to copy data/);
    expect(entries()).toEqual(['.pve-gitops-copying', 'lost+found']);
    await keep(shell().shell);
    expect(entries()).toEqual(WHOLE);
  });

  it.each(['sync', '  mv -f "$whole.new"', '  find "$into"', '  mv -f "$whole" "$note"', '  rm -rf "$into"\n  printf'])(
    'killed before %j, the next run comes to the same end',
    async (line) => {
      const kill = (text: string, verb: string) =>
        verb === 'copy' ? text.replace(line, `kill -KILL $$\n${line}`) : text;
      await expect(keep(shell({ script: kill }).shell)).rejects.toThrow();
      await keep(shell().shell);
      expect(entries()).toEqual(WHOLE);
      expect(readFileSync(join(volume, 'db', 'orders'), 'utf8')).toBe('one');
      expect(existsSync(join(volume, '.pve-gitops-copying'))).toBe(false);
    },
  );

  it('killed in the middle of moving, what the container wrote meanwhile stays', async () => {
    const kill = (text: string, verb: string) =>
      verb === 'copy' ? text.replace(`-exec sh -c '`, `-exec sh -c 'test -e "$1/.hidden" && kill -KILL $PPID; `) : text;
    await keep(shell({ script: kill }).shell).catch(() => undefined);
    writeFileSync(join(volume, 'new'), 'by the service');
    await keep(shell().shell);
    expect(entries().filter((name) => name !== 'new')).toEqual(WHOLE);
    expect(readFileSync(join(volume, 'new'), 'utf8')).toBe('by the service');
  });

  it('the folder itself gets the mode that it had', async () => {
    spawnSync('chmod', ['750', join(directory, 'data')]);
    await keep(shell().shell);
    expect(statSync(volume).mode & 0o777).toBe(0o750);
  });
});
