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

/** Gitea calls it status where GitHub says state. */
interface Told {
  readonly context: string;
  readonly state?: string;
  readonly status?: string;
  readonly description?: string | null;
  readonly target_url?: string | null;
}

/** Newest first is how both forges list them; of each context the newest counts. */
export async function statusesOf(
  octokit: Octokit,
  repository: string,
  commit: string,
  call: Call,
): Promise<readonly CommitStatus[]> {
  const { data } = await ask(`read the status of ${repository}`, call, (request) =>
    octokit.rest.repos.listCommitStatusesForRef({ ...partsOf(repository), ref: commit, request }),
  );
  const found = new Map<string, CommitStatus>();
  for (const { context, description, target_url: url, ...told } of data as readonly Told[]) {
    const state = told.state ?? told.status;
    if (found.has(context) || !isState(state)) continue;
    const link = url === undefined || url === null || url === '' ? {} : { url };
    found.set(context, { commit, context, state, description: description ?? '', ...link });
  }
  return [...found.values()];
}

function isState(state: string | undefined): state is CommitStatus['state'] {
  return state === 'pending' || state === 'success' || state === 'failure' || state === 'error';
}
