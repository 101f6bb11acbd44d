import type { getOctokit } from '@actions/github';
import { GitopsError } from '../../model/errors.ts';
import type { Call } from '../../model/ports.ts';

export type Octokit = ReturnType<typeof getOctokit>;

/**
 * Gitea's API has GitHub's form for what is used here; certificates are verified by Node (NODE_EXTRA_CA_CERTS). Loaded when it
 * is used: a step's first word would else come a tenth of a second later.
 */
export async function octokitOf(serverUrl: string, token: string): Promise<Octokit> {
  const { getOctokit } = await import('@actions/github');
  const silent = (): void => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return getOctokit(token, { baseUrl: `${serverUrl.replace(/\/*$/, '')}/api/v1`, log });
}

/** `owner/name` as the API's parameters. */
export function partsOf(repository: string): { readonly owner: string; readonly repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}

/** One request under the call's deadline and signal; its failure says what could not be done. */
export async function ask<T>(what: string, call: Call, send: (request: { signal: AbortSignal }) => Promise<T>) {
  const deadline = AbortSignal.timeout(call.timeoutMs);
  try {
    return await send({ signal: AbortSignal.any([call.signal, deadline]) });
  } catch (error) {
    const status = statusOf(error);
    const said = error instanceof Error ? error.message.split('\n')[0] : String(error);
    const reason = deadline.aborted ? `no answer within ${call.timeoutMs / 1000} s` : said;
    throw new GitopsError('remote', `Unable to ${what}: ${reason}`, {
      cause: error,
      ...(status === undefined ? {} : { status }),
    });
  }
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('status' in error)) return undefined;
  return typeof error.status === 'number' ? error.status : undefined;
}
