import { GitopsError } from '../model/errors.ts';
import type { ForgeSite, PullRequest } from '../model/forge-site.ts';
import type { Call, Reporter } from '../model/ports.ts';

/** A pull request whose merge deploys. */
export interface Deploy {
  readonly repository: string;
  readonly pull: PullRequest;
}

/** What AUTO_DEPLOY says: nothing, or a word for yes or no. */
export function autoDeployOf(word: string | undefined): boolean {
  const text = (word ?? '').toLowerCase();
  if (['', '0', 'no', 'false', 'off'].includes(text)) return false;
  if (['1', 'yes', 'true', 'on'].includes(text)) return true;
  throw new GitopsError('user', `Unable to read AUTO_DEPLOY=${word}: expected yes or no`);
}

/**
 * What is merged here. A control plane that deploys itself to another place goes alone: its forge there has the others, and
 * whatever was deployed from both would have two histories.
 */
export function mergedHere(deploys: readonly Deploy[], elsewhere: boolean): readonly Deploy[] {
  return elsewhere ? deploys.filter(isControlPlane) : deploys;
}

interface MergeInput {
  readonly forge: Pick<ForgeSite, 'merge'>;
  readonly reporter: Reporter;
  /** Of the forge, as people reach it. */
  readonly url: string;
}

export interface Merged {
  readonly merged: readonly Deploy[];
  /** Some could not be merged: their pull requests are open. */
  readonly error?: GitopsError;
}

/** Each is tried. Runs of the forge do the rest, whoever is gone by then. */
export async function mergeAll(
  { forge, reporter, url }: MergeInput,
  deploys: readonly Deploy[],
  call: Call,
): Promise<Merged> {
  const merged: Deploy[] = [];
  const failed: { readonly repository: string; readonly cause: unknown }[] = [];
  // The control plane's comes last: its deploy may restart the forge under the others.
  const containers = deploys.filter((deploy) => !isControlPlane(deploy));
  for (const deploy of [...containers, ...deploys.filter(isControlPlane)]) {
    const { repository, pull } = deploy;
    try {
      await forge.merge(repository, pull.number, call);
      merged.push(deploy);
      reporter.tell({ kind: 'note', text: `${repository}: merged, its run deploys it  ${url}${repository}/actions` });
    } catch (cause) {
      if (call.signal.aborted) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `${repository}: not merged  ${url}${repository}/pulls/${pull.number}  ${reason}`;
      reporter.tell({ kind: 'warning', text });
      failed.push({ repository, cause });
    }
  }
  const [first] = failed;
  if (first === undefined) return { merged };
  const names = failed.map(({ repository }) => repository).join(', ');
  const reason = 'their pull requests are open';
  return { merged, error: new GitopsError('remote', `Unable to merge ${names}: ${reason}`, { cause: first.cause }) };
}

const isControlPlane = ({ repository }: Deploy): boolean => repository.endsWith('/config');
