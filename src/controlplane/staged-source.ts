import type { Source } from '../model/ports.ts';

/** What a deploy gets from a directory made for it, while its history is that of the directory in git. */
export function stagedSource(source: Source, staged: string, original: string): Source {
  const where = (directory: string): string => (directory === staged ? original : directory);
  return {
    ...source,
    commit: (directory) => source.commit(where(directory)),
    resolve: (directory, name) => source.resolve(where(directory), name),
    at: (directory, commit) => source.at(where(directory), commit),
    isAncestor: (directory, older, newer) => source.isAncestor(where(directory), older, newer),
    changedFiles: (directory, before, after) => source.changedFiles(where(directory), before, after),
  };
}
