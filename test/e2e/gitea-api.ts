import type { CommitStatus, Job, Run, RunFilter, Runner } from './gitea-types.ts';
import { Hopeless, waitFor } from './wait.ts';

/** `srv` for what belongs to an organisation, `srv/config` for what belongs to a repository. */
const scope = (owner: string) => (owner.includes('/') ? `/repos/${owner}` : `/orgs/${owner}`);

/** The calls of Gitea's API that the end-to-end tests need. A repository is named `owner/name`. */
export class GiteaApi {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Any call; `undefined` where the answer has no body. */
  async request<T>(method: string, path: string, body?: object): Promise<T> {
    const text = await this.text(method, path, body);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async text(method: string, path: string, body?: object): Promise<string> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${this.#token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Unable to ${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return text;
  }

  async version(): Promise<string> {
    return (await this.request<{ version: string }>('GET', '/version')).version;
  }

  async createOrganisation(name: string): Promise<void> {
    await this.request('POST', '/orgs', { username: name, visibility: 'public' });
  }

  async createRepository(repository: string, options: { readonly private?: boolean } = {}): Promise<void> {
    const [owner, name] = repository.split('/');
    const body = { name, private: options.private ?? false, default_branch: 'main' };
    await this.request('POST', `/orgs/${owner}/repos`, body);
  }

  async setSecret(owner: string, name: string, value: string): Promise<void> {
    await this.request('PUT', `${scope(owner)}/actions/secrets/${name}`, { data: value });
  }

  async setVariable(owner: string, name: string, value: string): Promise<void> {
    await this.request('POST', `${scope(owner)}/actions/variables/${name}`, { value });
  }

  async runnerRegistrationToken(): Promise<string> {
    return (await this.request<{ token: string }>('POST', '/admin/actions/runners/registration-token')).token;
  }

  async runners(): Promise<readonly Runner[]> {
    return (await this.request<{ runners: Runner[] }>('GET', '/admin/actions/runners')).runners;
  }

  /** Starts a workflow by its file below .gitea/workflows/ and returns the id of the run. */
  async dispatch(
    repository: string,
    workflow: string,
    ref: string,
    inputs: Record<string, string> = {},
  ): Promise<number> {
    const path = `/repos/${repository}/actions/workflows/${encodeURIComponent(workflow)}/dispatches?return_run_details=true`;
    const before = await this.#newestDispatch(repository);
    const answer = await this.request<{ workflow_run_id: number } | undefined>('POST', path, { ref, inputs });
    if (answer !== undefined) return answer.workflow_run_id;
    // Gitea up to 1.25 does not say which run it is.
    const begun = async () => {
      const newest = await this.#newestDispatch(repository);
      return newest > before ? newest : undefined;
    };
    return waitFor(`the run of ${workflow} that was asked for`, 30_000, begun);
  }

  async #newestDispatch(repository: string): Promise<number> {
    const path = `/repos/${repository}/actions/runs?event=workflow_dispatch`;
    const { workflow_runs: all } = await this.request<{ workflow_runs: Run[] | null }>('GET', path);
    return Math.max(0, ...(all ?? []).map(({ id }) => id));
  }

  async run(repository: string, id: number): Promise<Run> {
    return this.request<Run>('GET', `/repos/${repository}/actions/runs/${id}`);
  }

  async runs(repository: string, sha: string, filter: RunFilter = {}): Promise<readonly Run[]> {
    const path = `/repos/${repository}/actions/runs?head_sha=${sha}`;
    const all = (await this.request<{ workflow_runs: Run[] | null }>('GET', path)).workflow_runs ?? [];
    return all.filter(
      (run) =>
        (filter.event === undefined || run.event === filter.event) &&
        run.id > (filter.after ?? 0) &&
        (filter.workflow === undefined || run.path.startsWith(`${filter.workflow}@`)),
    );
  }

  /** The run that a commit started, once it has ended. More than one such run means that the filter is too wide. */
  async waitForRun(repository: string, sha: string, filter: RunFilter = {}, timeoutMs = 120_000): Promise<Run> {
    let seen = 'no run';
    const ended = async () => {
      const found = await this.runs(repository, sha, filter);
      seen = found.map((run) => `${run.path} ${run.status}`).join(', ') || 'no run';
      if (found.length > 1) throw new Hopeless(`Unable to tell which run of ${repository} ${sha} is meant: ${seen}`);
      return found.find((run) => run.status === 'completed');
    };
    return waitFor(`the end of the run of ${repository} ${sha}`, timeoutMs, ended, () => seen);
  }

  async waitForRunById(repository: string, id: number, timeoutMs = 120_000): Promise<Run> {
    let seen = '';
    const ended = async () => {
      const run = await this.run(repository, id);
      seen = run.status;
      return run.status === 'completed' ? run : undefined;
    };
    return waitFor(`the end of run ${id} of ${repository}`, timeoutMs, ended, () => seen);
  }

  async jobs(repository: string, run: number): Promise<readonly Job[]> {
    return (await this.request<{ jobs: Job[] }>('GET', `/repos/${repository}/actions/runs/${run}/jobs`)).jobs;
  }

  /** Of a job that no runner took, since a later run overtook it, Gitea has none: it says 404. */
  async log(repository: string, { id, name, conclusion, runner_id }: Job): Promise<string> {
    if ((runner_id ?? 0) === 0) return `${name}: no runner took it, ${conclusion ?? 'not ended'}\n`;
    return this.text('GET', `/repos/${repository}/actions/jobs/${id}/logs`);
  }

  async commitStatuses(repository: string, sha: string): Promise<readonly CommitStatus[]> {
    const path = `/repos/${repository}/commits/${sha}/status`;
    return (await this.request<{ statuses: CommitStatus[] | null }>('GET', path)).statuses ?? [];
  }
}
