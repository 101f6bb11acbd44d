import { GitopsError } from '../../model/errors.ts';
import { printable } from '../process/printable.ts';

/** A commit's full name, SHA-1 or SHA-256. */
export const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Full names that a given ref may stand for, the likeliest first: `main` is a branch, else a tag. What git does not allow in a
 * name is refused; characters that only mean something to a shell are fine, for there is none.
 */
export function refNames(ref: string): readonly string[] {
  const reason = refProblem(ref);
  if (reason !== undefined) {
    throw new GitopsError('user', `Unable to check out ref ${JSON.stringify(printable(ref))}: ${reason}`);
  }
  return ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
}

/** The rules of git-check-ref-format(1). */
function refProblem(ref: string): string | undefined {
  if (ref === '') return 'it is empty';
  if (ref.startsWith('-')) return 'a name does not begin with a dash';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(ref)) return 'it has a blank, a control character or one of ~ ^ : ? * [ \\';
  if (ref.includes('..') || ref.includes('@{') || ref === '@') return 'it has .. or @{';
  if (ref.endsWith('.')) return 'it ends with a dot';
  const parts = ref.split('/');
  if (parts.some((part) => part === '' || part.startsWith('.') || part.endsWith('.lock'))) {
    return 'one of its parts is empty, begins with a dot or ends with .lock';
  }
  return undefined;
}
