import { isAbsolute, join } from 'node:path';
import { GitopsError } from '../model/errors.ts';

/** A place where the settings file may be. */
export interface Candidate {
  /** As shown in origins and messages. */
  readonly path: string;
  /** What named it; then it has to be there. */
  readonly named?: '--config' | 'PVE_GITOPS_CONFIG';
}

/** The text of a file, undefined when there is none. */
export type Read = (path: string) => string | undefined;

/**
 * Where the JSON file is looked for, in order. A file that is named is the only candidate. Paths below `cwd` are shown
 * relative to it.
 */
export function settingsFiles(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, string>>,
): readonly Candidate[] {
  if (flags.config) return [{ path: flags.config, named: '--config' }];
  if (environment.PVE_GITOPS_CONFIG) return [{ path: environment.PVE_GITOPS_CONFIG, named: 'PVE_GITOPS_CONFIG' }];
  return [{ path: 'local/config.json' }, { path: '/etc/pve-gitops/config.json' }];
}

/**
 * The first file that is there counts alone: two half files that complete each other would send the password of one
 * to the host of the other. Throws kind user when a named file is missing.
 */
export function readSettingsFiles(
  candidates: readonly Candidate[],
  cwd: string,
  read: Read,
): readonly { readonly path: string; readonly text: string }[] {
  for (const { path, named } of candidates) {
    const text = read(isAbsolute(path) ? path : join(cwd, path));
    if (text !== undefined) return [{ path, text }];
    if (named !== undefined) {
      throw new GitopsError('user', `Unable to read settings ${path}: there is no such file`, {
        advice: [`${named} names it; correct the path or leave it out`],
      });
    }
  }
  return [];
}
