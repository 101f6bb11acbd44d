import { basename } from 'node:path';
import { GitopsError } from '../model/errors.ts';

/** Which container a definition is for. */
export interface Identity {
  /** The repository's or directory's name. */
  readonly name: string;
  /** Repository, e.g. `srv/apache`. */
  readonly owner: string;
  readonly stage: string;
  /** Full commit hash; absent outside git. */
  readonly commit?: string;
}

/** Both end up in owner marks and host names, so only what a repository may be called. */
const PART = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$/;

/**
 * Name and owner of a definition: those of its repository (`srv/apache`), or `srv/<directory>`, so that the CLI and the forge
 * agree on whose a container is. Throws kind user when they cannot be names.
 */
export function identityOf(directory: string, repository?: string): Pick<Identity, 'name' | 'owner'> {
  const owner = repository === undefined || repository === '' ? `srv/${basename(directory)}` : repository;
  const [group = '', name = '', ...more] = owner.split('/');
  if (PART.test(group) && PART.test(name) && more.length === 0) return { name, owner };
  const repositoryGiven = owner === repository;
  const what = repositoryGiven ? `repository ${owner}` : `directory ${directory}`;
  throw new GitopsError('user', `Unable to name the container of ${what}: expected letters, digits, dots and hyphens`, {
    advice: [repositoryGiven ? 'write owner/name, such as srv/apache' : 'rename the directory'],
  });
}

const STAGE = /^[a-z](?:[a-z0-9-]{0,18}[a-z0-9])?$/;

/**
 * The stage: the input, else `develop` on that branch, else `main`. Off any branch (the CLI outside git) the setting `stage` comes
 * before `main`. Throws kind user when it cannot be one.
 */
export function stageOf(input: string | undefined, branch: string | undefined, fallback?: string): string {
  const stage = input || (branch ? (branch === 'develop' ? 'develop' : 'main') : fallback || 'main');
  if (STAGE.test(stage)) return stage;
  throw new GitopsError('user', `Unable to use stage ${JSON.stringify(stage)}: it is no name`, {
    advice: ['write lower-case letters, digits and hyphens, at most 20'],
  });
}
