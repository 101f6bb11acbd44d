import type { Links } from './model/card.ts';
import type { CommitStatus, Forge } from './model/forge.ts';
import type { Outcome } from './model/outcome.ts';
import type { Reporter } from './model/ports.ts';
import { exitCodeOf } from './report/exit-code.ts';
import {
  type About,
  commentMarker,
  contextOf,
  cutOffStatus,
  errorStatus,
  outcomeStatus,
  pendingStatus,
  planComment,
} from './report/feedback.ts';

/** A forge is on the same site; what it does not answer by then is left. */
const TIMEOUT_MS = 10_000;

export interface FeedbackOptions {
  /** undefined: no token, or no forge. */
  readonly forge: Forge | undefined;
  readonly reporter: Reporter;
  readonly run: { readonly repository: string; readonly id: string; readonly number: string };
  /** Of the pull request that the run is for. */
  readonly pull: number | undefined;
}

/** Tells the forge what comes of a run. Whatever the forge answers, the run goes on: a warning, once. */
export class Feedback {
  private readonly options: FeedbackOptions;
  private about: About | undefined;
  private found: Links | undefined;
  private silent = false;

  constructor(options: FeedbackOptions) {
    this.options = options;
    this.silent = options.forge === undefined;
  }

  /** From now on it is known what the run is about. `announce`: nobody has said yet that it runs. */
  async begin(about: About, announce: boolean): Promise<void> {
    this.about = about;
    if (announce) await this.say(pendingStatus(about));
  }

  /** Addresses of repository and run, for whoever else shows them. */
  async links(): Promise<Links | undefined> {
    const { about } = this;
    if (this.found !== undefined || about === undefined) return this.found;
    await this.tell(async (forge) => {
      this.found = await forge.links(about.repository, this.options.run, this.call());
    });
    return this.found;
  }

  async ended(outcome: Outcome): Promise<void> {
    const { about } = this;
    if (about === undefined) return;
    await this.say(outcomeStatus(about, outcome, exitCodeOf(outcome)));
    const { pull } = this.options;
    if (pull === undefined || outcome.kind !== 'planned') return;
    const body = planComment(about, outcome, (await this.links())?.run);
    await this.tell((forge) =>
      forge.comment(about.repository, pull, { marker: commentMarker(about), body }, this.call()),
    );
  }

  async failed(error: unknown): Promise<void> {
    if (this.about !== undefined) await this.say(errorStatus(this.about, error));
  }

  /** After everything else of the job: what is still pending was cut off. */
  async cutOff(about: About): Promise<void> {
    this.about = about;
    await this.tell((forge) => this.tellOfCut(forge, about.repository, about.commit, contextOf(about)));
  }

  /** Gitea takes a cancelled job's token away before the job can say anything: its next run says it. */
  async cutOffEarlier({ repository }: About): Promise<void> {
    const { forge } = this.options;
    if (this.silent || forge === undefined) return;
    try {
      const commits = await forge.cancelled(repository, this.call());
      for (const commit of commits) await this.tellOfCut(forge, repository, commit);
    } catch {
      // Gitea up to 1.25 does not list runs for the token of a job, and nothing of this run depends on it.
    }
  }

  /** Somebody else carries on with it, and says how it ended. */
  async handedOn(to: string): Promise<void> {
    if (this.about !== undefined) await this.say({ ...pendingStatus(this.about), description: to });
  }

  private async tellOfCut(forge: Forge, repository: string, commit: string, context?: string): Promise<void> {
    for (const status of await forge.statuses(repository, commit, this.call())) {
      if (context !== undefined && status.context !== context) continue;
      const cut = cutOffStatus(status);
      if (cut !== undefined) await forge.setStatus(repository, cut, this.call());
    }
  }

  private async say(status: CommitStatus): Promise<void> {
    const url = (await this.links())?.run;
    const whole = url === undefined ? status : { ...status, url };
    await this.tell((forge) => forge.setStatus(this.about?.repository ?? '', whole, this.call()));
  }

  private async tell(work: (forge: Forge) => Promise<void>): Promise<void> {
    const { forge, reporter } = this.options;
    if (this.silent || forge === undefined) return;
    try {
      await work(forge);
    } catch (error) {
      this.silent = true;
      const reason = error instanceof Error ? error.message : String(error);
      reporter.tell({ kind: 'warning', text: `the forge is not told how this run goes: ${reason}` });
    }
  }

  /** A run that is stopped still says so. */
  private call(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: TIMEOUT_MS, signal: new AbortController().signal };
  }
}
