import { readFileSync } from 'node:fs';
import * as core from '@actions/core';

export interface RunEvent {
  /** push, workflow_dispatch, pull_request …; '' when the runner does not tell */
  readonly name: string;
  /** Number of the pull request. */
  readonly pull?: number;
  /** Branch that it is to be merged into. */
  readonly base?: string;
  /** It comes from another repository. */
  readonly fork: boolean;
}

/**
 * The runner's side of an action: inputs, outputs, masks, log, job summary. Gitea's runner speaks GitHub's protocol;
 * what older versions of it lack (a summary file) is guarded here.
 */
export interface Runner {
  /** What started the run. */
  event(): RunEvent;
  /** Kept for the step's own post part. */
  saveState(name: string, value: string): void;
  /** What the main part has kept; '' in the main part itself. */
  state(name: string): string;
  /** Inputs that were given, by name; empty ones are absent. */
  inputs(names: readonly string[]): Readonly<Record<string, string>>;
  output(name: string, value: string): void;
  /** Every line, because older runners mask per line only. */
  mask(value: string): void;
  line(text: string): void;
  group(title: string): void;
  endGroup(): void;
  /** One line, because older Gitea versions print `%0A` as it stands. */
  error(message: string): void;
  warning(message: string): void;
  summary(markdown: string): Promise<void>;
  fail(exitCode: number): void;
  readonly debug: boolean;
}

export function createRunner(environment: Readonly<Record<string, string | undefined>>): Runner {
  const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' · ');
  return {
    inputs(names) {
      const entries = names.map((name) => [name, core.getInput(name)] as const).filter(([, value]) => value !== '');
      return Object.fromEntries(entries);
    },
    event: () => eventOf(environment),
    saveState: (name, value) => core.saveState(name, value),
    state: (name) => core.getState(name),
    output: (name, value) => core.setOutput(name, value),
    mask(value) {
      for (const line of value.split(/\r?\n/)) if (line.trim() !== '') core.setSecret(line);
    },
    // What a container prints is text: a line of its output must not become a command to the runner.
    line: (text) => core.info(text.replace(/^(\s*)(?=::|##\[)/, '$1| ')),
    group: (title) => core.startGroup(oneLine(title)),
    endGroup: () => core.endGroup(),
    error: (message) => core.error(oneLine(message)),
    warning: (message) => core.warning(oneLine(message)),
    async summary(markdown) {
      if (environment.GITHUB_STEP_SUMMARY === undefined || environment.GITHUB_STEP_SUMMARY === '') return;
      await core.summary.addRaw(markdown, true).write();
    },
    fail(exitCode) {
      process.exitCode = exitCode;
    },
    debug: core.isDebug(),
  };
}

interface PullRequest {
  readonly number?: unknown;
  readonly base?: { readonly ref?: unknown; readonly repo?: { readonly full_name?: unknown } };
  readonly head?: { readonly repo?: { readonly full_name?: unknown } | null };
}

/** What Gitea 1.27 calls the event of a workflow that another one calls. The payload stays that of the event which started the run. */
const CALLED = 'workflow_call';

/** From the file that the runner writes; one that cannot be read tells nothing. */
function eventOf(environment: Readonly<Record<string, string | undefined>>): RunEvent {
  const said = environment.GITHUB_EVENT_NAME ?? '';
  const payload =
    said.startsWith('pull_request') || said === CALLED ? payloadOf(environment.GITHUB_EVENT_PATH) : undefined;
  const name = said === CALLED ? startedBy(payload) : said;
  const pull = payload?.pull_request;
  // What is not known to be ours is taken for a fork's.
  if (pull === undefined) {
    return { name, fork: name.startsWith('pull_request') || (said === CALLED && payload === undefined) };
  }
  const { number, base, head } = pull;
  const home = base?.repo?.full_name;
  return {
    name,
    fork: typeof home !== 'string' || head?.repo?.full_name !== home,
    ...(typeof number === 'number' ? { pull: number } : {}),
    ...(typeof base?.ref === 'string' ? { base: base.ref } : {}),
  };
}

interface Payload {
  readonly pull_request?: PullRequest;
  /** Of a workflow that somebody asked for. */
  readonly workflow?: unknown;
  /** Of a push: the commit that the branch is at. */
  readonly after?: unknown;
}

function startedBy(payload: Payload | undefined): string {
  if (payload?.pull_request !== undefined) return 'pull_request';
  if (typeof payload?.workflow === 'string') return 'workflow_dispatch';
  return typeof payload?.after === 'string' ? 'push' : CALLED;
}

function payloadOf(path: string | undefined): Payload | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path ?? '', 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
