import type { Forge } from '../../model/forge.ts';
import { setComment } from './comment.ts';
import { ask, type Octokit, octokitOf, partsOf } from './octokit.ts';
import { openPull } from './pulls.ts';
import { cancelledCommits } from './runs.ts';
import { setStatus, statusesOf } from './status.ts';

export interface ForgeOptions {
  /** As the runner reaches it, e.g. GITHUB_SERVER_URL. */
  readonly serverUrl: string;
  readonly token: string;
}

/** Gitea by its API, or what speaks the same. */
export function connectForge({ serverUrl, token }: ForgeOptions): Forge {
  let opened: Promise<Octokit> | undefined;
  const open = (): Promise<Octokit> => {
    opened ??= octokitOf(serverUrl, token);
    return opened;
  };
  return {
    async links(repository, run, call) {
      const octokit = await open();
      const { data } = await ask(`read repository ${repository}`, call, (request) =>
        octokit.rest.repos.get({ ...partsOf(repository), request }),
      );
      const page = data.html_url.replace(/\/*$/, '');
      const base = page.endsWith(`/${repository}`) ? page.slice(0, -repository.length - 1) : serverUrl;
      const { data: server } = await ask('read the forge’s version', call, (request) =>
        octokit.request('GET /version', { request }),
      );
      return { repository: page, run: `${base}/${run.repository}/actions/runs/${runOf(run, server)}` };
    },
    setStatus: async (repository, status, call) => setStatus(await open(), repository, status, call),
    statuses: async (repository, commit, call) => statusesOf(await open(), repository, commit, call),
    cancelled: async (repository, call) => cancelledCommits(await open(), repository, call),
    openPull: async (repository, wish, call) => openPull(await open(), repository, wish, call),
    comment: async (repository, pull, comment, call) => setComment(await open(), repository, pull, comment, call),
  };
}

/** Gitea's pages of runs have the repository's own number up to 1.25, and the id from 1.26 on. */
function runOf(run: { readonly id: string; readonly number: string }, server: unknown): string {
  const { version = '' } = typeof server === 'object' && server !== null ? (server as { version?: string }) : {};
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return major === '1' && Number(minor) < 26 ? run.number : run.id;
}
