import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { HostChange, SharedChange } from './host-change.ts';
import { isShared } from './host-change.ts';
import type { HostJournal } from './host-journal.ts';
import { isSharedAlready, releaseChange, shareChange } from './host-registry.ts';
import { undoHostChange } from './host-undo.ts';

/** The only way in which this back end changes the host: written down, then done, and taken back in reverse. */
export interface HostChanger {
  changes(): readonly HostChange[];
  has(change: HostChange): boolean;
  /** Writes a change down; the caller makes it next. */
  note(change: HostChange): Promise<void>;
  /** Forgets a change that was not made after all. */
  drop(change: HostChange): Promise<void>;
  /** Takes one change back. */
  undo(change: HostChange): Promise<void>;
  /** Sets a kernel switch under /proc/sys, and remembers what it was. */
  sysctl(path: string, value: string): Promise<void>;
  /** As sysctl, for a number that must not be lower than this. */
  atLeast(path: string, value: number): Promise<void>;
  /** Adds a line to a file of the host, unless it has it. */
  line(file: string, line: string): Promise<void>;
  directory(path: string, mode: number): Promise<void>;
  /** A folder that a program of ours makes and leaves behind, unless it is there without us. */
  leavesDirectory(path: string): Promise<void>;
  /** Takes everything back, newest first. Goes on after a failure and throws at the end. */
  undoAll(): Promise<void>;
}

export function hostChanger(journal: HostJournal, journalFile: string, registry?: string): HostChanger {
  const share = async (change: SharedChange, make: (noted: SharedChange) => Promise<void>): Promise<void> => {
    await journal.add(change);
    await shareChange(change, journalFile, make, registry);
  };

  const undo = async (change: HostChange): Promise<void> => {
    if (isShared(change)) await releaseChange(change, journalFile, undoHostChange, registry);
    else await undoHostChange(change);
    await journal.remove(change);
  };

  const changer: HostChanger = {
    changes: () => journal.changes(),
    has: (change) => journal.has(change),
    note: (change) => journal.add(change),
    drop: (change) => journal.remove(change),
    undo,
    async sysctl(path, value) {
      const before = (await readFile(path, 'utf8')).trim();
      const change: SharedChange = { kind: 'sysctl', path, before, after: value };
      const ours = journal.has(change) || (await isSharedAlready(change, registry));
      if (before === value && !ours) return;
      await share(change, async (noted) => {
        if (noted.kind === 'sysctl') await writeFile(noted.path, noted.after);
      });
    },
    async atLeast(path, value) {
      const now = async (): Promise<number> => Number((await readFile(path, 'utf8').catch(() => 'NaN')).trim());
      const before = await now();
      const change: SharedChange = { kind: 'sysctl', path, before: String(before), after: String(value) };
      if (Number.isNaN(before)) return;
      if (before >= value && !(await isSharedAlready(change, registry))) return;
      await share(change, async () => {
        if ((await now()) < value) await writeFile(path, String(value));
      });
    },
    async line(file, line) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      const change: SharedChange = { kind: 'line', file, line, existed: text !== undefined };
      const ours = journal.has(change) || (await isSharedAlready(change, registry));
      if (text?.split('\n').includes(line) && !ours) return;
      await share(change, async () => {
        const now = await readFile(file, 'utf8').catch(() => '');
        if (now.split('\n').includes(line)) return;
        await writeFile(file, `${now}${now === '' || now.endsWith('\n') ? '' : '\n'}${line}\n`);
      });
    },
    async directory(path, mode) {
      await journal.add({ kind: 'directory', path });
      await mkdir(dirname(path), { recursive: true, mode: 0o711 });
      await mkdir(path, { recursive: true, mode });
    },
    async leavesDirectory(path) {
      const change: SharedChange = { kind: 'shared-directory', path };
      if (existsSync(path) && !(await isSharedAlready(change, registry))) return;
      await share(change, async () => undefined);
    },
    async undoAll() {
      const failed: unknown[] = [];
      for (const change of [...journal.changes()].reverse()) {
        await undo(change).catch((error: unknown) => failed.push(error));
      }
      if (failed.length > 0) {
        const reasons = failed.map((error) => (error instanceof Error ? error.message : String(error)));
        throw new AggregateError(failed, `unable to take back all changes to this machine: ${reasons.join('; ')}`);
      }
    },
  };
  return changer;
}
