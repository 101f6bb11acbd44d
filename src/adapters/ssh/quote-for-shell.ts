import { GitopsError } from '../../model/errors.ts';

/** Linux takes 128 KiB in one argument, and sshd hands the whole line to the shell as one. */
const LONGEST = 96 * 1024;

/**
 * Program and arguments as one line that a POSIX shell splits into exactly these words. Every word is quoted, so that nothing
 * in it means anything to the shell.
 */
export function quoteForShell(argv: readonly string[]): string {
  const line = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  if (argv.length === 0) throw new GitopsError('bug', 'Unable to quote command: it has no words');
  if (line.includes('\0'))
    throw new GitopsError('bug', `Unable to quote command ${argv[0]}: a word has a NUL character`);
  if (Buffer.byteLength(line) > LONGEST) {
    throw new GitopsError(
      'bug',
      `Unable to quote command ${argv[0]}: it is longer than ${LONGEST} bytes; use its input`,
    );
  }
  return line;
}
