import type { Mask } from './connect.ts';
import { openBranches, openForge } from './connect-action.ts';
import type { Desired } from './model/desired.ts';
import type { Outcome } from './model/outcome.ts';
import type { Reporter } from './model/ports.ts';

/** The branch that stands at the last good commit, and the one that a rollback asks to follow it. */
const GOOD = 'snapshot';
const BASE = 'main';
const TIMEOUT_MS = 30_000;

export interface FollowContext {
  readonly desired: Desired;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly token: string;
  readonly mask: Mask;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * A repository shows what runs: `snapshot` stands at the commit that was last seen to be good, and after a rollback a pull
 * request asks main to say the same. Of stage main only. Whatever the forge answers, the run stays what it was: a warning.
 */
export async function follow(context: FollowContext, outcome: Outcome): Promise<void> {
  const { desired, environment, reporter, token } = context;
  const { GITHUB_SERVER_URL: serverUrl } = environment;
  const commit = outcome.kind !== 'done' ? undefined : outcome.back === undefined ? desired.commit : outcome.back.to;
  if (outcome.kind !== 'done' || commit === undefined || desired.stage !== 'main') return;
  if (serverUrl === undefined || token === '') return;
  try {
    const branches = await openBranches({ ...context, serverUrl });
    if (branches === undefined) return;
    await branches.move(GOOD, commit);
    if (outcome.back === undefined) return;
    const short = commit.slice(0, 12);
    const title = `Go back to ${short}`;
    const branch = `back-to-${short}`;
    if (!(await branches.goBack({ base: BASE, to: commit, branch, message: `${title}\n` }))) return;
    const from = outcome.back.from === undefined ? '' : ` from ${outcome.back.from.slice(0, 12)}`;
    const body = `${desired.name} was rolled back${from} to ${short}, and serves that. Merging this makes \`${BASE}\` say the same; what was committed since stays in its history.`;
    const call = { timeoutMs: TIMEOUT_MS, signal: context.signal };
    const forge = openForge({ serverUrl, token });
    const url = await forge.openPull(desired.owner, { head: branch, base: BASE, title, body }, call);
    reporter.tell({ kind: 'note', text: `a pull request makes ${BASE} say what runs now: ${url}` });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reporter.tell({ kind: 'warning', text: `the repository's branches do not show what runs now: ${reason}` });
  }
}
