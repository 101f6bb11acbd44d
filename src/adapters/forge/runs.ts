import type { Call } from '../../model/ports.ts';
import { ask, type Octokit, partsOf } from './octokit.ts';

/** A run that was cut off is told of by the next one: what is older has been seen by others. */
const NEWEST = 20;

/** Commits whose runs have all ended, one of them by being cancelled. */
export async function cancelledCommits(octokit: Octokit, repository: string, call: Call): Promise<readonly string[]> {
  const { data } = await ask(`read the runs of ${repository}`, call, (request) =>
    octokit.rest.actions.listWorkflowRunsForRepo({ ...partsOf(repository), per_page: NEWEST, request }),
  );
  const runs = data.workflow_runs;
  const working = new Set(runs.filter(({ status }) => status !== 'completed').map(({ head_sha }) => head_sha));
  const ended = runs.filter(({ conclusion }) => conclusion === 'cancelled').map(({ head_sha }) => head_sha);
  return [...new Set(ended)].filter((commit) => !working.has(commit));
}
