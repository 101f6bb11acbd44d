import type { Call } from './ports.ts';

/** What a forge shows beside a commit. */
export interface CommitStatus {
  readonly commit: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** One per container and stage; a later one of the same replaces it. */
  readonly context: string;
  /** One line. */
  readonly description: string;
  readonly url?: string;
}

/** Asks that the branch `base` take what `head` has; both are branches of the repository. */
export interface PullWish {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  readonly body: string;
}

/** The forge that a run belongs to, as far as it is told what came of it. A repository is owner/name. */
export interface Forge {
  /** Addresses as browsers reach them; they may differ from the one that the runner uses. */
  links(
    repository: string,
    run: { readonly repository: string; readonly id: string; readonly number: string },
    call: Call,
  ): Promise<{
    readonly repository: string;
    readonly run: string;
  }>;
  setStatus(repository: string, status: CommitStatus, call: Call): Promise<void>;
  /** What stands beside a commit now, the newest of each context. */
  statuses(repository: string, commit: string, call: Call): Promise<readonly CommitStatus[]>;
  /** Commits whose runs have all ended, one of them by being cancelled; of the newest runs only. */
  cancelled(repository: string, call: Call): Promise<readonly string[]>;
  /** Address of the pull request between two branches: the one that is open, else a new one. */
  openPull(repository: string, wish: PullWish, call: Call): Promise<string>;
  /** The one comment of ours on a pull request that begins with this marker: changed when it is there, else made. */
  comment(
    repository: string,
    pull: number,
    comment: { readonly marker: string; readonly body: string },
    call: Call,
  ): Promise<void>;
}
