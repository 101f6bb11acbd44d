import { formatProblem, ProblemsError } from '../model/errors.ts';
import type { CommitStatus } from '../model/forge.ts';
import type { Outcome } from '../model/outcome.ts';
import { outcomeLine, outcomeMarkdown } from './outcome.ts';
import { plainLine } from './plain-text.ts';
import { verdict } from './plan.ts';

/** Which container of which commit a run is about. */
export interface About {
  /** owner/name */
  readonly repository: string;
  readonly name: string;
  readonly stage: string;
  readonly commit: string;
  /** plan, deploy, configure … */
  readonly verb: string;
}

type Said = Pick<CommitStatus, 'commit' | 'state' | 'context' | 'description'>;

const OURS = 'pve-gitops / ';
const RUNNING = ' is running';

/** A plan has a line of its own: it must not hide how the deploy of the same commit ended. */
export function contextOf({ name, stage, verb }: Pick<About, 'name' | 'stage' | 'verb'>): string {
  const what = stage === 'main' ? name : `${name} (${stage})`;
  return `${OURS}${what}${verb === 'plan' ? ' / plan' : ''}`;
}

export function pendingStatus(about: About): Said {
  return { commit: about.commit, context: contextOf(about), state: 'pending', description: `${about.verb}${RUNNING}` };
}

/** Of what still says that it runs, and does not; undefined: somebody else's, ended, or handed on. */
export function cutOffStatus(status: CommitStatus): CommitStatus | undefined {
  const { context, state, description } = status;
  if (!context.startsWith(OURS) || state !== 'pending' || !description.endsWith(RUNNING)) return undefined;
  const verb = description.slice(0, -RUNNING.length);
  return { ...status, state: 'error', description: `${verb} was cut off; the next run finishes what it had begun` };
}

/** @param exitCode of the run: a plan that would be refused is green, and says so */
export function outcomeStatus(about: About, outcome: Outcome, exitCode: number): Said {
  const said = { commit: about.commit, context: contextOf(about) };
  if (exitCode !== 0) return { ...said, state: 'failure', description: oneLine(failureOf(outcome)) };
  if (outcome.kind !== 'planned') return { ...said, state: 'success', description: oneLine(outcomeLine(outcome)) };
  const refused = outcome.plan.refusals.length > 0 ? `refused: ${outcome.plan.refusals[0]?.reason ?? ''}` : undefined;
  const note = about.verb === 'plan' ? undefined : outcome.plan.notes.at(-1);
  return { ...said, state: 'success', description: oneLine(refused ?? note ?? verdict(outcome.plan)) };
}

export function errorStatus(about: About, error: unknown): Said {
  const [first = 'failed'] = errorMessages(error);
  return { commit: about.commit, context: contextOf(about), state: 'failure', description: oneLine(first) };
}

function failureOf(outcome: Outcome): string {
  return outcome.kind === 'failed' ? `${outcome.message}; ${outcome.serving}` : outcomeLine(outcome);
}

/** Each stands alone in a forge's list of errors: one for each problem of what a person wrote. */
export function errorMessages(error: unknown): readonly string[] {
  if (error instanceof ProblemsError) return error.problems.map((problem) => oneLine(formatProblem(problem)));
  return [oneLine(error instanceof Error ? error.message : String(error))];
}

const oneLine = (text: string): string => plainLine(text.replaceAll(/\s*\n\s*/g, ' · '));

/** Found again by it, so that a pull request has one plan per container and not one per push. */
export function commentMarker({ name, stage }: Pick<About, 'name' | 'stage'>): string {
  return `<!-- pve-gitops:plan ${name}/${stage} -->`;
}

export function planComment(about: About, outcome: Outcome, run: string | undefined): string {
  const commit = `\`${about.commit.slice(0, 12)}\``;
  const from = run === undefined ? `Of commit ${commit}.` : `Of commit ${commit}, by [this run](${run}).`;
  return `${outcomeMarkdown(outcome)}\n<sub>${from} It is made anew with every push; nothing was changed.</sub>\n`;
}
