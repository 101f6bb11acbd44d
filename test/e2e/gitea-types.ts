/** Only the fields the tests read. */
export interface Run {
  readonly id: number;
  readonly path: string;
  readonly event: string;
  readonly status: string;
  readonly conclusion?: string;
  readonly head_sha: string;
  readonly html_url: string;
}

export interface Job {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly conclusion?: string;
  /** None, or 0, before a runner has taken it. */
  readonly runner_id?: number;
  readonly runner_name?: string;
  readonly steps: readonly { readonly name: string; readonly status: string; readonly conclusion?: string }[];
}

export interface Runner {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly busy: boolean;
}

export interface CommitStatus {
  readonly context: string;
  readonly status: string;
  readonly description: string;
  readonly target_url: string;
}

/** Which of the runs of a commit is meant; `workflow` is a file name such as `ci.yml`. */
export interface RunFilter {
  readonly workflow?: string;
  readonly event?: string;
  /** Begun after this run. */
  readonly after?: number;
}
