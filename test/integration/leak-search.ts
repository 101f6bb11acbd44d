import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Looks for texts wherever a secret could be left. */
export interface LeakSearch {
  /** Files below a directory that hold one of the texts; symlinks and devices are not followed. */
  files(directory: string, left?: readonly string[]): readonly string[];
  /** Files of a running container as it sees them itself: with its tmpfs, without the kernel's own. */
  container(pid: number): readonly string[];
  /** Texts that the bytes of a disk image hold, also where nothing points any more. */
  bytes(path: string): readonly string[];
  /** Texts in something that was printed. */
  text(said: string): readonly string[];
  close(): void;
}

const CHUNK = 16 * 1024 * 1024;

/** The parts of a sparse file that are more than holes, joined where they touch. */
function extentsOf(path: string): readonly { readonly start: number; readonly end: number }[] {
  const told = execFileSync('filefrag', ['-s', '-v', '-b1', path], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const extents: { start: number; end: number }[] = [];
  for (const [, first, last] of told.matchAll(/^\s*\d+:\s+(\d+)\.\.\s*(\d+):/gm)) {
    const extent = { start: Number(first), end: Number(last) + 1 };
    const before = extents.at(-1);
    if (before?.end === extent.start) before.end = extent.end;
    else extents.push(extent);
  }
  if (extents.length === 0) throw new Error(`filefrag sees nothing of ${path}`);
  return extents;
}

/** Every line of each text, and each as base64. */
export function searchFor(secrets: readonly string[]): LeakSearch {
  const lines = secrets.flatMap((secret) => secret.split('\n')).filter((line) => line.length > 3);
  // The last character or two depend on what comes after it.
  const encoded = secrets.map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -2));
  const texts = [...lines, ...encoded];
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-leak-'));
  // In a file, because grep's arguments are what others can see.
  const patterns = join(folder, 'patterns');
  writeFileSync(patterns, `${texts.join('\n')}\n`, { mode: 0o600 });

  const grep = (paths: readonly string[], left: readonly string[] = []): readonly string[] => {
    if (paths.length === 0) return [];
    const excluded = left.map((name) => `--exclude=${name}`);
    // Below .lxc in a container's /dev are proc and sys once more: they are the kernel's, and have no end.
    const args = ['-rlaF', '-D', 'skip', '--exclude-dir=.lxc', '-f', patterns, ...excluded, '--', ...paths];
    const { status, stdout, stderr } = spawnSync('grep', args, {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      // Bytes, not characters: many times faster.
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
    });
    // What ends while it is read is no finding; that grep could not look at all is.
    if (status === null || status > 2 || (status === 2 && !/No such|denied|Invalid/.test(stderr))) {
      throw new Error(`grep: ${stderr}`);
    }
    return stdout.split('\n').filter((line) => line !== '');
  };

  return {
    files: (directory, left) => grep([directory], left),
    container(pid) {
      const root = `/proc/${pid}/root`;
      const entries = readdirSync(root).filter((name) => !['proc', 'sys'].includes(name));
      const found = grep(entries.map((name) => join(root, name)));
      const name = ['-t', String(pid), '-m', '-p', '--', 'journalctl', '--no-pager', '-a', '-o', 'export'];
      // Long entries are compressed in the journal's files.
      const journal = execFileSync('nsenter', name, { encoding: 'latin1', maxBuffer: 256 * 1024 * 1024 });
      return [...found.map((path) => path.slice(root.length)), ...this.text(journal).map((text) => `journal: ${text}`)];
    },
    bytes(path) {
      if (!existsSync(path)) return [];
      const longest = Math.max(...texts.map((text) => Buffer.byteLength(text)));
      const chunk = Buffer.alloc(CHUNK + longest);
      const found = new Set<string>();
      const file = openSync(path, 'r');
      try {
        for (const { start, end } of extentsOf(path)) {
          let kept = 0;
          for (let at = start; at < end; ) {
            const read = readSync(file, chunk, kept, Math.min(CHUNK, end - at), at);
            if (read === 0) break;
            at += read;
            const whole = chunk.subarray(0, kept + read);
            for (const text of texts) if (whole.includes(text)) found.add(text);
            const rest = Math.min(longest, whole.length);
            chunk.copyWithin(0, whole.length - rest, whole.length);
            kept = rest;
          }
        }
      } finally {
        closeSync(file);
      }
      return [...found];
    },
    text: (said) => texts.filter((text) => said.includes(text)),
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Where the node's volumes are mounted, snapshots and images among them; undefined: they are in its state directory. */
export function poolOf(state: string): string | undefined {
  const line = execFileSync('mount', { encoding: 'utf8' })
    .split('\n')
    .find((entry) => entry.startsWith(`${join(state, 'volumes.btrfs')} on `));
  return line === undefined ? undefined : /^\S+ on (\S+) type/.exec(line)?.[1];
}
