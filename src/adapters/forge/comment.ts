import { isGitopsError } from '../../model/errors.ts';
import type { Call } from '../../model/ports.ts';
import { ask, type Octokit, partsOf } from './octokit.ts';

/**
 * Changes the comment that begins with the marker, or makes it. One that this token may not change belongs to somebody
 * else, who has copied the marker.
 */
export async function setComment(
  octokit: Octokit,
  repository: string,
  pull: number,
  { marker, body }: { readonly marker: string; readonly body: string },
  call: Call,
): Promise<void> {
  const where = partsOf(repository);
  const text = `${marker}\n${body}`;
  const what = (verb: string): string => `${verb} the comment on pull request ${pull} of ${repository}`;
  const { data } = await ask(what('find'), call, (request) =>
    octokit.rest.issues.listComments({ ...where, issue_number: pull, per_page: 100, request }),
  );
  for (const { id } of data.filter((comment) => comment.body?.startsWith(marker) === true)) {
    try {
      await ask(what('change'), call, (request) =>
        octokit.rest.issues.updateComment({ ...where, comment_id: id, body: text, request }),
      );
      return;
    } catch (error) {
      if (!isGitopsError(error) || (error.remote.status !== 403 && error.remote.status !== 404)) throw error;
    }
  }
  await ask(what('make'), call, (request) =>
    octokit.rest.issues.createComment({ ...where, issue_number: pull, body: text, request }),
  );
}
