import type { PullWish } from '../../model/forge.ts';
import type { Call } from '../../model/ports.ts';
import { ask, type Octokit, partsOf } from './octokit.ts';

/** Its address; that of the open one, where there is one between these branches. */
export async function openPull(octokit: Octokit, repository: string, wish: PullWish, call: Call): Promise<string> {
  const where = partsOf(repository);
  const { data } = await ask(`read the pull requests of ${repository}`, call, (request) =>
    octokit.rest.pulls.list({ ...where, state: 'open', per_page: 50, request }),
  );
  const found = data.find(({ head, base }) => head.ref === wish.head && base.ref === wish.base);
  if (found !== undefined) return found.html_url;
  const made = await ask(`open a pull request in ${repository}`, call, (request) =>
    octokit.rest.pulls.create({ ...where, ...wish, request }),
  );
  return made.data.html_url;
}
