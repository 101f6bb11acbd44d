import { mkdir, rm } from 'node:fs/promises';
import { progressLog } from './progress-log.ts';
import { CommandError, runCommand } from './run-command.ts';
import type { Trees } from './trees.ts';

const DU_DEADLINE = 60_000;
const COPY_DEADLINE = 60 * 60_000;

/** Trees as plain directories: they work everywhere, know no limit but the file system's own, and are copied file by file. */
export const directoryTrees: Trees = {
  kind: 'directory',
  async make(path) {
    await mkdir(path, { mode: 0o755 });
  },
  async duplicate(from, to, log, signal) {
    const argv = ['cp', '-a', '--reflink=auto', from, to];
    const progress = progressLog(log, 'copying');
    try {
      const result = await runCommand(argv, { timeout: COPY_DEADLINE, signal, contained: true });
      if (result.code !== 0 || result.ended !== undefined) throw new CommandError(argv, result);
    } finally {
      progress.end();
    }
  },
  async remove(path) {
    await rm(path, { recursive: true, force: true });
  },
  flush: async () => {},
  limit: async () => {},
  async used(path) {
    const result = await runCommand(['du', '-sx', '--block-size=1', path], { timeout: DU_DEADLINE });
    return Number(result.stdout.split('\t')[0]) || 0;
  },
  setReadOnly: async () => {},
};
