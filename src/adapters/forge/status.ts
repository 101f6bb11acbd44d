import type { CommitStatus } from '../../model/forge.ts';
import type { Call } from '../../model/ports.ts';
import { ask, type Octokit, partsOf } from './octokit.ts';

/** GitHub's limit; Gitea takes more. */
const LONGEST = 140;

export async function setStatus(
  octokit: Octokit,
  repository: string,
  { commit, state, context, description, url }: CommitStatus,
  call: Call,
): Promise<void> {
  const text = description.length > LONGEST ? `${description.slice(0, LONGEST - 1)}…` : description;
  const values = { ...partsOf(repository), sha: commit, state, context, description: text };
  await ask(`set the status of ${repository}`, call, (request) =>
    octokit.rest.repos.createCommitStatus({
      ...values,
      ...(url === undefined ? {} : { target_url: url }),
      request,
    }),
  );
}

/** Newest first is how both forges list them. */
export async function currentStatus(
  octokit: Octokit,
  repository: string,
  commit: string,
  context: string,
  call: Call,
): Promise<CommitStatus['state'] | undefined> {
  const { data } = await ask(`read the status of ${repository}`, call, (request) =>
    octokit.rest.repos.listCommitStatusesForRef({ ...partsOf(repository), ref: commit, request }),
  );
  // Gitea calls it status where GitHub says state.
  const known = data as readonly { readonly context: string; readonly state?: string; readonly status?: string }[];
  const found = known.find((entry) => entry.context === context);
  const state = found?.state ?? found?.status;
  return state === 'pending' || state === 'success' || state === 'failure' || state === 'error' ? state : undefined;
}
